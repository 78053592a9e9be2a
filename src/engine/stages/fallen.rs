//! A collapse is told: at once, in a file for the report, and beside what is measured of the encoder.

use super::collapse::{Alarm, Doctor};
use super::failure::{Failure, disk};
use super::watch::Watch;
use super::{Run, StageDirectory};
use crate::language::codes::Code;
use crate::language::{Diagnostic, render};
use crate::report::{COLLAPSE, Collapsed, LikelyCause, ResultRow};

/// Most bytes of `collapse.json`.
const LARGEST: u64 = 1 << 20;
/// Causes that are told besides the likeliest.
const OTHERS: usize = 2;

impl Run<'_> {
    /// Says at once that a stage collapses, why, and what to do; keeps it for the report.
    pub(super) fn tell_collapse(
        &self,
        directory: &StageDirectory,
        doctor: &Doctor<'_>,
        alarm: &Alarm,
        ended: bool,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let Alarm { step, what, .. } = alarm;
        let sources = &self.plan.recipe.sources;
        let causes = doctor.likeliest(alarm);
        let kept = Collapsed {
            step: *step,
            ended,
            what: what.clone(),
            causes: causes
                .iter()
                .take(1 + OTHERS)
                .map(|cause| LikelyCause {
                    what: cause.what.clone(),
                    place: sources.place(cause.span),
                    help: cause.help.clone(),
                })
                .collect(),
        };
        directory
            .folder
            .write_json(COLLAPSE, &kept)
            .map_err(|error| disk(&directory.path_of(COLLAPSE), &error))?;
        let [first, others @ ..] = causes.as_slice() else {
            return Ok(());
        };
        let message = format!("`{}` collapses: {what} by step {step}", directory.name);
        let mut found = Diagnostic::warning(Code::Collapse, first.span, message)
            .here(format!("likely because {}", first.what));
        if let Some(line) = first.script {
            found = found.label(line, "in this line of the task");
        }
        found = found.note(
            "Spread is near 1 where samples lie apart in all directions and 0 where they are one; rank is the number of directions they vary in.",
        );
        for other in others.iter().take(OTHERS) {
            found = found.note(format!(
                "Less likely: {} ({}).",
                other.what,
                sources.place(other.span)
            ));
        }
        found = found.help(first.help.clone());
        if !ended {
            found =
                found.help("write `stop = collapse()` in the stage to end it when this happens");
        }
        watch.warn(&render(&found, sources, false));
        if ended {
            watch.say(&format!("{} · ends at step {step}: {what}", directory.name));
        }
        Ok(())
    }

    /// What a stage has said of its collapse.
    pub(super) fn collapsed(&self, stage: &str) -> Option<Collapsed> {
        let directory = self.stages.get(stage)?;
        let bytes = directory.folder.read(COLLAPSE, LARGEST).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Writes beside what was measured that the encoder is of a stage that collapsed.
    pub(super) fn note_collapses(&self, rows: &mut [ResultRow], inputs: &[&str]) {
        for input in inputs {
            let Some(Collapsed { step, ended, .. }) = self.collapsed(input) else {
                continue;
            };
            let end = if ended { ", where it ended" } else { "" };
            for row in rows.iter_mut() {
                row.protocol += &format!(", `{input}` collapsed by step {step}{end}");
                row.collapsed.insert((*input).to_owned(), step);
            }
        }
    }
}
