//! A transform of a plugin, and what it was made with.

use std::ffi::c_void;

use pretext_plugin::abi;

use super::call::Call;
use super::guard::Inside;
use super::sampler::SAMPLER;
use crate::augment::{Scratch, Transform};
use crate::data::{DataError, Philox, Sample, SampleType};

/// What a plugin's `make` gave, until its `free`.
pub struct Made {
    /// Whose it is: `plugin acme 0.3.1`
    pub plugin: String,
    /// The description.
    pub table: abi::Transform,
    /// What `make` gave.
    pub state: *mut c_void,
}

// SAFETY: the ABI: what `make` gave may be used by several threads at once
unsafe impl Send for Made {}
// SAFETY: the same
unsafe impl Sync for Made {}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(free) = self.table.free {
            let _inside = Inside::enter(&self.plugin);
            free(self.table.data, self.state);
        }
    }
}

/// A transform of a plugin.
pub struct Applied {
    /// Its name.
    pub name: String,
    pub made: Made,
    /// What its type function promised.
    pub promised: Vec<SampleType>,
}

impl Transform for Applied {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let Some(apply) = self.made.table.apply else {
            return Err(self.error("has no function `apply`".into()));
        };
        let first = out.len();
        let mut call = Call::new(input, rng, scratch, out);
        let status = call.within(|ctx| {
            let _inside = Inside::enter(&self.made.plugin);
            apply(self.made.table.data, self.made.state, &SAMPLER, ctx)
        });
        let (failed, open) = call.end();
        match (failed, status) {
            (Some((message, abi::PANICKED)), _) => {
                return Err(self.error(format!("panicked: {message}")));
            }
            (Some((message, _)), _) => return Err(self.error(format!("failed: {message}"))),
            (None, abi::OK) => {}
            (None, status) => return Err(self.error(format!("failed with status {status}"))),
        }
        if let Some(what) = open {
            return Err(self.error(format!("left {what} open")));
        }
        self.as_promised(&out[first..])
    }
}

impl Applied {
    fn error(&self, what: String) -> DataError {
        DataError::new(format!("`{}` of {} {what}", self.name, self.made.plugin))
    }

    /// What was emitted is what the type function said: the batch relies on it.
    fn as_promised(&self, emitted: &[Sample]) -> Result<(), DataError> {
        if emitted.len() == self.promised.len()
            && emitted
                .iter()
                .zip(&self.promised)
                .all(|(sample, ty)| ty.holds(sample))
        {
            return Ok(());
        }
        let promised: Vec<String> = self.promised.iter().map(SampleType::exactly).collect();
        let found: Vec<String> = emitted.iter().map(Sample::shown).collect();
        Err(self.error(format!(
            "promised {} and emitted {}",
            promised.join(", "),
            if found.is_empty() {
                "nothing".into()
            } else {
                found.join(", ")
            }
        )))
    }
}
