//! The heavy work of judging: the engine does it, behind these traits.

use super::features::Features;
use super::frames::{Frames, Scene};
use super::table::Table;

/// What was read of a want.
#[derive(Clone, Debug)]
pub enum Read {
    /// Rows, held in memory.
    Rows(Features),
    /// Records that are read again whenever they are asked for, of the want of this number.
    Records(usize),
    /// The rows of a table, each with its word.
    Table(Table),
    /// What is made of clips frame by frame.
    Frames(Frames),
    /// What a task tells of records as they are shown in evaluation.
    Shown(Shown),
}

/// Rows that a task tells, and what is known of the records besides.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// The rows, with their classes where they have some.
    pub rows: Features,
    /// Equal for records that belong together.
    pub groups: Vec<u64>,
    /// Names of the classes.
    pub classes: Vec<String>,
}

impl Read {
    /// The rows, where it is some.
    pub fn rows(self) -> Option<Features> {
        match self {
            Read::Rows(rows) => Some(rows),
            Read::Shown(shown) => Some(shown.rows),
            Read::Records(_) | Read::Table(_) | Read::Frames(_) => None,
        }
    }
}

/// The lab failed, or was asked to stop. It keeps why; whoever is told passes it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// What an evaluator may ask for.
pub trait Lab {
    /// Moves rows of this width to the device, to be multiplied by others.
    ///
    /// # Errors
    /// The device fails.
    fn rows<'l>(&'l mut self, rows: Vec<f32>, width: usize) -> Result<Box<dyn Rows + 'l>, Failed>;

    /// Sorts rows of this width into at most `k` clusters by k-means, several times from starts of its own, always the same; gives each row's
    /// cluster where the squares of the distances to the centres sum to least.
    ///
    /// # Errors
    /// The run is asked to stop.
    fn k_means(
        &mut self,
        rows: &[f32],
        width: usize,
        k: usize,
        starts: usize,
    ) -> Result<Vec<u32>, Failed>;

    /// The frames that are read of a record of the first split, and what masks it has for them.
    ///
    /// # Errors
    /// The record can't be read, or no frames are read.
    fn scene(&mut self, record: usize) -> Result<Scene, Failed> {
        let _ = record;
        Err(Failed)
    }

    /// Trains the heads that the evaluator said it trains, from their first values or where an interrupted run left them. `valid`
    /// is read after every epoch.
    ///
    /// # Errors
    /// Training fails, or the run is asked to stop; nothing is trained that was not planned.
    fn train<'l>(
        &'l mut self,
        data: &Read,
        valid: Option<&Read>,
    ) -> Result<Box<dyn Heads + 'l>, Failed>;
}

/// Rows on the device.
pub trait Rows {
    /// The dot product of each of these rows with each row here: `[queries, rows]`, row-major.
    ///
    /// # Errors
    /// The device fails, or the run is asked to stop.
    fn products(&mut self, queries: &[f32]) -> Result<Vec<f32>, Failed>;

    /// The sum of the rows here for each list of weights `[lists, rows]`: `[lists, width]`, row-major.
    ///
    /// # Errors
    /// The device fails, or the run is asked to stop.
    fn weighted(&mut self, weights: &[f32]) -> Result<Vec<f32>, Failed>;
}

/// Heads that are trained.
pub trait Heads {
    /// Gives what each head makes of the records to `see`, some records at a time: the head's number, its outputs
    /// `[records, classes]` and the records' classes.
    ///
    /// # Errors
    /// A record can't be read, the device fails, or the run is asked to stop.
    fn answers(
        &mut self,
        of: &Read,
        see: &mut dyn FnMut(usize, &[f32], &[u32]),
    ) -> Result<(), Failed>;
}
