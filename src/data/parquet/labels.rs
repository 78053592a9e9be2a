//! What the label columns of several files mean: class numbers that are the same for all of them.

use std::collections::{BTreeMap, BTreeSet};

use super::class::{Coding, Key, Values};
use super::file::PictureFile;
use crate::data::{DataError, manifest};

/// Most classes that labels may name.
pub(super) const MOST: usize = 1 << 16;

/// The classes of a data set.
#[derive(Debug, Default)]
pub(super) struct Classes {
    /// How many; `None` where nothing has a label.
    pub(super) count: Option<usize>,
    /// Empty where they have numbers only.
    pub(super) names: Vec<String>,
    /// Of each file; `None` where it has no labels.
    pub(super) codings: Vec<Option<Coding>>,
    /// What the user should know.
    pub(super) remarks: Vec<String>,
    /// Why a column that is there gives no classes.
    pub(super) why: Option<String>,
}

/// The classes that the files agree on, by name where there are names. `column` is the label's.
pub(super) fn classes(files: &[PictureFile], column: &str) -> Classes {
    let mut found = Classes {
        codings: vec![None; files.len()],
        ..Classes::default()
    };
    for file in files {
        if let Values::Unfit(why) = &file.label
            && found.why.is_none()
        {
            found.why = Some(format!(
                "column `{column}` of {} {why}",
                file.path.display()
            ));
        }
    }
    let made = match files.iter().any(|file| file.names.is_some()) {
        true => named(files, &mut found),
        false => numbered(files, column, &mut found),
    };
    if let Err(error) = made {
        found = Classes {
            codings: vec![None; files.len()],
            why: Some(error.message),
            ..Classes::default()
        };
    }
    found
}

/// At least one file names its classes: a name is one class in all files, whatever its number.
fn named(files: &[PictureFile], found: &mut Classes) -> Result<(), DataError> {
    let mut numbers: BTreeMap<String, u32> = BTreeMap::new();
    let mut names = Vec::new();
    let mut of = |name: &str| {
        *numbers.entry(name.to_owned()).or_insert_with(|| {
            names.push(name.to_owned());
            names.len() as u32 - 1
        })
    };
    let mut first: Option<Vec<u32>> = None;
    for (file, coding) in files.iter().zip(&mut found.codings) {
        if let (Some(own), Values::Numbers { .. }) = (&file.names, &file.label) {
            let map: Vec<u32> = own.iter().map(|name| of(name)).collect();
            first.get_or_insert_with(|| map.clone());
            *coding = Some(Coding::Named(map));
        }
    }
    for (file, coding) in files.iter().zip(&mut found.codings) {
        match &file.label {
            _ if coding.is_some() => {}
            Values::Numbers { .. } => {
                found.remarks.push(format!(
                    "the labels of {} are numbers without names; they are taken for those of the other files",
                    file.path.display()
                ));
                *coding = first.clone().map(Coding::Named);
            }
            Values::Words | Values::Flags => {
                let each = distinct(file)?.into_iter().map(|key| {
                    let class = match &key {
                        Key::Text(text) => of(text),
                        Key::Number(number) => of(&number.to_string()),
                    };
                    (key, class)
                });
                *coding = Some(Coding::Each(each.collect()));
            }
            Values::None | Values::Reals | Values::Unfit(_) => {}
        }
    }
    found.count = Some(names.len());
    found.names = names;
    Ok(())
}

/// No file names its classes: numbers from 0 are class numbers; of other values each is a class.
fn numbered(files: &[PictureFile], column: &str, found: &mut Classes) -> Result<(), DataError> {
    let labelled = |file: &&PictureFile| !matches!(file.label, Values::None | Values::Unfit(_));
    let all: Vec<&PictureFile> = files.iter().filter(labelled).collect();
    if all.is_empty() {
        return Ok(());
    }
    let fits = |(low, high): &(i128, i128)| *low >= -1 && *high < MOST as i128;
    // −1 and 1 may be two classes, or one class and no label
    let clear = |range: &(i128, i128)| fits(range) && *range != (-1, 1);
    let ranges: Option<Vec<(i128, i128)>> = all
        .iter()
        .filter(|file| file.rows > 0)
        .map(|file| file.range.filter(clear))
        .collect();
    let coding = match ranges {
        Some(ranges) => {
            let most = ranges.iter().map(|(_, high)| high + 1).max();
            Coding::Numbers(usize::try_from(most.unwrap_or(0)).unwrap_or(0))
        }
        None => {
            let mut values: BTreeSet<Key> = BTreeSet::new();
            for file in &all {
                values.extend(distinct(file)?);
            }
            if values.len() > MOST {
                return Err(many(column));
            }
            of_values(values)
        }
    };
    let count = match &coding {
        Coding::Numbers(n) => *n,
        Coding::Each(classes) => {
            let mut keys: Vec<(&Key, u32)> = classes.iter().map(|(key, i)| (key, *i)).collect();
            keys.sort_by_key(|(_, class)| *class);
            let text = |key: &Key| match key {
                Key::Number(number) => number.to_string(),
                Key::Text(text) => text.clone(),
            };
            found.names = keys.into_iter().map(|(key, _)| text(key)).collect();
            classes.len()
        }
        Coding::Named(_) => 0,
    };
    if count == 0 {
        found.why = Some(format!("column `{column}` has no label in any row"));
        return Ok(());
    }
    found.count = Some(count);
    for (file, own) in files.iter().zip(&mut found.codings) {
        *own = labelled(&file).then(|| coding.clone());
    }
    Ok(())
}

/// What a set of values means.
fn of_values(mut values: BTreeSet<Key>) -> Coding {
    let none = Key::Number(-1);
    let pair = BTreeSet::from([none.clone(), Key::Number(1)]);
    let small = |key: &Key| matches!(key, Key::Number(n) if (-1..MOST as i128).contains(n));
    if values != pair && values.iter().all(small) {
        let most = values.iter().filter_map(|key| match key {
            Key::Number(n) => usize::try_from(n + 1).ok(),
            Key::Text(_) => None,
        });
        return Coding::Numbers(most.max().unwrap_or(0));
    }
    // with no other number below 0 it says that there is no label
    let below = |key: &Key| matches!(key, Key::Number(n) if *n < -1);
    if values != pair && !values.iter().any(below) {
        values.remove(&none);
    }
    let mut ordered: Vec<Key> = values.into_iter().collect();
    let number = |key: &Key| match key {
        Key::Text(text) => text.parse::<i64>().ok(),
        Key::Number(_) => None,
    };
    // "10" comes after "9" where all texts are numbers
    if ordered.iter().all(|key| number(key).is_some()) {
        ordered.sort_by_key(number);
    }
    Coding::Each(ordered.into_iter().zip(0..).collect())
}

fn many(column: &str) -> DataError {
    DataError::new(format!(
        "column `{column}` has more than {MOST} different values: it names no classes"
    ))
}

/// The different values of a file's label column, found by one pass that is kept between runs.
fn distinct(file: &PictureFile) -> Result<BTreeSet<Key>, DataError> {
    if matches!(file.label, Values::Flags) {
        let both = ["false", "true"].map(|word| Key::Text(word.to_owned()));
        return Ok(BTreeSet::from(both));
    }
    let kind = format!("labels {}", file.label_name());
    let text = manifest::noted(
        "labels",
        &kind,
        &file.path,
        || {
            let mut values: BTreeSet<Key> = BTreeSet::new();
            for group in 0..file.groups() {
                values.extend(file.raw_labels(group)?.into_iter().flatten());
                if values.len() > MOST {
                    return Err(many(file.label_name()));
                }
            }
            let texts = values.iter().map(|key| match key {
                Key::Number(number) => serde_json::json!({"number": number.to_string()}),
                Key::Text(text) => serde_json::json!({"text": text}),
            });
            Ok(serde_json::Value::Array(texts.collect()).to_string())
        },
        &|text| parsed(text).is_some(),
    )?;
    Ok(parsed(&text).unwrap_or_default())
}

fn parsed(text: &str) -> Option<BTreeSet<Key>> {
    let list: Vec<BTreeMap<String, String>> = serde_json::from_str(text).ok()?;
    let key = |entry: BTreeMap<String, String>| {
        if let Some(number) = entry.get("number") {
            return number.parse().ok().map(Key::Number);
        }
        entry.get("text").cloned().map(Key::Text)
    };
    list.into_iter().map(key).collect()
}
