//! Mean and standard deviation of a split's pixels, where no publisher states them.

use crate::data::{DataError, Dataset, Normalization, Sample};

/// Records that are read at most, taken evenly over the split.
const RECORDS: usize = 2000;

/// Per-channel mean and deviation of pixels in 0..1, over up to 2,000 records taken evenly. Sums are whole numbers, so the
/// answer does not depend on the machine.
pub fn measure(dataset: &dyn Dataset, channels: usize) -> Result<Normalization, DataError> {
    let count = dataset.len().min(RECORDS);
    let mut sums = vec![0u64; channels];
    let mut squares = vec![0u64; channels];
    let mut pixels = 0u64;
    for i in 0..count {
        let record = dataset.read(i * dataset.len() / count)?;
        for sample in &record {
            let Sample::Image(image) = sample else {
                continue;
            };
            if image.channels != channels {
                continue;
            }
            pixels += (image.height * image.width) as u64;
            for pixel in image.pixels.chunks_exact(channels) {
                for (channel, value) in pixel.iter().enumerate() {
                    sums[channel] += u64::from(*value);
                    squares[channel] += u64::from(*value) * u64::from(*value);
                }
            }
        }
    }
    let n = pixels.max(1) as f64;
    let mean: Vec<f64> = sums.iter().map(|sum| *sum as f64 / n).collect();
    Ok(Normalization {
        std: squares
            .iter()
            .zip(&mean)
            // a channel of one value only is left as it is
            .map(|(square, mean)| {
                ((*square as f64 / n - mean * mean).max(0.0).sqrt() / 255.0) as f32
            })
            .map(|std| if std < 1e-3 { 1.0 } else { std })
            .collect(),
        mean: mean.iter().map(|mean| (mean / 255.0) as f32).collect(),
    })
}
