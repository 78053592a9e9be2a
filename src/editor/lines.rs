//! Places of a text as an editor counts them: lines, and in them the units of UTF-16.

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines {
    /// First byte of each line.
    starts: Vec<usize>,
}

/// A place: line and UTF-16 unit in it, both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// Units of UTF-16 before it in the line.
    pub unit: u32,
}

impl Lines {
    /// Of `text`. A line ends with `\n`, `\r\n` or `\r`.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\n' || *byte == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at + 1);
            }
        }
        Self { starts }
    }

    /// The place of a byte; of one inside a character, of that character.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = &text[self.starts[line]..offset];
        Position {
            line: line as u32,
            unit: before.chars().map(|c| c.len_utf16() as u32).sum(),
        }
    }

    /// The byte of a place. What lies behind the end of a line is its end, behind the last line the end of the text; what lies inside
    /// a character is where that begins.
    pub fn offset(&self, text: &str, at: Position) -> usize {
        let Some(start) = self.starts.get(at.line as usize) else {
            return text.len();
        };
        let mut left = at.unit;
        let mut offset = *start;
        for c in text[*start..].chars() {
            let units = c.len_utf16() as u32;
            if left < units || matches!(c, '\n' | '\r') {
                break;
            }
            left -= units;
            offset += c.len_utf8();
        }
        offset
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The bytes of a line, its end included.
    pub fn bytes(&self, text: &str, line: usize) -> std::ops::Range<usize> {
        let end = |line: usize| self.starts.get(line).copied().unwrap_or(text.len());
        end(line)..end(line + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_found_again() {
        let text = "ssl 1\r\n// снимок 🦀 ok\rdataset a = b()\n\n";
        let lines = Lines::new(text);
        assert_eq!(lines.count(), 5);
        for (offset, _) in text.char_indices() {
            // a place between `\r` and `\n` is the end of its line
            if text[..offset].ends_with('\r') && text[offset..].starts_with('\n') {
                continue;
            }
            let at = lines.position(text, offset);
            assert_eq!(lines.offset(text, at), offset, "{at:?}");
        }
        let crab = text.find('🦀').expect("a crab");
        let at = lines.position(text, crab);
        assert_eq!(at, Position { line: 1, unit: 10 });
        // the second half of a pair
        let inside = Position { line: 1, unit: 11 };
        assert_eq!(lines.offset(text, inside), crab);
        let behind = Position { line: 1, unit: 12 };
        assert_eq!(lines.offset(text, behind), crab + 4);
    }

    #[test]
    fn places_that_are_not_there_are_ends() {
        let text = "ab\ncd";
        let lines = Lines::new(text);
        let offset = |line, unit| lines.offset(text, Position { line, unit });
        assert_eq!((offset(0, 99), offset(1, 99), offset(7, 0)), (2, 5, 5));
        assert_eq!(lines.position(text, 99), Position { line: 1, unit: 2 });
    }
}
