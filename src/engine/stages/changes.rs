//! What a change of settings means for what a run directory holds, in one line.

use super::arrange::Came;

/// The stages, by what became of what was there.
#[derive(Default)]
pub(super) struct Changes {
    kept: Vec<String>,
    renamed: Vec<String>,
    back: Vec<String>,
    anew: Vec<String>,
    /// Names of folders that were moved aside.
    aside: Vec<String>,
    unknown: bool,
    changed: bool,
    /// What has changed of each, and what follows.
    why: Vec<String>,
}

impl Changes {
    /// Takes note of one stage.
    pub fn add(&mut self, stage: &str, came: Came, why: Option<String>) {
        let name = format!("`{stage}`");
        self.why.extend(why.map(|why| format!("{stage} · {why}")));
        let (aside, back) = match came {
            Came::New => return,
            Came::Kept => return self.kept.push(name),
            Came::Renamed { from } => {
                return self.renamed.push(format!("{name} (was `{from}`)"));
            }
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

    /// What there is to say: one line of all, then one of each stage that is made anew.
    pub fn lines(&self) -> Vec<String> {
        self.line().into_iter().chain(self.why.clone()).collect()
    }

    fn line(&self) -> Option<String> {
        let why = match (self.changed, self.unknown) {
            (false, false) if self.renamed.is_empty() => return None,
            (false, false) => "names changed",
            (true, _) => "settings changed",
            (false, true) => "a stage does not say which settings it belongs to",
        };
        let mut parts = Vec::new();
        for (names, what) in [
            (&self.kept, "kept"),
            (&self.renamed, "kept"),
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
        changes.add("pre", Came::Kept, None);
        changes.add("fresh", Came::New, None);
        assert_eq!(changes.lines(), Vec::<String>::new());
        changes.add(
            "knn",
            Came::Changed {
                aside: Some("knn~01234567".into()),
                back: false,
            },
            Some("`k` was 5, is 6: runs anew".into()),
        );
        changes.add(
            "probe",
            Came::Changed {
                aside: Some("probe~89abcdef".into()),
                back: true,
            },
            None,
        );
        let renamed = Came::Renamed { from: "old".into() };
        changes.add("new", renamed.clone(), None);
        assert_eq!(
            changes.lines(),
            [
                "settings changed: `pre` kept; `new` (was `old`) kept; `probe` taken back from an earlier run with these \
                 settings; `knn` made anew; what was there stays in stages/knn~01234567 and stages/probe~89abcdef",
                "knn · `k` was 5, is 6: runs anew",
            ]
        );
        let mut changes = Changes::default();
        changes.add("new", renamed, None);
        assert_eq!(changes.lines(), ["names changed: `new` (was `old`) kept"]);
    }
}
