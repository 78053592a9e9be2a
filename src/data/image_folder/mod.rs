//! `image_folder(name)`: pictures in folders, one per class.
//!
//! What the folders mean is said by [`folders`]; this file reads pictures.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::decode::{self, Depth, Header, Look, PictureSize};
use super::{
    DataError, Dataset, Draws, Fields, ImageType, Places, Progress, Record, Sample, SampleType,
    Splits,
};
use super::{file_hashes, folders, pictures, regular};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::language::codes::Code;

/// Pictures of a split whose headers are read to learn whether all have one size.
const LOOKED_AT: usize = 256;
/// Pictures with more than 8 bits that are decoded to learn what part of their range they use.
const DECODED: usize = 4;
/// The part of their range below which that is worth a warning.
const DIM: f64 = 0.3;

/// A picture by its name, or by its first bytes where the name does not say.
pub(super) const PICTURES: folders::Wanted = folders::Wanted {
    one: "picture",
    formats: "Pictures are JPEG, PNG, WebP, TIFF, BMP, GIF and PNM.",
    is: |path, name| {
        decode::is_picture_name(name).unwrap_or_else(|| {
            let mut start = [0; 32];
            regular::start(path, &mut start).is_ok_and(|n| decode::starts_as_picture(&start[..n]))
        })
    },
    no_classes: "labels = none",
};

struct Folder {
    /// The folder of the whole data set.
    place: PathBuf,
    /// That of the split.
    root: PathBuf,
    files: Vec<PathBuf>,
    /// Empty where there are no classes.
    labels: Vec<u32>,
    classes: Arc<[String]>,
    fields: Fields,
    look: Look,
    size: PictureSize,
    /// Once it is known.
    manifest: OnceLock<String>,
}

impl Folder {
    fn file(&self, index: usize) -> Result<&PathBuf, DataError> {
        let file = self.files.get(index);
        file.ok_or_else(|| DataError::outside(index, self.files.len()))
    }

    fn record(
        &self,
        index: usize,
        decode: fn(&[u8], &Look) -> Result<super::Image, String>,
    ) -> Result<Record, DataError> {
        let path = self.root.join(self.file(index)?);
        let name = || format!("{} (picture {index})", path.display());
        let bad = |what: String| DataError::new(format!("can't read {}: {what}", name()));
        let bytes = regular::read(&path).map_err(|error| bad(error.to_string()))?;
        let image = decode(&bytes, &self.look).map_err(bad)?;
        self.size.check(&image, &name)?;
        let mut record = vec![Sample::image(image)];
        record.extend(self.labels.get(index).map(|label| Sample::label(*label)));
        Ok(record)
    }
}

impl Dataset for Folder {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.files.len()
    }

    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, decode::decode)
    }

    fn mend(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        self.record(index, decode::mend)
    }

    fn class(&self, index: usize) -> Result<Option<u32>, DataError> {
        self.file(index)?;
        Ok(self.labels.get(index).copied())
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }

    fn origin(&self, index: usize) -> Option<String> {
        Some(pictures::path_below(
            &self.place,
            &self.root.join(self.files.get(index)?),
        ))
    }

    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError> {
        if let Some(known) = self.manifest.get() {
            return Ok(known.clone());
        }
        let kind = format!("image_folder {:?} {:?}", self.look.channels, &*self.classes);
        let pictures = file_hashes::Pictures {
            kind: &kind,
            root: &self.root,
            files: &self.files,
            labels: &self.labels,
            look: &self.look,
        };
        let found = file_hashes::manifest(&pictures, progress)?;
        Ok(self.manifest.get_or_init(|| found).clone())
    }
}

/// The headers of some pictures of a split, taken evenly. One that can't be read is reported when it is read, with its index.
pub(super) fn look_at(root: &Path, files: &[PathBuf]) -> Vec<(PathBuf, Header)> {
    let n = files.len().min(LOOKED_AT);
    let looked_at = (0..n).map(|at| root.join(&files[at * files.len() / n]));
    let headers = looked_at.filter_map(|path| {
        let file = regular::open(&path).ok()?;
        // one block of a disk: most headers fit into it
        let header = decode::header(BufReader::with_capacity(4096, file)).ok()?;
        Some((path, header))
    });
    headers.collect()
}

/// What transparent pictures are put on.
pub(super) fn on_background(look: &Look) -> String {
    let [r, g, b] = look.background;
    let on = match (r, g, b) {
        (255, 255, 255) => "white".to_owned(),
        (0, 0, 0) => "black".to_owned(),
        _ => format!("#{r:02x}{g:02x}{b:02x}"),
    };
    format!("transparent pictures are put on {on} (`background`)")
}

/// A warning where pictures of more than 8 bits use a small part of their range (12 bits of an instrument in a file of 16) or go
/// beyond it (floats that are no 0..1).
fn dim(looked_at: &[(PathBuf, Header)]) -> Option<Problem> {
    let deep = looked_at.iter().filter(|(_, header)| header.deep);
    let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut seen: Option<((f64, f64), &Path)> = None;
    for (path, _) in deep.take(DECODED) {
        let extent = decode::extent(&regular::read(path).ok()?)?;
        least = least.min(extent.values.0);
        if extent.values.1 > most {
            most = extent.values.1;
            seen = Some((extent.range, path));
        }
    }
    let ((low, high), path) = seen?;
    let part = (most - least.min(low.max(0.0))) / (high - low);
    let beyond = least < low || most > high;
    if !beyond && (part >= DIM || part <= 0.0) {
        return None;
    }
    let name = path.display();
    let (message, note) = match beyond {
        true => (
            format!(
                "values go from {least} to {most} (in {name}), and pictures of this format from {low} to {high}"
            ),
            "What lies outside is cut off: it becomes black or white.",
        ),
        false => (
            format!(
                "pictures of {} use {:.1} % of their range: the largest value is {most}, in {name}",
                if high == 65_535.0 {
                    "16 bits".to_owned()
                } else {
                    format!("{low}..{high}")
                },
                part * 100.0,
            ),
            "Pictures are read as 8 bits: what is left of them has few levels and is nearly black.",
        ),
    };
    // counts use whole bits; other values are what they are
    let top = match low == 0.0 && high > 1.0 {
        true => ((most as u64 + 1).next_power_of_two() - 1) as f64,
        false => most.ceil(),
    };
    let bottom = if least < 0.0 { least.floor() } else { 0.0 };
    Some(
        Problem::new(Code::LintRange, message)
            .note(note)
            .help(format!(
                "say which values become black and white: `range = {bottom}..{top}`"
            )),
    )
}

fn open(args: &Args, place: &Path) -> Result<Splits> {
    let look = pictures::look(args)?;
    let declared = pictures::declared(args);
    let labels = args.word("labels") != "none";
    let how = folders::How {
        labels: &|_, _| labels,
        twice: false,
    };
    let mut layout = folders::layout(place, &how, PICTURES)?;
    let classes: Arc<[String]> = std::mem::take(&mut layout.classes).into();
    let mut splits = Splits::default();
    let mut transparent = false;
    let mut dim_ones = None;
    let mut parts = Vec::new();
    for part in &mut layout.parts {
        let mut looked_at = Vec::new();
        let size = pictures::size(declared, || {
            looked_at = look_at(&part.root, &part.files);
            looked_at
                .iter()
                .map(|(_, header)| (header.height, header.width))
                .collect()
        });
        transparent |= looked_at.iter().any(|(_, header)| header.transparent);
        if look.depth == Depth::Full {
            dim_ones = dim_ones.or_else(|| dim(&looked_at));
        }
        let (height, width) = size.shown();
        let image = ImageType {
            channels: Some(look.channels.count()),
            height,
            width,
        };
        let mut fields = vec![("image".to_owned(), image.into())];
        if !part.labels.is_empty() {
            fields.push(("label".to_owned(), SampleType::label(classes.len())));
        }
        parts.push((part.split, fields, size));
    }
    layout.doubts.extend(dim_ones);
    if transparent {
        layout.notes.push(on_background(&look));
    }
    layout.classes = classes.to_vec();
    splits.found = Some(Arc::new(folders::found(&layout)));
    splits.doubts = layout.doubts;
    for ((split, fields, size), part) in parts.into_iter().zip(layout.parts) {
        let folder = Folder {
            place: place.to_owned(),
            root: part.root,
            files: part.files,
            labels: part.labels,
            classes: classes.clone(),
            fields,
            look,
            size,
            manifest: OnceLock::new(),
        };
        splits.parts.insert(split, Arc::new(folder));
    }
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let make = |args: &Args, places: &Places| {
        let holds = |path: &Path| {
            if path.is_dir() {
                Ok(())
            } else {
                Err("it is not a folder".to_owned())
            }
        };
        let name = args.text("name");
        let place = pictures::find(name, places, &holds, "a folder of pictures")?;
        open(args, &place)
    };
    Spec::new(
        "image_folder",
        Kind::Dataset,
        "Your own pictures: JPEG, PNG, WebP, TIFF, BMP, GIF or PNM files in one folder per class.",
        Make::Dataset(make),
    )
    .param(pictures::name_param())
    .param(pictures::channels_param())
    .param(pictures::size_param())
    .param(Param::with_default(
        "labels",
        Type::Choice(&["folders", "none"]),
        "folders",
        "`folders`: each folder of a split is a class. `none`: all pictures below a split, without a label.",
    ))
    .param(pictures::background_param())
    .param(pictures::range_param())
    .doc(
        "The folder holds splits, or it is the train split itself. Splits are known by their names, in any case: `train`, `training`; \
         `val`, `valid`, `validation`, `dev`, `eval`; `test`, `testing`; also `train2017`, `test_images`, `cars_train` beside `cars_test`, and `val/images/*`. \
         In each, one folder per class; folders below a class folder belong to it. Classes are numbered in the order of their names, and \
         a class that one split has is a class of all. Without class folders there is no label. Where a folder holds nothing but one \
         folder that holds the splits or the classes, that one is meant. Fields: `image`, `label`.\n\n\
         A file is a picture by its ending, or by its first bytes where the ending does not say; of a GIF the first frame is read. \
         Hidden files and what systems leave behind (`__MACOSX`, `Thumbs.db`) do not count; everything else that is \
         left out is counted, and `check`, `plan` and `run` say so. Only regular files are read. Links are followed, wherever they point, \
         except to a folder that they lie in, and to a picture that the split has under its own name; links to nothing are left out \
         and counted.\n\n\
         A picture that ends early is an error that names it (`on_bad_sample`). Orientation tags and colour profiles are ignored.",
    )
    .example("image_folder(\"flowers\")")
}

#[cfg(test)]
mod tests;
