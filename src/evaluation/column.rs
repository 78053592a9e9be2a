//! The columns of the table of results: each evaluator is carried out once for each of them.

/// Whose numbers stand in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Of the encoder as training has left it.
    Trained,
    /// Of the same encoder before any training.
    Untrained,
    /// Of what the encoder reads, without any encoder.
    Raw,
    /// Of the encoder of another stage, where a stage names one.
    Beside,
}

impl Column {
    /// Those that every evaluation has, in the order in which they are made.
    pub const ALL: [Self; 3] = [Self::Trained, Self::Untrained, Self::Raw];

    /// What its trainings are called in names of files and checkpoints; empty for the stage's own.
    pub const fn part(self) -> &'static str {
        match self {
            Column::Trained => "",
            Column::Untrained => "untrained",
            Column::Raw => RAW,
            Column::Beside => BESIDE,
        }
    }

    /// What it is called while it is made.
    pub const fn said(self) -> &'static str {
        match self {
            Column::Trained => "trained",
            Column::Untrained => "untrained",
            Column::Raw => RAW,
            Column::Beside => BESIDE,
        }
    }
}

/// The one place that is read where nothing is between the records and what judges them.
pub const RAW: &str = "pixels";

/// The field of a stage that names another one, whose encoder gets a column of its own.
pub const BESIDE: &str = "beside";

/// The column of the same encoder, trained on classes; where a stage says how.
pub const SUPERVISED: &str = "supervised";
/// What the training of that encoder is called.
pub const TAUGHT: &str = "taught";
