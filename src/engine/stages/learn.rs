//! A fit: records are read once, and what is learnt from them is a file that later stages take by the fit's name.

use super::done::LARGEST;
use super::failure::{Failure, disk, unread};
use super::watch::{Watch, stop_asked};
use super::{Run, StageDirectory};
use crate::data::BadSample;
use crate::fit::{Learnt, Reading, Records, learn};
use crate::language::codes::Code;
use crate::plan::{Fitting, StagePlan};

/// Records between two looks at the progress.
const LOOK: usize = 64;

/// Tells of the progress of a fit, and of what it can't read.
struct Told<'w> {
    run: &'w Run<'w>,
    stage: &'w str,
    watch: &'w mut dyn Watch,
}

impl Reading for Told<'_> {
    fn advance(&mut self, done: usize) {
        if done.is_multiple_of(LOOK) {
            self.watch.advance(done as u64);
        }
    }

    fn met(&mut self, bad: BadSample, in_part: bool) {
        match in_part {
            true => self.run.repaired(self.stage, &bad, self.watch),
            false => self.run.left_out(self.stage, &bad, self.watch),
        }
    }
}

impl Run<'_> {
    /// Learns, writes what was learnt, and hands it to those that take it.
    pub(super) fn learn(
        &self,
        stage: &StagePlan,
        fitting: &Fitting,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let Some(fit) = fitting.fit() else {
            return Ok(());
        };
        let Learnt { bytes, found } = match (&fitting.given, &fitting.learning) {
            (Some(bytes), _) => Learnt {
                bytes: bytes.clone(),
                found: "read from its file".into(),
            },
            (None, None) => return Ok(()),
            (None, Some(learning)) => {
                let dataset = &*learning.data.dataset;
                let indices: Vec<usize> = (0..dataset.len()).collect();
                let records = Records {
                    dataset,
                    indices: &indices,
                    field: learning.field,
                    on_bad: fitting.on_bad,
                };
                watch.begin(&stage.name, "learning", 0, dataset.len() as u64);
                let mut told = Told {
                    run: self,
                    stage: &stage.name,
                    watch: &mut *watch,
                };
                match learn(fit, &fitting.args, &records, &mut told) {
                    Err(_) if stop_asked() => return Err(unread()),
                    learnt => learnt.map_err(|error| {
                        Failure::from(error)
                            .at(learning.data.span)
                            .help("write `on_bad_sample = skip` in the fit to go without records that can't be read")
                    })?,
                }
            }
        };
        let written = directory.folder.write(fit.file(), &bytes);
        written.map_err(|error| disk(&directory.path_of(fit.file()), &error))?;
        fitting.hold(&bytes)?;
        watch.end(&format!("{} · {found}", stage.name));
        Ok(())
    }

    /// Hands on what a finished fit has left.
    pub(super) fn learnt(
        &self,
        fitting: &Fitting,
        directory: &StageDirectory,
    ) -> Result<(), Failure> {
        let Some(fit) = fitting.fit().filter(|_| !fitting.artifact.is_filled()) else {
            return Ok(());
        };
        let path = directory.path_of(fit.file());
        let bytes = directory.folder.read(fit.file(), LARGEST);
        let bytes = bytes.map_err(|error| disk(&path, &error))?;
        fitting.hold(&bytes).map_err(|error| {
            let message = format!("{}: {}", path.display(), error.message);
            let folder = directory.folder.path().display();
            Failure::new(Code::Checkpoint, message)
                .help(format!("remove {folder} to learn it again"))
        })
    }
}
