//! What a change of settings means for what a run directory holds, in one line.

use super::directory::Came;

/// The stages, by what became of what was there.
#[derive(Default)]
pub(super) struct Changes {
    kept: Vec<String>,
    back: Vec<String>,
    anew: Vec<String>,
    /// Names of folders that were moved aside.
    aside: Vec<String>,
    unknown: bool,
    changed: bool,
}

impl Changes {
    /// Takes note of one stage.
    pub fn add(&mut self, stage: &str, came: Came) {
        let name = format!("`{stage}`");
        let (aside, back) = match came {
            Came::New => return,
            Came::Kept => return self.kept.push(name),
            Came::Changed { aside, back } => {
                self.changed = true;
                (aside, back)
            }
            Came::Unknown { aside, back } => {
                self.unknown = true;
                (Some(aside), back)
            }
        };
        match back {
            true => self.back.push(name),
            false => self.anew.push(name),
        }
        self.aside
            .extend(aside.map(|aside| format!("stages/{aside}")));
    }

    /// The line, where there is something to say.
    pub fn line(&self) -> Option<String> {
        let why = match (self.changed, self.unknown) {
            (false, false) => return None,
            (true, _) => "settings changed",
            (false, true) => "a stage does not say which settings it belongs to",
        };
        let mut parts = Vec::new();
        for (names, what) in [
            (&self.kept, "kept"),
            (
                &self.back,
                "taken back from an earlier run with these settings",
            ),
            (&self.anew, "made anew"),
        ] {
            if !names.is_empty() {
                parts.push(format!("{} {what}", list(names)));
            }
        }
        if !self.aside.is_empty() {
            parts.push(format!("what was there stays in {}", list(&self.aside)));
        }
        Some(format!("{why}: {}", parts.join("; ")))
    }
}

/// `a, b and c`
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_says_what_becomes_of_each_stage() {
        let mut changes = Changes::default();
        changes.add("pre", Came::Kept);
        changes.add("fresh", Came::New);
        assert_eq!(changes.line(), None);
        changes.add(
            "knn",
            Came::Changed {
                aside: Some("knn~01234567".into()),
                back: false,
            },
        );
        changes.add(
            "probe",
            Came::Changed {
                aside: Some("probe~89abcdef".into()),
                back: true,
            },
        );
        assert_eq!(
            changes.line().as_deref(),
            Some(
                "settings changed: `pre` kept; `probe` taken back from an earlier run with these settings; `knn` made anew; \
                 what was there stays in stages/knn~01234567 and stages/probe~89abcdef"
            )
        );
    }
}
