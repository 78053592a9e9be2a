//! Records that can't be read: told once in each stage, counted over all sittings, and written beside the numbers that were measured
//! without them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::watch::Watch;
use super::{Run, StageDirectory};
use crate::data::BadSample;
use crate::report::ResultRow;

/// Records that are named one by one, of those that are left out and of those that are repaired.
const NAMED: usize = 20;

/// Where a stage keeps what it has met.
pub(super) const FILE: &str = "left_out.json";
/// Most bytes of it.
const LARGEST: u64 = 64 << 20;

/// What a stage has met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Met {
    /// Why each record was left out.
    left_out: BTreeSet<String>,
    /// Why each record was taken in part.
    repaired: BTreeSet<String>,
}

impl Met {
    /// What a stage met in earlier sittings; nothing where that can't be read.
    fn read(directory: &StageDirectory) -> Self {
        let bytes = directory.folder.read(FILE, LARGEST).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn of(&mut self, what: What) -> &mut BTreeSet<String> {
        match what {
            What::LeftOut => &mut self.left_out,
            What::Repaired => &mut self.repaired,
        }
    }
}

#[derive(Clone, Copy)]
enum What {
    LeftOut,
    Repaired,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            What::LeftOut => "left out",
            What::Repaired => "repaired",
        }
    }
}

impl Run<'_> {
    /// Tells of a record that can't be read, once in each stage.
    pub(super) fn left_out(&self, stage: &str, bad: &BadSample, watch: &mut dyn Watch) {
        self.tell(stage, What::LeftOut, bad, watch);
    }

    /// Tells of a record of which only a part can be read, once in each stage.
    pub(super) fn repaired(&self, stage: &str, bad: &BadSample, watch: &mut dyn Watch) {
        self.tell(stage, What::Repaired, bad, watch);
    }

    fn tell(&self, stage: &str, what: What, bad: &BadSample, watch: &mut dyn Watch) {
        let mut told = self.told.borrow_mut();
        let of_stage = told.entry(stage.to_owned()).or_default().of(what);
        if of_stage.insert(bad.error.to_string()) {
            let head = format!("{stage} · {}: ", what.word());
            match of_stage.len() {
                n if n <= NAMED => watch.say(&format!("{head}{}", bad.error)),
                n if n == NAMED + 1 => {
                    watch.say(&format!("{head}more, counted at the end of the stage"));
                }
                _ => {}
            }
        }
    }

    /// Takes up what a stage met in earlier sittings.
    pub(super) fn remember(&self, directory: &StageDirectory) {
        let mut told = self.told.borrow_mut();
        told.insert(directory.name.clone(), Met::read(directory));
    }

    /// Says how many records a stage went without, or has taken in part, and keeps them for the next sitting.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn tell_counts(
        &self,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> std::io::Result<()> {
        let mut told = self.told.borrow_mut();
        let stage = &directory.name;
        let Some(met) = told.get_mut(stage).filter(|met| **met != Met::default()) else {
            return Ok(());
        };
        for what in [What::LeftOut, What::Repaired] {
            match met.of(what).len() {
                0 => {}
                1 => watch.say(&format!("{stage} · 1 record {}", what.word())),
                n => watch.say(&format!("{stage} · {n} records {}", what.word())),
            }
        }
        directory.folder.write_json(FILE, met)
    }

    /// Writes beside what a stage has measured which records are not in it: the stage's own, and those of the stage `from` that
    /// trained the encoder.
    pub(super) fn note_counts(&self, rows: &mut [ResultRow], stage: &str, inputs: &[&str]) {
        let mut told = self.told.borrow_mut();
        let inputs = inputs.iter().map(|input| (*input, true));
        for (name, trained) in inputs.chain([(stage, false)]) {
            let Some(met) = told.get_mut(name) else {
                continue;
            };
            for what in [What::LeftOut, What::Repaired] {
                let n = met.of(what).len();
                if n == 0 {
                    continue;
                }
                let records = if n == 1 { "record" } else { "records" };
                let said = match (what, trained) {
                    (What::LeftOut, true) => format!("trained without {n} unreadable {records}"),
                    (What::Repaired, true) => format!("trained with {n} repaired {records}"),
                    (_, false) => format!("{n} {records} {}", what.word()),
                };
                for row in rows.iter_mut() {
                    row.protocol += &format!(", {said}");
                    let counts = match what {
                        What::LeftOut => &mut row.left_out,
                        What::Repaired => &mut row.repaired,
                    };
                    counts.insert(name.to_owned(), n as u64);
                }
            }
        }
    }
}
