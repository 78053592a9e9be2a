//! Words behind which a point ends no sentence.

/// Before a name, where they begin with a capital.
const TITLES: &[&str] = &[
    "adm", "atty", "brig", "capt", "cmdr", "col", "cpl", "det", "dr", "fr", "ft", "gen", "gov",
    "hon", "hr", "insp", "lt", "maj", "messrs", "mlle", "mme", "mr", "mrs", "ms", "mt", "mx",
    "pfc", "pres", "prof", "pvt", "rep", "rev", "sen", "sgt", "st", "ste", "supt",
];

/// Never at the end.
const INNER: &[&str] = &[
    "bzw", "ca", "cf", "e.g", "eg", "esp", "i.e", "ie", "incl", "resp", "sog", "viz", "vs",
];

/// Before a number.
const NUMBERED: &[&str] = &[
    "al", "app", "approx", "apr", "art", "aug", "ch", "chap", "dec", "eq", "eqs", "est", "ex",
    "ext", "feb", "fig", "figs", "jan", "jul", "jun", "mar", "no", "nos", "nov", "nr", "oct", "op",
    "p", "para", "pp", "pt", "ref", "refs", "sec", "sect", "sep", "sept", "tab", "tel", "v", "ver",
    "vol", "vols",
];

/// In a sentence or at its end.
const EITHER: &[&str] = &[
    "al", "assn", "ave", "blvd", "bros", "co", "corp", "cos", "dept", "est", "hwy", "inc", "jr",
    "ltd", "pty", "sr", "univ",
];

/// Words that begin a sentence far more often than a name.
const STARTERS: &[&str] = &[
    "a", "after", "all", "also", "although", "an", "and", "as", "at", "because", "but", "by",
    "during", "each", "for", "from", "he", "her", "his", "how", "however", "i", "if", "in", "it",
    "its", "many", "most", "my", "no", "not", "now", "on", "one", "our", "she", "since", "so",
    "some", "such", "that", "the", "their", "then", "there", "these", "they", "this", "those",
    "though", "to", "under", "we", "what", "when", "where", "while", "who", "why", "with", "yet",
    "you",
];

/// Whether the last word of `before`, whose point follows it, is short for another and goes on with `following`, which begins with a
/// letter or digit.
pub(super) fn is_short(before: &str, following: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or(before);
    let word = word.rsplit(['-', '–', '—', '/', '(', '[']);
    let word = word.into_iter().next().unwrap_or_default();
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    let (Some(first), Some(next)) = (word.chars().next(), following.chars().next()) else {
        // a mark that stands alone is one
        return false;
    };
    // `3. Then` numbers an item of a list
    if word.len() <= 3 && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return before.trim() == word;
    }
    let lower = word.to_lowercase();
    let is_in = |list: &[&str]| list.contains(&lower.as_str());
    // `MS` and `IE` are none of them
    let shouted = word.chars().skip(1).any(char::is_uppercase);
    let title = first.is_uppercase() && is_in(TITLES);
    if !shouted && (title || is_in(INNER)) || next.is_numeric() && is_in(NUMBERED) {
        return true;
    }
    let starts = || {
        let end = following.find(|c: char| !c.is_alphabetic());
        let (next, rest) = following.split_at(end.unwrap_or(following.len()));
        // of `A. A. Milne` no `A` is an article
        !rest.starts_with('.') && STARTERS.contains(&next.to_lowercase().as_str())
    };
    (is_dotted(word) || is_in(EITHER)) && !starts()
}

/// Whether a word is an initial, or letters with points between them: `J`, `U.S`, `Ph.D`, `a.m`.
fn is_dotted(word: &str) -> bool {
    let mut parts = word.split('.');
    let one = |part: &str| {
        let n = part.chars().count();
        (1..=2).contains(&n) && part.chars().all(char::is_alphabetic)
    };
    match word.contains('.') {
        true => parts.all(one),
        false => one(word) && word.chars().count() == 1 && word.chars().all(char::is_uppercase),
    }
}
