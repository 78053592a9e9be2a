//! What is measured of the pixels of records.

use super::{Fields, Normalization, Sample, first_clip, first_image};

/// Adds up the pixels of records: what their pictures are normalised by where no publisher says so. Sums are whole numbers, so
/// the answer depends neither on the machine nor on the order.
pub struct Tally {
    sums: Vec<u64>,
    squares: Vec<u64>,
    pixels: u64,
}

impl Tally {
    /// For records with these fields; `None` where they have neither picture nor clip. Pictures count as RGB where their channels are not known.
    pub fn of(fields: &Fields) -> Option<Self> {
        let image = first_image(fields).map(|(_, image)| *image);
        let frame = first_clip(fields).map(|(_, clip)| clip.frame);
        let channels = image.or(frame)?.channels.unwrap_or(3);
        Some(Self {
            sums: vec![0; channels],
            squares: vec![0; channels],
            pixels: 0,
        })
    }

    /// What stands in for the answer where nothing is to be read.
    pub fn stand_in(&self) -> Normalization {
        Normalization {
            mean: vec![0.5; self.sums.len()],
            std: vec![0.25; self.sums.len()],
        }
    }

    /// Counts a record's pictures of these channels.
    pub fn add(&mut self, record: &[Sample]) {
        let channels = self.sums.len();
        let frames = record.iter().filter_map(Sample::as_clip);
        let frames = frames.flat_map(|clip| &clip.frames);
        let pictures = record.iter().filter_map(Sample::as_image).chain(frames);
        for image in pictures.filter(|image| image.channels == channels) {
            self.pixels += (image.height * image.width) as u64;
            for pixel in image.pixels.chunks_exact(channels) {
                for (channel, value) in pixel.iter().enumerate() {
                    self.sums[channel] += u64::from(*value);
                    self.squares[channel] += u64::from(*value) * u64::from(*value);
                }
            }
        }
    }

    /// Per-channel mean and deviation of pixels in 0..1.
    pub fn done(&self) -> Normalization {
        let n = self.pixels.max(1) as f64;
        let mean: Vec<f64> = self.sums.iter().map(|sum| *sum as f64 / n).collect();
        Normalization {
            std: self
                .squares
                .iter()
                .zip(&mean)
                // a channel of one value only is left as it is
                .map(|(square, mean)| {
                    ((*square as f64 / n - mean * mean).max(0.0).sqrt() / 255.0) as f32
                })
                .map(|std| if std < 1e-3 { 1.0 } else { std })
                .collect(),
            mean: mean.iter().map(|mean| (mean / 255.0) as f32).collect(),
        }
    }
}
