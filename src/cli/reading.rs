//! What commands have in common that read records with an encoder which is trained already.

use std::io;
use std::path::PathBuf;

use super::Outcome;
use super::encoder::{Encoder, EncoderArgs, told};
use super::given::Part;
use crate::engine::{Embedder, Unread};
use crate::plan::Reading;

/// Records with how the encoder reads them.
pub type Read = (Part, Reading);

/// The encoder that was found with records, opened to read as the first of those in `reads` are read.
///
/// # Errors
/// It can't be; why has been said.
pub fn opened<T>(
    args: &EncoderArgs,
    found: Result<(Encoder, T), String>,
    reads: fn(&T) -> &[Read],
) -> Result<(Encoder, T, Embedder), Outcome> {
    let said = |why: String, outcome: Outcome| {
        say!("error: {why}");
        outcome
    };
    let (encoder, found) = found.map_err(|why| said(why, Outcome::Unsound))?;
    let Some((_, first)) = reads(&found).first() else {
        return Err(Outcome::Unsound);
    };
    let embedder = args.open(&encoder, &first.graph);
    let embedder = embedder.map_err(|why| said(why, Outcome::Failed))?;
    Ok((encoder, found, embedder))
}

/// Says why reading ended early. `full` says that where the rows went did not take them.
pub fn ended(why: Unread, full: impl FnOnce(io::Error) -> Outcome) -> Outcome {
    match why {
        Unread::Stopped => {
            say!("interrupted: nothing was written");
            Outcome::Interrupted
        }
        Unread::Told(why) => {
            say!("error: {}", told(&why));
            Outcome::Failed
        }
        Unread::Full(why) => full(why),
    }
}

/// The file that is written where none is named: `RUN-neighbours.png`.
pub fn beside(args: &EncoderArgs, ending: &str) -> PathBuf {
    let name = args.run.canonicalize().unwrap_or_default();
    let stem = name.file_stem().unwrap_or_default().to_string_lossy();
    PathBuf::from(format!("{stem}-{ending}"))
}
