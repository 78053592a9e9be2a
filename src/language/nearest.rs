//! The name that was probably meant.

/// The candidate nearest to `word` by edits (insertion, deletion, substitution, swap of neighbours), if it is near enough
/// to be a slip: at most a third of the longer word, at least one. The first of equals.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // nobody mistypes a name of hundreds of letters, and the distance is quadratic
    if word.is_empty() || word.len() > 64 {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > 64 || candidate == word {
            continue;
        }
        let allowed = (word.chars().count().max(candidate.chars().count()) / 3).max(1);
        let distance = distance(word, candidate);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance, letter case ignored.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().map(|c| c.to_ascii_lowercase()).collect();
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("batch", "bacth"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("Adam", "adam"), 0);
    }

    #[test]
    fn only_slips_are_near() {
        let names = ["mask_ratio", "batch", "k"];
        assert_eq!(nearest("mask_ration", names), Some("mask_ratio"));
        assert_eq!(nearest("zebra", names), None);
        assert_eq!(nearest("kk", names), Some("k"));
        assert_eq!(nearest("", names), None);
    }
}
