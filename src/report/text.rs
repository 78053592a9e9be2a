//! Plain text in columns.

/// Which side a column is flush with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// Columns on a terminal; every character counts as one.
pub(crate) fn width(text: &str) -> usize {
    text.chars().count()
}

/// Breaks text into lines of at most `limit` characters, at spaces where there are any. Never empty.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        if !line.is_empty() && width(&line) + 1 + width(rest) > limit {
            lines.push(std::mem::take(&mut line));
        }
        while width(rest) > limit {
            let cut = rest
                .char_indices()
                .nth(limit)
                .map_or(rest.len(), |(at, _)| at);
            lines.push(rest[..cut].to_owned());
            rest = &rest[cut..];
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(rest);
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Rows of cells as aligned lines, two spaces between columns and none at the ends of lines. A cell may hold
/// several lines.
pub(crate) fn columns(rows: &[Vec<Vec<String>>], sides: &[Side]) -> String {
    let widths: Vec<usize> = (0..sides.len())
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column)).flatten();
            cells.map(|line| width(line)).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in rows {
        let height = row.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..height {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let text = cell.get(at).map_or("", String::as_str);
                let pad = " ".repeat(widths[column].saturating_sub(width(text)));
                if column > 0 {
                    line.push_str("  ");
                }
                match sides[column] {
                    Side::Left => line.extend([text, &pad]),
                    Side::Right => line.extend([pad.as_str(), text]),
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_spaces_and_cuts_words_that_are_too_long() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("äöü äöü", 3), ["äöü", "äöü"]);
    }

    #[test]
    fn columns_align_with_several_lines_in_a_cell() {
        let cell = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
        let rows = vec![
            vec![cell("a"), cell("one|two"), cell("5")],
            vec![cell("bcd"), cell("x"), cell("10")],
        ];
        assert_eq!(
            columns(&rows, &[Side::Left, Side::Left, Side::Right]),
            "a    one   5\n     two\nbcd  x    10\n"
        );
    }
}
