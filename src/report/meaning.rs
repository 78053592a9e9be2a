//! What a stage means, as it stands in its folder of a run directory: so that what has changed can be told before it runs again, and
//! how two runs differ.

use serde::{Deserialize, Serialize};

use crate::files::Folder;

/// Its name in a stage's folder.
pub const MEANING: &str = "meaning.json";
/// Most bytes of it.
const LARGEST: u64 = 4 << 20;
/// Most changes that are told one by one.
const TOLD: usize = 3;

/// All that a stage's content hash is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// What decides the result in the recipe: paths with values.
    pub settings: Vec<(String, String)>,
    /// The data: the field, as the recipe writes it, its manifest.
    pub data: Vec<(String, String, String)>,
    /// The stages whose results it takes, as they were called, with their content hashes.
    pub inputs: Vec<(String, String)>,
}

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What: `optimizer.rate`, `data`, the name of a stage whose result is taken.
    pub path: String,
    /// What it was; none where it was not there.
    pub was: Option<String>,
    /// What it is; none where it is no more.
    pub is: Option<String>,
    /// In words: "`batch` was 16, is 32".
    #[serde(skip)]
    pub text: String,
}

impl Recorded {
    /// What a stage's folder says; `None` where it says nothing that can be read.
    pub fn read(folder: &Folder) -> Option<Self> {
        let bytes = folder.read(MEANING, LARGEST).ok()?;
        let found: Self = serde_json::from_slice(&bytes).ok()?;
        // the words go to a terminal
        let plain = |text: &String| !text.chars().any(char::is_control);
        let settings = found
            .settings
            .iter()
            .flat_map(|(path, value)| [path, value]);
        let data = found.data.iter().flat_map(|(field, text, _)| [field, text]);
        let inputs = found.inputs.iter().map(|(name, _)| name);
        let sound = settings.chain(data).chain(inputs).all(plain);
        sound.then_some(found)
    }

    /// What has changed since `former`, in the order of the stage.
    pub fn changes(&self, former: &Self) -> Vec<Change> {
        let mut found = Vec::new();
        let change = |path: &str, was: Option<&str>, is: Option<&str>, text: String| Change {
            path: path.to_owned(),
            was: was.map(str::to_owned),
            is: is.map(str::to_owned),
            text,
        };
        let value = |of: &Self, path: &str| -> Option<String> {
            let mut all = of.settings.iter();
            all.find(|(own, _)| own == path)
                .map(|(_, value)| value.clone())
        };
        for (path, now) in &self.settings {
            match value(former, path) {
                Some(was) if was == *now => {}
                Some(was) => {
                    let text = format!("`{path}` was {was}, is {now}");
                    found.push(change(path, Some(&was), Some(now), text));
                }
                None => {
                    let text = format!("`{path}` was not there, is {now}");
                    found.push(change(path, None, Some(now), text));
                }
            }
        }
        for (path, was) in &former.settings {
            if value(self, path).is_none() {
                let text = format!("`{path}` was {was}, is no more");
                found.push(change(path, Some(was), None, text));
            }
        }
        for (at, (field, text, manifest)) in self.data.iter().enumerate() {
            match former.data.get(at) {
                Some((_, _, was)) if was == manifest => {}
                Some((_, was, _)) if was != text => {
                    let said = format!("`{field}` was {was}, is {text}");
                    found.push(change(field, Some(was), Some(text), said));
                }
                _ => {
                    let said = format!("the records of `{text}` are others");
                    found.push(change(field, Some(text), Some(text), said));
                }
            }
        }
        for (at, (name, hash)) in self.inputs.iter().enumerate() {
            if former.inputs.get(at).is_none_or(|(_, was)| was != hash) {
                let was = former.inputs.get(at).map(|(name, _)| name.as_str());
                let text = format!("`{name}` is another");
                found.push(change(name, was, Some(name), text));
            }
        }
        found
    }
}

/// How a stage of one recipe differs from its like in another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageDifference {
    /// What it is called; where it is only in the former recipe, what it was called there.
    pub stage: String,
    /// What its like is called in the former recipe; none where it has none.
    pub was: Option<String>,
    /// Whether it is there.
    pub is_there: bool,
    /// What of it has changed.
    pub changes: Vec<Change>,
}

impl StageDifference {
    /// Whether it means something else, whatever it is called.
    pub fn is_of_meaning(&self) -> bool {
        !self.is_there || self.was.is_none() || !self.changes.is_empty()
    }

    /// The difference in words.
    pub fn lines(&self) -> Vec<String> {
        let stage = &self.stage;
        match &self.was {
            None => vec![format!("`{stage}` is new")],
            Some(_) if !self.is_there => vec![format!("`{stage}` is no more")],
            Some(was) => {
                let renamed = (was != stage).then(|| format!("`{stage}` was called `{was}`"));
                let changes = self.changes.iter();
                let changes = changes.map(|change| format!("{stage}: {}", change.text));
                renamed.into_iter().chain(changes).collect()
            }
        }
    }
}

/// How the stages `now` differ from the stages `former`, each with its name, in meaning: first like names of like meaning find each
/// other, then like meanings, then like names.
pub fn differences(
    former: &[(String, Recorded)],
    now: &[(String, Recorded)],
) -> Vec<StageDifference> {
    let mut like: Vec<Option<usize>> = vec![None; now.len()];
    type Like = fn(&(String, Recorded), &(String, Recorded)) -> bool;
    let rules: [Like; 3] = [
        |a, b| a.0 == b.0 && a.1.settings == b.1.settings,
        |a, b| a.1.settings == b.1.settings,
        |a, b| a.0 == b.0,
    ];
    for rule in rules {
        for (at, stage) in now.iter().enumerate() {
            if like[at].is_none() {
                let free = |index: &usize| !like.contains(&Some(*index));
                let found = (0..former.len()).filter(free);
                like[at] = found.into_iter().find(|index| rule(&former[*index], stage));
            }
        }
    }
    // what a stage of the former recipe is called now
    let called = |name: &str| {
        let at = former.iter().position(|(own, _)| own == name)?;
        let at = like.iter().position(|like| *like == Some(at))?;
        Some(now[at].0.as_str())
    };
    let mut found = Vec::new();
    for ((name, means), like) in now.iter().zip(&like) {
        let Some((was, before)) = like.map(|like| &former[like]) else {
            found.push(StageDifference {
                stage: name.clone(),
                was: None,
                is_there: true,
                changes: Vec::new(),
            });
            continue;
        };
        let [mut own, mut other] = [means.clone(), before.clone()];
        let unknown = |means: &Recorded| {
            means
                .data
                .iter()
                .any(|(_, _, manifest)| manifest.is_empty())
        };
        if unknown(&own) || unknown(&other) || own.data.len() != other.data.len() {
            // the recipe says what is read
            own.data.clear();
            other.data.clear();
        }
        let inputs = own.inputs.iter().zip(&other.inputs);
        let others: Vec<Change> = inputs
            .filter(|((is, _), (was, _))| called(was) != Some(is.as_str()))
            .map(|((is, _), (was, _))| Change {
                path: "from".to_owned(),
                was: Some(was.clone()),
                is: Some(is.clone()),
                text: format!("`from` was {was}, is {is}"),
            })
            .collect();
        own.inputs.clear();
        other.inputs.clear();
        let mut changes = own.changes(&other);
        changes.extend(others);
        if !changes.is_empty() || was != name {
            found.push(StageDifference {
                stage: name.clone(),
                was: Some(was.clone()),
                is_there: true,
                changes,
            });
        }
    }
    for (at, (name, _)) in former.iter().enumerate() {
        if !like.contains(&Some(at)) {
            found.push(StageDifference {
                stage: name.clone(),
                was: Some(name.clone()),
                is_there: false,
                changes: Vec::new(),
            });
        }
    }
    found
}

/// What the stages of a run directory mean, by their names; `named` says which there are, in order. Empty where it says nothing.
pub fn recorded(run: &Folder, named: &[String]) -> Vec<(String, Recorded)> {
    let Ok(stages) = run.folder("stages") else {
        return Vec::new();
    };
    let found = named.iter().filter_map(|name| {
        let means = Recorded::read(&stages.folder(name).ok()?)?;
        Some((name.clone(), means))
    });
    found.collect()
}

/// The changes in words, the first few one by one.
pub fn told(changes: &[Change]) -> String {
    // of a value that went with all that stood in it, the value is enough
    let tops = changes.iter().enumerate().filter(|(at, change)| {
        let above = changes[..*at].iter().find(|other| {
            let rest = change.path.strip_prefix(other.path.as_str());
            rest.is_some_and(|rest| rest.starts_with('.'))
        });
        above.is_none()
    });
    let texts: Vec<&str> = tops.map(|(_, change)| change.text.as_str()).collect();
    match texts.len() {
        0 => "something of it that is not written down is another".to_owned(),
        n if n <= TOLD => texts.join("; "),
        n => format!("{}; and {} more", texts[..TOLD].join("; "), n - TOLD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(settings: &[(&str, &str)], manifest: &str, input: &str) -> Recorded {
        let settings = settings.iter();
        Recorded {
            settings: settings
                .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
                .collect(),
            data: vec![("data".into(), "f.train".into(), manifest.into())],
            inputs: vec![("pre".into(), input.into())],
        }
    }

    #[test]
    fn stages_find_their_like() {
        let stage = |name: &str, k: &str, input: &str| {
            let mut means = recorded(&[("calls", "knn"), ("k", k)], "", "1");
            means.inputs[0].0 = input.to_owned();
            (name.to_owned(), means)
        };
        let former = [
            stage("near", "5", "pre"),
            stage("far", "50", "pre"),
            stage("gone", "9", "pre"),
        ];
        let now = [
            stage("near", "6", "pre"),
            stage("wide", "50", "pre"),
            stage("new", "7", "pre"),
        ];
        // `pre` is the same stage in both
        let pre = ("pre".to_owned(), recorded(&[("calls", "simclr")], "", "0"));
        let with = |stages: &[(String, Recorded)]| -> Vec<(String, Recorded)> {
            std::iter::once(pre.clone())
                .chain(stages.iter().cloned())
                .collect()
        };
        let found = differences(&with(&former), &with(&now));
        let lines: Vec<String> = found.iter().flat_map(StageDifference::lines).collect();
        assert_eq!(
            lines,
            [
                "near: `k` was 5, is 6",
                "`wide` was called `far`",
                "`new` is new",
                "`gone` is no more",
            ]
        );
        let of_meaning: Vec<bool> = found.iter().map(StageDifference::is_of_meaning).collect();
        assert_eq!(of_meaning, [true, false, true, true]);
        assert!(differences(&with(&now), &with(&now)).is_empty());
    }

    #[test]
    fn what_changed_is_told_with_both_values() {
        let was = recorded(
            &[
                ("batch", "16"),
                ("optimizer", "sgd"),
                ("optimizer.momentum", "0.9"),
            ],
            "m",
            "1",
        );
        let is = recorded(
            &[
                ("batch", "32"),
                ("optimizer", "adamw"),
                ("optimizer.rate", "0.1"),
            ],
            "m",
            "1",
        );
        let changes = is.changes(&was);
        assert_eq!(
            told(&changes),
            "`batch` was 16, is 32; `optimizer` was sgd, is adamw"
        );
        let longer = [("length", "3 epochs"), ("length", "4 epochs")];
        let [a, b] = longer.map(|field| recorded(&[field], "m", "1"));
        let changes = b.changes(&a);
        assert_eq!(told(&changes), "`length` was 3 epochs, is 4 epochs");
        assert_eq!(changes[0].path, "length");
        let other = recorded(&[("length", "4 epochs")], "n", "2");
        assert_eq!(
            told(&other.changes(&b)),
            "the records of `f.train` are others; `pre` is another"
        );
        assert!(other.changes(&other).is_empty());
    }
}
