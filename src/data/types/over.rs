//! What goes over the frames of a clip: transforms of pictures, and encoders of pictures in evaluation.

use super::{ClipType, Fields, Sample, SampleType, first_clip, first_image};
use crate::data::DataError;

/// Frames of a clip that an encoder of pictures is judged on.
const SEEN: usize = 4;

/// How a transform of pictures goes over a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// What is drawn is drawn once and done to all frames.
    Once,
    /// It is drawn for each frame.
    Each,
}

impl SampleType {
    /// What an encoder that was trained on values of type `self` is shown of records with these fields: of clips a few evenly spaced
    /// frames, where it takes pictures and there are none.
    pub fn seen(&self, fields: &Fields) -> SampleType {
        match (self, first_clip(fields)) {
            (SampleType::Image(own), Some((_, clip))) if first_image(fields).is_none() => {
                let frames = clip.frames.map_or(SEEN, |frames| frames.min(SEEN));
                ClipType::of(Some(frames), *own)
            }
            _ => self.clone(),
        }
    }

    /// What comes of a whole clip of so many frames, where `self` comes of one: of pictures a clip. Anything else is the same for all
    /// frames where it is drawn once (which turn it was), and a list where it is drawn for each.
    pub fn over(&self, frames: Option<usize>, how: Over) -> SampleType {
        match (self, how) {
            (SampleType::Image(frame), _) => ClipType::of(frames, *frame),
            (SampleType::List(list), Over::Once) => {
                SampleType::list(list.element.over(frames, how), list.count)
            }
            (_, Over::Once) => self.clone(),
            (_, Over::Each) => SampleType::list(self.clone(), frames),
        }
    }

    /// One value of [`Self::over`], of what came of each frame in order.
    ///
    /// # Errors
    /// What is to be the same for all frames is not.
    pub fn join(&self, values: Vec<Sample>, how: Over) -> Result<Sample, DataError> {
        match (self, how) {
            (SampleType::Image(_), _) => {
                let frames = values
                    .into_iter()
                    .filter_map(|value| value.into_image().ok());
                Ok(Sample::clip(frames.collect()))
            }
            (SampleType::List(list), Over::Once) => {
                let mut columns: Vec<Vec<Sample>> = Vec::new();
                for row in values
                    .into_iter()
                    .filter_map(|value| value.into_list().ok())
                {
                    columns.resize_with(columns.len().max(row.len()), Vec::new);
                    for (column, value) in columns.iter_mut().zip(row) {
                        column.push(value);
                    }
                }
                let joined = columns
                    .into_iter()
                    .map(|column| list.element.join(column, how));
                Ok(Sample::list(joined.collect::<Result<_, _>>()?))
            }
            (_, Over::Once) => {
                let mut values = values.into_iter();
                let first = values.next();
                let first = first.ok_or_else(|| DataError::new("the clip has no frame"))?;
                match values.all(|other| equal(&first, &other)) {
                    true => Ok(first),
                    false => Err(DataError::new(format!(
                        "what it says of the frames of a clip ({self}) differs from frame to frame"
                    ))
                    .help("call it inside `each(…)`: then there is one for each frame")),
                }
            }
            (_, Over::Each) => Ok(Sample::list(values)),
        }
    }
}

fn equal(a: &Sample, b: &Sample) -> bool {
    match (a, b) {
        (Sample::Image(a), Sample::Image(b)) => a == b,
        (Sample::Label(a), Sample::Label(b)) => a == b,
        (Sample::Text(a), Sample::Text(b)) => a == b,
        (Sample::Boxes(a), Sample::Boxes(b)) => a == b,
        (Sample::Clip(a), Sample::Clip(b)) => a == b,
        (Sample::List(a), Sample::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        _ => false,
    }
}
