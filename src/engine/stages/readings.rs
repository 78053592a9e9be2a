//! What is read while a stage trains, and what follows from it: the best weights, an early end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::failure::Failure;
use super::weights;
use crate::engine::Model;
use crate::plan::{Settings, Watched};

/// The best reading of one value so far.
#[derive(Clone, Copy)]
struct Mark {
    value: f64,
    step: u64,
}

impl Mark {
    /// Bits, because a decimal text need not read back as the same number.
    fn note(self) -> Value {
        json!({"bits": self.value.to_bits(), "step": self.step})
    }

    fn read(note: &Value) -> Option<Self> {
        Some(Self {
            value: f64::from_bits(note.get("bits")?.as_u64()?),
            step: note.get("step")?.as_u64()?,
        })
    }
}

/// Follows the readings of one training.
pub(super) struct Readings<'a> {
    settings: &'a Settings,
    /// The weights that `best` was best with.
    file: PathBuf,
    best: Option<Mark>,
    early: Option<Mark>,
}

impl<'a> Readings<'a> {
    /// Goes on from the notes of a checkpoint.
    pub fn new(settings: &'a Settings, file: PathBuf, notes: &BTreeMap<String, Value>) -> Self {
        let mark = |name| notes.get(name).and_then(Mark::read);
        Self {
            settings,
            file,
            best: mark("best"),
            early: mark("early"),
        }
    }

    /// What a checkpoint keeps.
    pub fn notes(&self) -> BTreeMap<String, Value> {
        [("best", self.best), ("early", self.early)]
            .into_iter()
            .filter_map(|(name, mark)| Some((name.to_owned(), mark?.note())))
            .collect()
    }

    /// Takes note of what was read after `step`; keeps `model` where it is the best so far.
    pub fn see(&mut self, read: &[(String, f64)], step: u64, model: &Model) -> Result<(), Failure> {
        if let Some(watched) = &self.settings.best
            && better(&mut self.best, watched, read, step)
        {
            weights::save(&self.file, model, step)?;
        }
        if let Some((watched, _)) = &self.settings.stop {
            better(&mut self.early, watched, read, step);
        }
        Ok(())
    }

    /// Why training ends after `step`, if it does.
    pub fn ends(&self, step: u64) -> Option<String> {
        let (watched, patience) = self.settings.stop.as_ref()?;
        let mark = self.early?;
        (step - mark.step >= *patience).then(|| {
            format!(
                "ends at step {step}: {} was best at step {} with {:.4}",
                watched.name, mark.step, mark.value
            )
        })
    }

    /// Puts the best weights into `model` where they are the result; the step they are of.
    pub fn finish(&self, model: &mut Model) -> Result<Option<u64>, Failure> {
        match &self.best {
            Some(mark) => {
                weights::load(&self.file, model)?;
                Ok(Some(mark.step))
            }
            None => Ok(None),
        }
    }

    /// Removes what is of no use once the end is written.
    pub fn clear(&self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Moves the mark where the value was read and is better. What is not a number is never better.
fn better(mark: &mut Option<Mark>, watched: &Watched, read: &[(String, f64)], step: u64) -> bool {
    let found = read.iter().find(|(name, _)| *name == watched.series);
    let Some((_, value)) = found else {
        return false;
    };
    let better = match mark {
        _ if value.is_nan() => false,
        None => true,
        Some(mark) if watched.rising => *value > mark.value,
        Some(mark) => *value < mark.value,
    };
    if better {
        *mark = Some(Mark {
            value: *value,
            step,
        });
    }
    better
}
