//! Versions of plugins, and which of them will do.

use std::fmt;

/// `0.3.1`
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version([u32; 3]);

impl Version {
    /// Reads `1`, `0.3` or `0.3.1`; what is left out is 0. What follows `-` or `+` is left alone.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.split(['-', '+']).next()?;
        let mut parts = [0; 3];
        for (place, part) in text.split('.').enumerate() {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            *parts.get_mut(place).filter(|_| digits)? = part.parse().ok()?;
        }
        Some(Self(parts))
    }

    /// Whether it will do where `wanted` is asked for: not below it, and equal in the first part that is not 0.
    pub fn satisfies(self, wanted: Version) -> bool {
        let [major, minor, _] = wanted.0;
        let same = match (major, minor) {
            (0, 0) => self.0[..2] == wanted.0[..2],
            (0, _) => self.0[..2] == wanted.0[..2],
            _ => self.0[0] == major,
        };
        same && self >= wanted
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_will_do() {
        let ok = |have: &str, want: &str| {
            Version::parse(have)
                .unwrap()
                .satisfies(Version::parse(want).unwrap())
        };
        for (have, want) in [
            ("0.3.0", "0.3"),
            ("0.3.7", "0.3"),
            ("0.3.7", "0.3.2"),
            ("1.9.4", "1.2"),
            ("1.2.0", "1"),
            ("0.0.3", "0.0.2"),
            ("2.0.0-rc1", "2"),
        ] {
            assert!(ok(have, want), "{have} for {want}");
        }
        for (have, want) in [
            ("0.4.0", "0.3"),
            ("0.2.9", "0.3"),
            ("0.3.1", "0.3.2"),
            ("2.0.0", "1.2"),
            ("1.1.9", "1.2"),
            ("1.0.0", "0.9"),
            ("0.1.0", "0.0"),
        ] {
            assert!(!ok(have, want), "{have} for {want}");
        }
        for text in ["", "a", "1.", "1.2.3.4", "1.-2", "0.3b"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
