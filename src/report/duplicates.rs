//! Pairs of records that are nearly the same, as a table and as csv.

use super::nearest::Shown;

/// Two records that are nearly the same.
pub struct Duplicate {
    /// Cosine of their features.
    pub similarity: f32,
    /// Correlation of their pixels in small, where they are pictures.
    pub pixels: Option<f32>,
    /// The one.
    pub a: Shown,
    /// The other.
    pub b: Shown,
    /// The data that the one is of: `cifar.train`.
    pub of_a: String,
    /// The same of the other.
    pub of_b: String,
}

const HEAD: [&str; 10] = [
    "similarity",
    "pixels",
    "data_a",
    "path_a",
    "id_a",
    "label_a",
    "data_b",
    "path_b",
    "id_b",
    "label_b",
];

fn pixels(pair: &Duplicate) -> String {
    pair.pixels.map_or(String::new(), |x| format!("{x:.3}"))
}

/// RFC 4180, a pair a line.
pub fn csv(pairs: &[Duplicate]) -> Vec<u8> {
    let mut out = csv::Writer::from_writer(Vec::new());
    // a Vec takes any
    let _ = out.write_record(HEAD);
    for pair in pairs {
        let own = |shown: &Shown| {
            [
                shown.dataset.origin(shown.index).unwrap_or_default(),
                shown.dataset.id(shown.index).to_string(),
                shown.class().unwrap_or_default(),
            ]
        };
        let first = [format!("{:.6}", pair.similarity), pixels(pair)];
        let cells = first.into_iter();
        let cells = cells.chain([pair.of_a.clone()]).chain(own(&pair.a));
        let cells = cells.chain([pair.of_b.clone()]).chain(own(&pair.b));
        let _ = out.write_record(cells.collect::<Vec<_>>());
    }
    out.into_inner().unwrap_or_default()
}

/// Letters of a name in the table.
const LETTERS: usize = 40;

/// The end of a name, which says more than its beginning.
fn end(name: &str) -> String {
    let letters = name.chars().count();
    match letters.checked_sub(LETTERS) {
        Some(over) if over > 0 => "..".chars().chain(name.chars().skip(over + 2)).collect(),
        _ => name.to_owned(),
    }
}

/// The same for a terminal: each record with its data, its name and its class.
pub fn table(pairs: &[Duplicate]) -> String {
    let own = |of: &str, shown: &Shown| {
        let class = shown
            .class()
            .map_or(String::new(), |class| format!(" ({class})"));
        format!("{of} {}{class}", end(&shown.name()))
    };
    let mut rows = vec![["similarity", "pixels", "one", "other"].map(str::to_owned)];
    rows.extend(pairs.iter().map(|pair| {
        [
            format!("{:.4}", pair.similarity),
            pixels(pair),
            own(&pair.of_a, &pair.a),
            own(&pair.of_b, &pair.b),
        ]
    }));
    let widths: Vec<usize> = (0..3)
        .map(|at| {
            rows.iter()
                .map(|row| row[at].chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let lines = rows.iter().map(|row| {
        let [similarity, pixels, one, other] = row;
        let rest = widths[2].saturating_sub(one.chars().count());
        format!(
            "{similarity:<0$}  {pixels:<1$}  {one}{2}  {other}",
            widths[0],
            widths[1],
            " ".repeat(rest)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_at_their_beginning() {
        assert_eq!(end("cat/1.png"), "cat/1.png");
        let long = "a".repeat(50) + "/1.png";
        assert_eq!(end(&long), format!("..{}/1.png", "a".repeat(32)));
        assert_eq!(end(&long).len(), LETTERS);
    }
}
