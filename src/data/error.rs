//! Why data can't be read.

/// A sample that can't be read, or data that can't be found, at run time.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct DataError {
    /// What is wrong, with the file and the index of the sample.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl DataError {
    /// An error without advice.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    /// There is no such record.
    pub(super) fn outside(index: usize, len: usize) -> Self {
        Self::new(format!(
            "there is no record {index}: the data set has {len}"
        ))
    }

    /// What to do; a second call adds a line.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.help = Some(match self.help {
            Some(before) => format!("{before}\n{text}"),
            None => text,
        });
        self
    }
}

impl DataError {
    /// Whether the machine is out of something, which says nothing about a record: open files of the process (24) or of the
    /// system (23), memory (12).
    pub fn is_the_machines(&self) -> bool {
        let numbers = [12, 23, 24].map(|number| format!("(os error {number})"));
        cfg!(unix) && numbers.iter().any(|number| self.message.ends_with(number))
    }
}
