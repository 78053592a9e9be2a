//! What is read while a stage trains, and what follows from it: the best weights, an early end.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::failure::Failure;
use super::weights;
use crate::engine::checkpoint::Binding;
use crate::engine::{EngineError, Model};
use crate::evaluation::Measured;
use crate::files::Folder;
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

/// The file of the weights that a value was best with.
#[derive(Clone, Copy)]
pub(super) struct BestFile<'a> {
    /// The stage's folder.
    pub folder: &'a Folder,
    /// `best.ckpt`
    pub name: &'a str,
    /// What it belongs to.
    pub binding: &'a Binding,
    /// The checkpoints that go with it.
    pub checkpoints: &'a str,
}

impl BestFile<'_> {
    /// What can't be used, and the way on: the best weights are of a step that is over, so only a training from the start comes
    /// by it again.
    fn lost(&self, why: EngineError) -> Failure {
        let checkpoints = self.folder.path_of(self.checkpoints);
        Failure::from(why)
            .note("The weights that the watched value was best with are in this file alone.")
            .help(format!(
                "put a whole copy back, or remove {} to train from the start",
                checkpoints.display()
            ))
    }
}

/// Follows the readings of one training.
pub(super) struct Readings<'a> {
    settings: &'a Settings,
    file: BestFile<'a>,
    best: Option<Mark>,
    early: Option<Mark>,
}

impl<'a> Readings<'a> {
    /// Goes on from the notes of a checkpoint at step `from`; the best weights are looked at before any time is spent. `model`
    /// says which tensors they have.
    pub fn new(
        settings: &'a Settings,
        file: BestFile<'a>,
        notes: &BTreeMap<String, Value>,
        from: u64,
        model: &Model,
    ) -> Result<Self, Failure> {
        let mark = |name| {
            let mark = notes.get(name).and_then(Mark::read);
            mark.filter(|mark| mark.step <= from)
        };
        let readings = Self {
            settings,
            file,
            best: mark("best").filter(|_| settings.best.is_some()),
            early: mark("early"),
        };
        if let Some(best) = readings.best {
            let step = weights::load(file.folder, file.name, file.binding, &mut model.clone())
                .map_err(|why| file.lost(why))?;
            // a run that was killed after a better reading left those: training comes by that step again
            if step != best.step && step <= from {
                return Err(file.lost(readings.other_step(step, best.step)));
            }
        }
        Ok(readings)
    }

    fn other_step(&self, step: u64, best: u64) -> EngineError {
        EngineError::Checkpoint {
            path: self.file.folder.path_of(self.file.name),
            reason: format!("it is of step {step}, the best reading is of step {best}"),
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
    pub fn see(&mut self, read: &[Measured], step: u64, model: &Model) -> Result<(), Failure> {
        if let Some(watched) = &self.settings.best
            && better(&mut self.best, watched, read, step)
        {
            let BestFile {
                folder,
                name,
                binding,
                ..
            } = self.file;
            weights::save(folder, name, binding, model, step)?;
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
        (step.saturating_sub(mark.step) >= *patience).then(|| {
            format!(
                "ends at step {step}: {} was best at step {} with {:.4}",
                watched.name, mark.step, mark.value
            )
        })
    }

    /// Puts the best weights into `model` where they are the result; the step they are of.
    pub fn finish(&self, model: &mut Model) -> Result<Option<u64>, Failure> {
        let Some(mark) = &self.best else {
            return Ok(None);
        };
        let file = self.file;
        let step = weights::load(file.folder, file.name, file.binding, model)
            .map_err(|why| file.lost(why))?;
        match step == mark.step {
            true => Ok(Some(step)),
            false => Err(file.lost(self.other_step(step, mark.step))),
        }
    }

    /// Removes what is of no use once the end is written.
    pub fn clear(&self) {
        let _ = self.file.folder.remove(self.file.name);
    }
}

/// Moves the mark where the value was read and is better. What is not a number is never better.
fn better(mark: &mut Option<Mark>, watched: &Watched, read: &[Measured], step: u64) -> bool {
    let found = read.iter().find(|read| read.series == watched.series);
    let Some(Measured { value, .. }) = found else {
        return false;
    };
    let better = match mark {
        None => !value.is_nan(),
        Some(mark) => watched.better.prefers(*value, mark.value),
    };
    if better {
        *mark = Some(Mark {
            value: *value,
            step,
        });
    }
    better
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Better, Measure};

    /// The steps at which a value read at 1, 2, … is better than before.
    fn marked(better: Better, values: &[f64]) -> Vec<u64> {
        let watched = Watched {
            name: "valid.order".into(),
            series: "monitor.order".into(),
            better,
        };
        let mut mark = None;
        let steps = values.iter().zip(1..);
        steps
            .filter(|(value, step)| {
                let read = [("valid.loss", 0.0), ("monitor.order", **value)];
                let read = read.map(|(series, value)| Measured {
                    series: series.into(),
                    value,
                    measure: Measure::default(),
                });
                super::better(&mut mark, &watched, &read, *step)
            })
            .map(|(_, step)| step)
            .collect()
    }

    #[test]
    fn the_best_of_an_error_goes_down() {
        let values = [f64::NAN, 0.5, 0.7, f64::NAN, 0.4, 0.4, 0.6];
        assert_eq!(marked(Better::Less, &values), [2, 5]);
        assert_eq!(marked(Better::More, &values), [2, 3]);
    }
}
