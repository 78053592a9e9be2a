//! What lies in a folder, as the data sets of the catalog see it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::catalog::{Catalog, Split};
use crate::data::{Dataset, Draws, Fields, Places, SampleType, Source, Splits, open as open_data};
use crate::language::{Severity, Sources, check_into};

/// Records whose pictures are looked at where headers say no size.
const LOOKED: usize = 12;

/// What was found.
pub struct Looked {
    /// The data set of the catalog.
    pub source: String,
    /// As the recipe names it.
    pub name: String,
    /// All of it in a line.
    pub line: String,
    /// Records of each split.
    pub splits: BTreeMap<Split, usize>,
    /// What a record is.
    pub fields: Fields,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The shorter sides of some pictures, in order; all the same where one is known.
    pub sides: Vec<usize>,
    /// Frames of some clips, in order.
    pub frames: Vec<usize>,
}

impl Looked {
    /// Records to train on.
    pub fn train(&self) -> usize {
        self.splits.get(&Split::Train).copied().unwrap_or(0)
    }

    /// Whether records have a class.
    pub fn labelled(&self) -> bool {
        let label = |(_, ty): &(String, SampleType)| ty.as_label().is_some();
        self.classes.len() > 1 && self.fields.iter().any(label)
    }

    /// Whether every picture that was seen has one side.
    pub fn one_side(&self) -> Option<usize> {
        let known = self.fields.iter().find_map(|(_, ty)| {
            let image = ty.as_image()?;
            Some(image.height?.min(image.width?))
        });
        known.filter(|side| self.sides.iter().all(|own| own == side))
    }
}

/// What a recipe in `folder` calls a path: from there on where it lies below, else the whole path.
pub fn name_of(data: &Path, folder: &Path) -> String {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (whole, from) = (real(data), real(folder));
    let name = whole.strip_prefix(&from).unwrap_or(&whole);
    let name = name.to_string_lossy().replace('\\', "/");
    match name.as_str() {
        "" => ".".into(),
        _ => name,
    }
}

/// A text as a recipe writes it.
pub fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', "\\n").replace('\t', "\\t"))
}

/// Opens a path with a data set of the catalog.
///
/// # Errors
/// Why it can't be opened, in a line.
pub fn open(catalog: &Catalog, source: &str, name: &str, folder: &Path) -> Result<Looked, String> {
    let splits = splits(catalog, source, name, folder)?;
    let Some(first) = splits
        .parts
        .get(&Split::Train)
        .or(splits.parts.values().next())
    else {
        return Err("nothing is in it".into());
    };
    let counts: BTreeMap<Split, usize> = (splits.parts.iter())
        .map(|(split, part)| (*split, part.len()))
        .collect();
    if counts.get(&Split::Train).copied().unwrap_or(0) == 0 {
        return Err("there is no split to train on".into());
    }
    let (sides, frames) = sizes(&**first);
    let line = splits.found.as_ref().map(|found| found.line.clone());
    Ok(Looked {
        source: source.to_owned(),
        name: name.to_owned(),
        line: line.unwrap_or_else(|| format!("{} records", first.len())),
        splits: counts,
        fields: first.fields().clone(),
        classes: first.class_names().to_vec(),
        sides,
        frames,
    })
}

fn splits(catalog: &Catalog, source: &str, name: &str, folder: &Path) -> Result<Splits, String> {
    let text = format!("ssl 1\n\ndataset own = {source}({})\n", quoted(name));
    let mut sources = Sources::default();
    let file = sources.add("look.ssl", text);
    let (recipe, said) = check_into(&mut sources, file, catalog, &[]);
    let errors = said.iter().filter(|d| d.severity == Severity::Error);
    let why = errors.map(|d| d.message.clone()).next();
    let Some(item) = recipe.as_ref().and_then(|recipe| recipe.datasets.first()) else {
        return Err(why.unwrap_or_else(|| "it can't be named".into()));
    };
    let places = Places::new(folder, BTreeMap::new(), true).map_err(|why| why.message)?;
    match open_data(&item.data, &BTreeMap::new(), &places) {
        Ok(Source::All(splits)) => Ok(splits),
        Ok(Source::One(_)) => Err("it has no splits".into()),
        Err(problem) => Err(problem.message),
    }
}

/// The shorter sides of some pictures and the frames of some clips, in order.
fn sizes(data: &dyn Dataset) -> (Vec<usize>, Vec<usize>) {
    let (mut sides, mut frames) = (Vec::new(), Vec::new());
    let shows = |ty: &SampleType| ty.as_image().is_some() || ty.frame().is_some();
    if !data.fields().iter().any(|(_, ty)| shows(ty)) {
        return (sides, frames);
    }
    let step = (data.len() / LOOKED).max(1);
    for index in (0..data.len()).step_by(step).take(LOOKED) {
        // one that can't be read says nothing here; training says what becomes of it
        let Ok(record) = data.read(index, Draws::STILL) else {
            continue;
        };
        for sample in &record {
            if let Some(image) = sample.as_image() {
                sides.push(image.height.min(image.width));
            }
            if let Some(clip) = sample.as_clip() {
                sides.extend(
                    clip.frames
                        .first()
                        .map(|frame| frame.height.min(frame.width)),
                );
                frames.push(clip.frames.len());
            }
        }
    }
    sides.sort_unstable();
    frames.sort_unstable();
    (sides, frames)
}

/// What other data sets find at a path, each in a line.
pub fn others(catalog: &Catalog, but: &[&str], name: &str, folder: &Path) -> Vec<String> {
    let own = [
        "image_folder",
        "image_text",
        "video_folder",
        "documents",
        "dialogues",
    ];
    let others = own.iter().filter(|source| !but.contains(source));
    let found = others.filter_map(|source| {
        let looked = splits(catalog, source, name, folder).ok()?;
        let line = looked.found.map(|found| found.line.clone());
        line.map(|line| format!("{line} (`{source}`)"))
    });
    found.collect()
}
