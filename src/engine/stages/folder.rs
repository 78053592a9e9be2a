//! The folder of one stage: its files, by their names.

use std::path::PathBuf;
use std::sync::Arc;

use super::failure::Failure;
use crate::engine::EngineError;
use crate::engine::checkpoint::Binding;
use crate::files::Folder;

/// The folder of one stage.
#[derive(Clone)]
pub(super) struct StageDirectory {
    /// `stages/NAME`
    pub folder: Arc<Folder>,
    /// The stage.
    pub name: String,
    /// The content hash that what it holds belongs to.
    pub hash: String,
}

impl StageDirectory {
    /// The path of one of its files, for messages.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.folder.path_of(name)
    }

    /// What the checkpoints of one of its trainings belong to.
    pub fn binding(&self, part: &str) -> Binding {
        Binding {
            stage: self.name.clone(),
            part: part.to_owned(),
            hash: self.hash.clone(),
        }
    }

    /// What can't be used of its files, and the way on.
    pub fn refused(&self, name: &str, why: EngineError) -> Failure {
        let help = match why {
            EngineError::CheckpointVersion { .. } => format!(
                "go on with the version that wrote it, choose another folder with `--out`, or remove {} to run the stage again",
                self.folder.path().display()
            ),
            EngineError::Checkpoint { .. } => format!(
                "put a whole copy back, or remove {} to train it again",
                self.path_of(name).display()
            ),
            _ => return why.into(),
        };
        Failure::from(why).help(help)
    }
}

/// The name of a file of one training: `metrics.jsonl`, `metrics-pixels.jsonl`.
pub(super) fn file_of(part: &str, stem: &str, ending: &str) -> String {
    match part {
        "" => format!("{stem}{ending}"),
        part => format!("{stem}-{part}{ending}"),
    }
}
