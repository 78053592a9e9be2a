//! What an evaluator is: what it wants read, and what it makes of it.

pub use super::exhibit::{CURVE, Exhibit, MAP, Neighbour, Query, SPREAD, TABLE};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use crate::catalog::{Args, Problem, Value};
use crate::data::DataError;

/// Judges an encoder by what it makes of records. One file of this room each, and a line of the catalog; whoever runs it makes a
/// column with the trained encoder, with the untrained one, and without any.
pub trait Evaluator: Send + Sync {
    /// What has to be read, in this order. Looked at before anything runs: the splits are there, have labels where they are
    /// wanted, and the encoder has the places that are named.
    fn wants(&self, args: &Args) -> Vec<Want>;

    /// What it measures at each place. The first is what a monitor shows and a stage watches under the evaluator's own name.
    fn metrics(&self) -> &'static [(&'static str, Measure)];

    /// What is trained to judge, where something is.
    fn trains(&self, args: &Args, classes: usize) -> Option<Trains> {
        let _ = (args, classes);
        None
    }

    /// How a number was found, in so many words that somebody could repeat it.
    fn protocol(&self, args: &Args, about: &About<'_>) -> String;

    /// One column. `read` has one entry for each want, in their order; a want that the recipe leaves out has none.
    ///
    /// # Errors
    /// The lab failed; it knows why.
    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed>;

    /// Numbers that it holds while it judges, beside the rows that are read: `records` of each want, in their order.
    fn working(&self, records: &[usize]) -> usize {
        let _ = records;
        0
    }

    /// What is odd about its arguments, given the data: its name as the recipe has it and its records, for each want.
    fn doubts(&self, args: &Args, data: &[(&str, usize)]) -> Vec<Problem> {
        let _ = (args, data);
        Vec::new()
    }

    /// The texts that it shows to the task, where it wants that: `classes` are the names of those of the first split.
    ///
    /// # Errors
    /// There is nothing to write of.
    fn writes(&self, args: &Args, classes: &[String]) -> Result<Vec<String>, Problem> {
        let _ = (args, classes);
        Ok(Vec::new())
    }

    /// The parameter that names the file of what is asked, relative to the recipe, where there is one.
    fn asks(&self) -> Option<&'static str> {
        None
    }

    /// Looks at that file before anything runs.
    ///
    /// # Errors
    /// It is not what it should be: with the line, and nothing of what it holds.
    fn accepts(&self, file: &[u8]) -> Result<(), DataError> {
        let _ = file;
        Ok(())
    }

    /// The files in which its exhibits are kept.
    fn files(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Something to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// The field of the recipe that names the split: `data`, `test`, `valid`; empty where none is read.
    pub field: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// How it is read.
    pub form: Form,
    /// Whether its records need a class.
    pub labels: bool,
    /// What its records do, for warnings: `vote`, `train`, `judge`.
    pub does: &'static str,
    /// What is said while it is read; `{}` is the column: `{}, bank`.
    pub said: &'static str,
}

impl Want {
    /// `data`: labelled rows that the encoder is judged with.
    pub const fn rows(field: &'static str, does: &'static str, said: &'static str) -> Self {
        Self {
            field,
            required: true,
            form: Form::Rows,
            labels: true,
            does,
            said,
        }
    }

    /// The rows of the encoder's table, each with its word: no records.
    pub const fn table(said: &'static str) -> Self {
        Self {
            form: Form::Table,
            labels: false,
            ..Self::rows("", "", said)
        }
    }

    /// Whether it is what the stage's own task tells.
    pub fn is_told(&self) -> bool {
        self.tells().is_some()
    }

    /// What the stage's own task tells, where that is it.
    pub fn tells(&self) -> Option<&'static [Tell]> {
        match self.form {
            Form::Told(tells) | Form::Shown(tells) | Form::Written(tells) => Some(tells),
            Form::Rows | Form::Records | Form::Views { .. } | Form::Frames { .. } | Form::Table => {
                None
            }
        }
    }

    /// Whether a split is read.
    pub fn is_of_records(&self) -> bool {
        !matches!(self.form, Form::Table | Form::Written(_))
    }

    /// What the stage's own task tells of each record of a split, at these places of its graph.
    pub const fn told(field: &'static str, told: &'static [Tell], said: &'static str) -> Self {
        Self {
            form: Form::Told(told),
            labels: false,
            ..Self::rows(field, "judge", said)
        }
    }

    /// The same of records as they are shown in evaluation, each with its group and, where it has one, its class.
    pub const fn shown(field: &'static str, told: &'static [Tell], said: &'static str) -> Self {
        Self {
            form: Form::Shown(told),
            ..Self::told(field, told, said)
        }
    }

    /// The same of texts that the evaluator writes ([`Evaluator::writes`]).
    pub const fn written(told: &'static [Tell], said: &'static str) -> Self {
        Self {
            form: Form::Written(told),
            ..Self::told("", told, said)
        }
    }

    /// The same with classes.
    pub const fn labelled(self) -> Self {
        Self {
            labels: true,
            ..self
        }
    }

    /// Views of unlabelled records, as the stage's own task is trained on them; nothing where its batches hold none.
    pub const fn views(
        field: &'static str,
        records: usize,
        views: usize,
        said: &'static str,
    ) -> Self {
        Self {
            required: false,
            form: Form::Views { records, views },
            labels: false,
            ..Self::rows(field, "judge", said)
        }
    }

    /// Frames of a split's clips one by one, of the clip of this number in each record.
    pub const fn frames(field: &'static str, clip: usize, said: &'static str) -> Self {
        Self {
            form: Form::Frames { clip, masks: false },
            labels: false,
            ..Self::rows(field, "judge", said)
        }
    }

    /// The same of records that have masks.
    pub const fn masked(self) -> Self {
        match self.form {
            Form::Frames { clip, .. } => Self {
                form: Form::Frames { clip, masks: true },
                ..self
            },
            _ => self,
        }
    }

    /// Whether clips are read frame by frame.
    pub fn is_of_frames(&self) -> bool {
        matches!(self.form, Form::Frames { .. })
    }

    /// The same as records that are read as often as they are asked for.
    pub const fn records(self) -> Self {
        Self {
            form: Form::Records,
            ..self
        }
    }

    /// The same where the recipe may leave it out.
    pub const fn optional(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }

    /// The same without classes.
    pub const fn unlabelled(self) -> Self {
        Self {
            labels: false,
            ..self
        }
    }
}

/// What is read, and how: of a split, or of the encoder itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Once, as a row of numbers for each record and each place that `at` names, made a vector by `pool`. Held in memory.
    Rows,
    /// As records in the view of evaluation, batch by batch, each time it is asked for; in training through the stage's `augment`.
    Records,
    /// As [`Form::Rows`], at most `records` of them, `views` rows of each one after the other: what the stage's own `augment` makes of it, each
    /// time drawn anew.
    Views {
        /// Each class comes with its share.
        records: usize,
        /// Of each record.
        views: usize,
    },
    /// Once, as numbers for each record: what the task that was trained tells of it at these places of its graph. Records go into
    /// the batch as they did in training. Without a trained task there is none.
    Told(&'static [Tell]),
    /// As [`Form::Told`], but of records as they are shown in evaluation: nothing is drawn. Only what is needed for these places is shown, so that
    /// records may lack the rest.
    Shown(&'static [Tell]),
    /// As [`Form::Shown`], of texts that the evaluator writes.
    Written(&'static [Tell]),
    /// Once, as what the encoder makes of each frame of a clip, at each place that `at` names. Held in memory.
    Frames {
        /// Which of the clips that a record has.
        clip: usize,
        /// Whether records have masks, too: [`super::Scene`].
        masks: bool,
    },
    /// No records: all rows of the table that the encoder's part `vectors` looks words up in. Without an encoder there is none.
    Table,
}

/// A place of a task's graph at which it tells something of each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tell {
    /// The name of the place.
    pub at: &'static str,
    /// Several numbers of each record, `[B, n]`, rather than one, `[B]`.
    pub several: bool,
    /// A task that has no such place will do: there are no rows then, of width 0.
    pub maybe: bool,
}

impl Tell {
    /// One number of each record.
    pub const fn one(at: &'static str) -> Self {
        Self {
            at,
            several: false,
            maybe: false,
        }
    }

    /// Several numbers of each record.
    pub const fn several(at: &'static str) -> Self {
        Self {
            several: true,
            ..Self::one(at)
        }
    }

    /// The same where a task may lack it.
    pub const fn maybe(self) -> Self {
        Self {
            maybe: true,
            ..self
        }
    }
}

/// What is trained to judge: one head for each place on the rows that were read, or one behind the encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trains {
    /// The head, as a recipe would write it: `linear(10)`.
    pub head: String,
    /// What it stands on.
    pub on: On,
}

/// What a head stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// The rows of each place.
    Rows,
    /// The encoder's output; `frozen`: the encoder stays as it is.
    Encoder {
        /// No parameter of the encoder moves, no running statistic either.
        frozen: bool,
    },
}

/// What a protocol may tell of.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The place.
    pub place: &'a str,
    /// Records of `data`.
    pub records: usize,
    /// How long was trained: `10 epochs`; empty where nothing is.
    pub length: &'a str,
    /// How records were shown to the encoder.
    pub view: &'a str,
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The evaluator's arguments, with the fields of its stage.
    pub args: &'a Args,
    /// The places that rows were read at; one, [`super::RAW`], where there is no encoder.
    pub places: &'a [String],
    /// How many classes the labels have; 0 where none were wanted.
    pub classes: usize,
    /// The content of the file that [`Evaluator::asks`] names, which it has accepted; empty where there is none.
    pub file: &'a [u8],
}

/// What an evaluator found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// At each place what [`Evaluator::metrics`] lists.
    pub metrics: Vec<Metric>,
    /// For the report.
    pub exhibits: Vec<Exhibit>,
}

impl Findings {
    /// What a metric is in one number: of the encoder as a whole, else at the last place.
    pub fn one(&self, name: &str) -> Option<&Metric> {
        let mut found = self.metrics.iter().filter(|metric| metric.name == name);
        let whole = found.clone().find(|metric| metric.place.is_empty());
        whole.or_else(|| found.next_back())
    }
}

/// One number.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Where it was found: a place of the encoder, a part of what is asked; empty for the encoder as a whole.
    pub place: String,
    /// `accuracy`
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub measure: Measure,
}

impl Metric {
    /// A number of this name and measure.
    pub fn new(place: &str, (name, measure): (&'static str, Measure), value: f64) -> Self {
        Self {
            place: place.to_owned(),
            name,
            value,
            measure,
        }
    }
}

/// The places that `at` names; none where it is absent: the encoder's output is read.
pub fn places(args: &Args) -> Vec<String> {
    let place = |value: &Value| match value {
        Value::Place(name) | Value::Word(name) | Value::Text(name) => Some(name.clone()),
        _ => None,
    };
    let at = args.values.get("at").map(|argument| &argument.value);
    match at {
        Some(Value::List(values)) => values.iter().filter_map(place).collect(),
        _ => Vec::new(),
    }
}
