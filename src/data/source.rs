//! What every data set offers, and where data sets are looked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::{DataError, Draws, Fields, Kept, Normalization, Portion, Progress, Record};
use crate::catalog::{Problem, Split};

/// Records by index. Opening one reads headers only; the first [`Dataset::read`] may load the rest.
pub trait Dataset: Send + Sync {
    /// Names and types of a record's fields.
    fn fields(&self) -> &Fields;

    /// Number of records.
    fn len(&self) -> usize;

    /// Whether there is no record.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads one record. Called from several threads at once. One that is drawn rather than stored takes what it draws from
    /// [`Draws::stream`] of its number: equal draws, equal record.
    fn read(&self, index: usize, draws: Draws) -> Result<Record, DataError>;

    /// What there is of a record that [`Dataset::read`] refuses: a picture that ends early, its missing part grey.
    ///
    /// # Errors
    /// There is nothing of it.
    fn mend(&self, index: usize, draws: Draws) -> Result<Record, DataError> {
        self.read(index, draws)
    }

    /// The class of a record without decoding the rest; `None` where records have no label.
    fn class(&self, index: usize) -> Result<Option<u32>, DataError>;

    /// Why its records have no label, where they seem to have one.
    fn no_label(&self) -> Option<&str> {
        None
    }

    /// Names of the classes; empty where there are none.
    fn class_names(&self) -> &[String] {
        &[]
    }

    /// blake3 of the content: equal data, equal manifest, whatever the path. May read everything once; cached by size
    /// and time of the files.
    ///
    /// # Errors
    /// A file can't be read, or somebody asked to stop.
    fn manifest(&self, progress: &dyn Progress) -> Result<String, DataError>;

    /// The published statistics of the training split, where they are known.
    fn normalization(&self) -> Option<Normalization> {
        None
    }

    /// Bytes that the data set holds in memory once it is read; 0 where it reads record by record.
    fn resident_bytes(&self) -> u64 {
        0
    }

    /// Bytes that it takes besides for a moment, where records are read for the first time.
    fn passing_bytes(&self) -> u64 {
        0
    }

    /// Equal for data sets that share what they hold.
    fn resident_key(&self) -> usize {
        std::ptr::from_ref(self).cast::<u8>() as usize
    }

    /// A stable number for a record that survives `take` and `hold_out`: the index in the file it came from.
    /// Randomness is keyed by it.
    fn id(&self, index: usize) -> u64 {
        index as u64
    }

    /// What a person calls a record: the path of its file below the folder of the data; of files that hold many, the file's name and the row in
    /// it, `train.parquet#12`. Known without reading any; `None` where records have no names.
    fn origin(&self, _index: usize) -> Option<String> {
        None
    }

    /// Whether records belong together: [`Dataset::group`].
    fn is_grouped(&self) -> bool {
        self.len() > 0 && self.group(0).is_some()
    }

    /// What the record is one of, where several belong together: pictures of one thing, captions of one picture, parts of one film. They stay on
    /// one side where a data set is divided. Known without reading any.
    fn group(&self, _index: usize) -> Option<u64> {
        None
    }

    /// Where records are read best as they lie: so many are shuffled with one another.
    fn buffer(&self) -> Option<usize> {
        None
    }

    /// Which records these are, as far as that is known before any is read.
    fn portions(&self) -> Vec<Portion> {
        vec![Portion::all(self, self.len())]
    }

    /// Downloads what is not on this machine yet; the first read does it too, without telling anybody.
    fn fetch(&self, _progress: &dyn Progress) -> Result<(), DataError> {
        Ok(())
    }
}

/// What a data set of the user's own files found, and what it left out.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Found {
    /// All of it in a line.
    pub line: String,
    /// Records of each split.
    #[serde(serialize_with = "by_name")]
    pub records: Vec<(Split, usize)>,
    /// Names of the classes; empty where there are none.
    pub classes: Vec<String>,
    /// Files that are not read, by a word for their kind.
    pub files_left_out: BTreeMap<String, usize>,
    /// Folders that are not read, by a word for why.
    pub folders_left_out: BTreeMap<String, usize>,
    /// What else was understood.
    pub notes: Vec<String>,
}

fn by_name<S: serde::Serializer>(
    records: &[(Split, usize)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(records.iter().map(|(split, n)| (split.name(), n)))
}

/// The splits of a data set.
#[derive(Clone, Default)]
pub struct Splits {
    /// By split.
    pub parts: BTreeMap<Split, Arc<dyn Dataset>>,
    /// Things worth a warning: "will be downloaded (30 MB)".
    pub remarks: Vec<String>,
    /// What is probably not as it was meant, each worth a warning.
    pub doubts: Vec<Problem>,
    /// What was found, where data is the user's own files.
    pub found: Option<Arc<Found>>,
}

/// What flows through pipes: all the splits, or one data set.
#[derive(Clone)]
pub enum Source {
    /// Before `.train`.
    All(Splits),
    /// After `.train`.
    One(Arc<dyn Dataset>),
}

impl Source {
    /// Applies a pipe that treats each split on its own.
    pub(super) fn map(
        self,
        mut pipe: impl FnMut(Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>, Problem>,
    ) -> Result<Self, Problem> {
        match self {
            Source::One(part) => Ok(Source::One(pipe(part)?)),
            Source::All(mut splits) => {
                for part in splits.parts.values_mut() {
                    *part = pipe(part.clone())?;
                }
                Ok(Source::All(splits))
            }
        }
    }

    /// Warnings that came with the data: "will be downloaded (30 MB)".
    pub fn remarks(&self) -> &[String] {
        match self {
            Source::All(splits) => &splits.remarks,
            Source::One(_) => &[],
        }
    }
}

/// Names that data was looked for by, noted while a recipe is planned.
#[derive(Clone, Debug, Default)]
pub struct Asked(Arc<Mutex<BTreeSet<String>>>);

impl Asked {
    /// Notes a name.
    pub(super) fn note(&self, name: &str) {
        // whoever panicked while noting has noted
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.insert(name.to_owned());
    }

    /// All of them so far, in order.
    pub fn names(&self) -> Vec<String> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().cloned().collect()
    }
}

/// Where data sets are looked for.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `--data NAME=PATH`
    pub given: BTreeMap<String, PathBuf>,
    /// `[data]` of `pretext.toml` beside the recipe or above it.
    pub project: BTreeMap<String, PathBuf>,
    /// The user's data folder: `$PRETEXT_DATA`, or `pretext` in the user's data directory.
    pub user: Option<PathBuf>,
    /// The folder of the recipe: relative paths start here.
    pub recipe: PathBuf,
    /// No downloads.
    pub offline: bool,
    /// What a recipe names may lie outside its project, and what it writes outside its run directory.
    pub allow_outside: bool,
    /// The names that data was looked for by.
    pub asked: Asked,
    /// What stays open from one plan to the next; by default nothing.
    pub kept: Kept,
}
