//! A stage that another run, or another stage of this one, has done before: equal hashes, equal results. Its files are taken.

use std::io;

use super::done::{self, Done, Found};
use super::failure::{Failure, disk};
use super::folder::StageDirectory;
use super::watch::Watch;
use super::{Run, left_out};
use crate::files::Folder;
use crate::plan::{Body, StagePlan};
use crate::report::{COLLAPSE, exhibit_picture};

/// Files of a stage that are no results, but are told of.
const BESIDE: [&str; 4] = [left_out::FILE, COLLAPSE, "exhibits.json", "timing.jsonl"];

/// A finished stage that is the same one.
struct Lender {
    folder: Folder,
    done: Done,
    /// What the stage is called there, and the pictures of that run.
    name: String,
    results: Option<Folder>,
    /// In words.
    told: String,
}

impl Run<'_> {
    /// Takes over what the same stage has left elsewhere, where it has ended there; whether it did.
    ///
    /// # Errors
    /// The disk is full.
    pub(super) fn borrow(
        &self,
        stage: &StagePlan,
        own: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<bool, Failure> {
        // what is written outside of the folder is written again
        if matches!(stage.body, Body::Export(_)) {
            return Ok(false);
        }
        let Some(lender) = self.lender(own) else {
            return Ok(false);
        };
        let failed = |name: &str| {
            let path = own.path_of(name);
            move |error: io::Error| disk(&path, &error)
        };
        for (name, digest) in lender.done.files() {
            let Ok(mut from) = lender.folder.file(name) else {
                return Ok(false);
            };
            let copied = own
                .folder
                .replace(name, |to| io::copy(&mut from, to).map(drop));
            copied.map_err(failed(name))?;
            let limit = done::LARGEST.saturating_mul(1 << 10);
            let same = own
                .folder
                .digest(name, limit)
                .is_ok_and(|own| own == *digest);
            if !same {
                // somebody has changed it there
                own.folder.remove(name).map_err(failed(name))?;
                return Ok(false);
            }
        }
        for name in BESIDE {
            if let Ok(bytes) = lender.folder.read(name, done::LARGEST) {
                own.folder.write(name, &bytes).map_err(failed(name))?;
            }
        }
        if let Some(results) = &lender.results {
            self.take_exhibits(results, &lender.name, &own.name)
                .map_err(failed("results"))?;
        }
        done::finish(own, stage, self.root())?;
        watch.say(&format!("{} · {}", own.name, lender.told));
        Ok(true)
    }

    /// A folder of the same hash in which the stage has ended: of another stage of this run, or of a run beside.
    fn lender(&self, own: &StageDirectory) -> Option<Lender> {
        let ended = |folder: &Folder| match Done::read(folder) {
            Ok(Found::Done(done)) if done.hash == own.hash => Some(done),
            _ => None,
        };
        let here = self.directory.as_ref()?;
        for (name, other) in &self.stages {
            if *name == own.name || other.hash != own.hash {
                continue;
            }
            let folder = here.stages.folder(name).ok()?;
            if let Some(done) = ended(&folder) {
                return Some(Lender {
                    folder,
                    done,
                    name: name.clone(),
                    results: here.folder.folder("results").ok(),
                    told: format!("the same as `{name}`, which is there"),
                });
            }
        }
        for beside in &self.beside {
            let Ok(run) = Folder::open(beside) else {
                continue;
            };
            let Ok(stages) = run.folder("stages") else {
                continue;
            };
            for (name, _) in stages.names().unwrap_or_default() {
                let Ok(folder) = stages.folder(&name) else {
                    continue;
                };
                if let Some(done) = ended(&folder) {
                    return Some(Lender {
                        folder,
                        done,
                        name,
                        results: run.folder("results").ok(),
                        told: format!("taken from {}, which has it", beside.display()),
                    });
                }
            }
        }
        None
    }

    fn take_exhibits(&self, results: &Folder, from: &str, to: &str) -> io::Result<()> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        let [old, new] = [from, to].map(|stage| exhibit_picture(stage, ""));
        let [old, new] = [&old, &new].map(|name| name.trim_end_matches(".png"));
        for (name, _) in results.names()? {
            if let Some(rest) = name.strip_prefix(old) {
                let bytes = results.read(&name, done::LARGEST)?;
                let own = directory.folder.make("results")?;
                own.write(&format!("{new}{rest}"), &bytes)?;
            }
        }
        Ok(())
    }
}
