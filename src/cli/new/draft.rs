//! A recipe that may suit, and what the checker says of it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::look::{Looked, quoted};
use crate::catalog::{Args, Catalog, Split};
use crate::data::{Fields, Places};
use crate::language::checked::Stage;
use crate::language::{Diagnostic, Severity, Sources, check_into, format, visible_line};
use crate::plan::{Purpose, plan};

/// Where the task's own augment stands, once it is known what it is for these data.
pub const AUGMENT: &str = "// augment\n";
/// The field that names it.
pub const NAMED: &str = "  augment = views\n";

/// A recipe that may suit.
pub struct Draft {
    /// Its text; the places of its augment are marked.
    pub text: String,
    /// The side to which pictures are brought, where the task's own augment is written for one.
    pub side: Option<usize>,
    /// Whether pictures have that side as they are.
    pub as_it_is: bool,
    /// What a record is.
    pub fields: Fields,
}

/// What the checker says of a recipe.
pub struct Judged {
    /// The recipe in its one form.
    pub text: String,
    /// Errors, each in a line.
    pub errors: Vec<String>,
    /// How many warnings there are.
    pub warnings: usize,
}

/// The block of a task's own augment.
pub type Augment = fn(&Stage, &Args, &Draft) -> Result<Option<String>, String>;

impl Draft {
    /// A text without an augment of its own.
    pub fn whole(text: String, looked: &Looked) -> Self {
        Self {
            text,
            side: None,
            as_it_is: true,
            fields: looked.fields.clone(),
        }
    }

    /// What the checker says of it.
    ///
    /// # Errors
    /// It could not be asked.
    pub fn judged(
        &self,
        catalog: &Catalog,
        folder: &Path,
        augment: Augment,
    ) -> Result<Judged, String> {
        let bare = self.text.replace(AUGMENT, "").replace(NAMED, "");
        let mut text = bare.clone();
        if self.side.is_some() {
            let mut sources = Sources::default();
            let file = sources.add("draft.ssl", bare.as_str());
            let (recipe, said) = check_into(&mut sources, file, catalog, &[]);
            let stages = recipe.as_ref().map(|recipe| recipe.stages.as_slice());
            let Some(stage) = stages.and_then(|stages| stages.first()) else {
                return Ok(Judged::new(bare, &said));
            };
            let mut args = stage.call.args.clone();
            args.values.extend(stage.fields.values.clone());
            match augment(stage, &args, self) {
                Ok(Some(block)) => {
                    text = self.text.replace(AUGMENT, &block);
                }
                // its own is taken as it is
                Ok(None) => {}
                Err(why) => {
                    return Ok(Judged {
                        text,
                        errors: vec![why],
                        warnings: 0,
                    });
                }
            }
        }
        Judged::of(text, catalog, folder)
    }
}

impl Judged {
    /// What the checker says of a text that stands in `folder`, in its one form.
    ///
    /// # Errors
    /// It could not be asked.
    pub fn of(mut text: String, catalog: &Catalog, folder: &Path) -> Result<Self, String> {
        let mut sources = Sources::default();
        let file = sources.add("draft.ssl", text.as_str());
        if let Ok(formatted) = format(&sources, file) {
            text = formatted;
        }
        let mut sources = Sources::default();
        let file = sources.add("draft.ssl", text.as_str());
        let (recipe, mut said) = check_into(&mut sources, file, catalog, &[]);
        if let Some(recipe) = recipe {
            let places = Places::new(folder, BTreeMap::new(), true).map_err(|why| why.message)?;
            said.extend(plan(&recipe, catalog, &places, Purpose::Check).1);
        }
        Ok(Self::new(text, &said))
    }

    fn new(text: String, said: &[Diagnostic]) -> Self {
        let errors = said.iter().filter(|d| d.severity == Severity::Error);
        let line = |d: &Diagnostic| match d.helps.first() {
            Some(help) => format!("{} ({})", d.message, help.text),
            None => d.message.clone(),
        };
        let errors: Vec<String> = errors.map(line).collect();
        Self {
            text,
            warnings: said.len() - errors.len(),
            errors,
        }
    }
}

/// The head of a recipe: the edition, what it is for, the data set called `own`, with the split that judges.
pub fn head(looked: &Looked, title: &str, options: &str) -> (String, &'static str) {
    // names of files may hold ends of lines
    let [title, line] = [title, &looked.line].map(|text| visible_line(text).into_owned());
    let mut out = format!("ssl 1\n\n/// {title}\n\n// {line}\n");
    let _ = write!(
        out,
        "dataset own = {}({}{options})",
        looked.source,
        quoted(&looked.name)
    );
    let judges = if looked.splits.contains_key(&Split::Test) {
        "own.test"
    } else {
        if !looked.splits.contains_key(&Split::Valid) {
            out += " |> hold_out(20%, seed = 0) // a fifth is not trained on: it judges";
        }
        "own.valid"
    };
    out += "\n\n";
    (out, judges)
}

/// How long and with how much at a time a stage trains, with why.
pub struct Pace {
    /// Records per step.
    pub batch: usize,
    /// Passes over them.
    pub epochs: usize,
    /// The fields.
    pub lines: String,
}

/// About how many steps a training takes.
const STEPS: usize = 2000;

impl Pace {
    /// For so many records; `most` at a time, of which each is called `noun`.
    pub fn new(looked: &Looked, most: usize, rate: &str, noun: &str) -> Self {
        // what is held out is not trained on
        let held = looked.splits.len() == 1;
        let records = if held {
            looked.train() * 4 / 5
        } else {
            looked.train()
        };
        let mut batch = 2;
        while batch * 2 <= most && batch * 8 <= records {
            batch *= 2;
        }
        let steps = (records / batch).max(1);
        let epochs = (STEPS / steps).clamp(5, 200);
        let lines = format!(
            "  batch = {batch} // of {records} {noun}: {steps} steps an epoch\n  length = {epochs} epochs // about {} steps\n  \
             optimizer = adamw({rate}, weight_decay = 0.05) // larger batches stand larger rates\n  schedule = cosine(warmup = {} epochs)\n",
            epochs * steps,
            (epochs / 10).max(1),
        )
        .replace("warmup = 1 epochs", "warmup = 1 epoch");
        Self {
            batch,
            epochs,
            lines,
        }
    }
}
