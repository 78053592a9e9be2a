//! `"{scene}/{camera}"`: what parts of a file's path are called.

/// A part that a pattern may name.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    /// As it stands in braces.
    pub name: &'static str,
    /// It may be of several folders, or of nothing.
    pub folders: bool,
    /// It takes as much as it can, not as little.
    pub most: bool,
}

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    /// The part of this number.
    Part(usize),
    /// Any text without a folder, of no meaning.
    Anything,
}

/// How paths are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    parts: &'static [Part],
}

/// Bytes of a path that is looked at.
const LONGEST: usize = 512;
/// Pieces of a pattern.
const MOST: usize = 100;

impl Pattern {
    /// `*` and `{}` stand for anything.
    ///
    /// # Errors
    /// It names a part twice, or something that is none.
    pub fn parse(text: &str, parts: &'static [Part]) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let part = parts.iter().enumerate().find_map(|(at, part)| {
                let inner = rest.strip_prefix('{')?.strip_prefix(part.name)?;
                Some((Piece::Part(at), inner.strip_prefix('}')?))
            });
            let anything = || {
                let after = rest.strip_prefix('*').or_else(|| rest.strip_prefix("{}"))?;
                Some((Piece::Anything, after))
            };
            let (piece, after) = match part.or_else(anything) {
                Some(found) => found,
                None => {
                    let end = rest.find(['{', '*']).unwrap_or(rest.len());
                    if end == 0 {
                        return Err(format!("a pattern has {}, `*` and text", listed(parts)));
                    }
                    (Piece::Text(rest[..end].to_owned()), &rest[end..])
                }
            };
            pieces.push(piece);
            rest = after;
            if pieces.len() > MOST {
                return Err(format!("a pattern has {MOST} parts at most"));
            }
        }
        let pattern = Self { pieces, parts };
        match (0..parts.len()).find(|at| pattern.times(&Piece::Part(*at)) > 1) {
            Some(at) => Err(format!("`{{{}}}` stands in a pattern once", parts[at].name)),
            None => Ok(pattern),
        }
    }

    fn times(&self, wanted: &Piece) -> usize {
        self.pieces.iter().filter(|piece| *piece == wanted).count()
    }

    /// Whether it names a part.
    pub fn names(&self, name: &str) -> bool {
        let at = self.parts.iter().position(|part| part.name == name);
        at.is_some_and(|at| self.times(&Piece::Part(at)) > 0)
    }

    /// How often it says that anything may stand.
    pub fn anything(&self) -> usize {
        self.times(&Piece::Anything)
    }

    /// How many folders it has.
    pub fn folders(&self) -> usize {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.matches('/').count(),
            _ => 0,
        });
        texts.sum()
    }

    /// What a path says of each part, with `/` between folders; `None` of a part that the pattern does not name.
    pub fn read<'t>(&self, path: &'t str) -> Option<Vec<Option<&'t str>>> {
        if path.len() > LONGEST {
            return None;
        }
        let mut reader = Reader {
            of: self,
            path,
            // what was tried from a place does not depend on what stands before it
            failed: vec![false; (self.pieces.len() + 1) * (path.len() + 1)],
            found: vec![None; self.parts.len()],
        };
        reader.matches(0, 0).then_some(reader.found)
    }
}

fn listed(parts: &[Part]) -> String {
    let names = parts.iter().map(|part| format!("`{{{}}}`", part.name));
    names.collect::<Vec<_>>().join(", ")
}

struct Reader<'p, 't> {
    of: &'p Pattern,
    path: &'t str,
    failed: Vec<bool>,
    found: Vec<Option<&'t str>>,
}

impl Reader<'_, '_> {
    /// Whether the pieces from a number on make up the path from a byte on.
    fn matches(&mut self, piece: usize, from: usize) -> bool {
        let rest = &self.path[from..];
        let Some(own) = self.of.pieces.get(piece) else {
            return rest.is_empty();
        };
        let known = piece * (self.path.len() + 1) + from;
        if self.failed[known] {
            return false;
        }
        let is = match own {
            Piece::Text(text) => {
                rest.starts_with(text.as_str()) && self.matches(piece + 1, from + text.len())
            }
            Piece::Part(at) => self.takes(piece, from, Some(*at)),
            Piece::Anything => self.takes(piece, from, None),
        };
        self.failed[known] = !is;
        is
    }

    /// The same where the first of them takes some of the path.
    fn takes(&mut self, piece: usize, from: usize, part: Option<usize>) -> bool {
        let path = self.path;
        let rest = &path[from..];
        let own = part.map(|at| &self.of.parts[at]);
        let folders = own.is_some_and(|part| part.folders);
        let end = match folders {
            true => rest.len(),
            false => rest.find('/').unwrap_or(rest.len()),
        };
        let ends = rest[..end].char_indices().map(|(at, _)| at).chain([end]);
        let mut ends: Vec<usize> = ends.collect();
        if own.is_some_and(|part| !part.folders) {
            ends.retain(|end| *end > 0);
        }
        if own.is_some_and(|part| part.most) {
            ends.reverse();
        }
        for end in ends {
            if self.matches(piece + 1, from + end) {
                if let Some(at) = part {
                    self.found[at] = Some(&path[from..from + end]);
                }
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &[Part] = &[
        Part {
            name: "a",
            folders: false,
            most: true,
        },
        Part {
            name: "b",
            folders: true,
            most: false,
        },
    ];

    fn read(pattern: &str, path: &str) -> Option<Vec<Option<String>>> {
        let pattern = Pattern::parse(pattern, PARTS).unwrap();
        let found = pattern.read(path)?;
        Some(
            found
                .into_iter()
                .map(|own| own.map(str::to_owned))
                .collect(),
        )
    }

    #[test]
    fn parts_take_as_much_or_as_little_as_they_say() {
        let of = |a: &str| Some(vec![Some(a.to_owned()), None]);
        assert_eq!(read("{a}_*", "great_dane_12"), of("great_dane"));
        assert_eq!(read("{a}_{}_{}", "great_dane_12"), of("great"));
        assert_eq!(read("*-{a}.x", "1-é.x"), of("é"));
        let both = |a: &str, b: &str| Some(vec![Some(a.to_owned()), Some(b.to_owned())]);
        assert_eq!(read("{b}/{a}", "x/y/z"), both("z", "x/y"));
        for (pattern, path) in [
            ("{a}_*", "_1"),
            ("{a}/x", "a/b/x"),
            ("{a}", &"x".repeat(513)),
        ] {
            assert_eq!(read(pattern, path), None, "{pattern}");
        }
    }

    #[test]
    fn what_can_not_match_is_soon_known() {
        let pattern = "*".repeat(64) + "{a}!";
        assert_eq!(read(&pattern, &"x".repeat(500)), None);
    }

    #[test]
    fn a_pattern_names_its_parts_once() {
        for text in ["{a}{a}", "{c}", "{a", "}{"] {
            assert!(Pattern::parse(text, PARTS).is_err(), "{text}");
        }
        let pattern = Pattern::parse("x/{b}/*", PARTS).unwrap();
        assert!(pattern.names("b") && !pattern.names("a"));
        assert_eq!((pattern.anything(), pattern.folders()), (1, 2));
    }
}
