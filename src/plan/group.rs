//! Parameter groups: which parameters a pattern means.

/// Settings for the parameters whose names match a pattern. Groups are read in order; a later one wins where two set
/// the same thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `*.bias`, `encoder.*`: `*` is any text, `?` any character; dots and slashes are the same.
    pub pattern: String,
    /// Weight decay instead of the optimiser's. Given to a one-dimensional parameter, LARS scales that too.
    pub decay: Option<f64>,
    /// Factor on the learning rate; 0 freezes: no gradient is computed.
    pub rate: Option<f64>,
}

impl Group {
    /// Parameters that never move.
    pub fn still(pattern: &str) -> Self {
        Self {
            pattern: pattern.to_owned(),
            decay: None,
            rate: Some(0.0),
        }
    }

    /// Whether the pattern is of this whole name.
    pub fn covers(&self, name: &str) -> bool {
        matches(&self.pattern, name)
    }
}

/// Whether the whole name matches the pattern.
fn matches(pattern: &str, name: &str) -> bool {
    let same = |p: u8, n: u8| p == n || p == b'?' || (b"./".contains(&p) && b"./".contains(&n));
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    // where the last `*` stands and what it has swallowed
    let (mut p, mut n, mut star, mut swallowed) = (0, 0, None, 0);
    while n < name.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some(p);
            swallowed = n;
            p += 1;
        } else if p < pattern.len() && same(pattern[p], name[n]) {
            p += 1;
            n += 1;
        } else if let Some(at) = star {
            swallowed += 1;
            p = at + 1;
            n = swallowed;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        assert!(matches("*.bias", "encoder/conv1/bias"));
        assert!(!matches("*.bias", "encoder/conv1/bias/x"));
        assert!(matches("encoder.*", "encoder/layer1/0/conv1/weight"));
        assert!(!matches("encoder.*", "my/encoder/conv1/weight"));
        assert!(matches("*layer?.*weight", "encoder/layer3/0/conv1/weight"));
        assert!(matches("*", ""));
        assert!(!matches("", "x"));
        assert!(matches("a*b*c", "a/b/b/c"));
    }
}
