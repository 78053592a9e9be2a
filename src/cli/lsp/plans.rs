//! Plans are made beside the conversation: the editor is answered while graphs are traced.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::catalog::Catalog;
use crate::editor::{Planned, Workshop};
use crate::language::FileId;
use crate::language::checked::Recipe;

/// A recipe to be planned.
pub struct Job {
    /// Where its text lies.
    pub path: PathBuf,
    /// Which analysis of it.
    pub generation: u64,
    /// The recipe.
    pub recipe: Arc<Recipe>,
    /// With what it uses.
    pub catalog: Arc<Catalog>,
    /// Its own file.
    pub file: FileId,
}

/// What came of one.
pub struct Made {
    /// Where its text lies.
    pub path: PathBuf,
    /// Which analysis of it.
    pub generation: u64,
    /// What the plan says.
    pub planned: Planned,
}

/// A thread that plans. Of several jobs for one text only the last is done.
pub fn start(workshop: Arc<Workshop>) -> (Sender<Job>, Receiver<Made>) {
    let (asks, jobs) = unbounded::<Job>();
    let (tells, made) = unbounded::<Made>();
    std::thread::spawn(move || {
        let mut waiting: BTreeMap<PathBuf, Job> = BTreeMap::new();
        loop {
            if waiting.is_empty() {
                let Ok(job) = jobs.recv() else { return };
                waiting.insert(job.path.clone(), job);
            }
            for job in jobs.try_iter() {
                waiting.insert(job.path.clone(), job);
            }
            let Some((_, job)) = waiting.pop_first() else {
                continue;
            };
            // a mistake of ours must not take the editor's help away
            let plan = || workshop.plan(&job.recipe, &job.catalog, job.file, &job.path);
            let planned = catch_unwind(AssertUnwindSafe(plan)).unwrap_or_default();
            let done = Made {
                path: job.path,
                generation: job.generation,
                planned,
            };
            if tells.send(done).is_err() {
                return;
            }
        }
    });
    (asks, made)
}
