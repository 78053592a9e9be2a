//! The pixels of pictures and clips as the transforms see them.

use std::sync::Arc;

/// Mean and standard deviation per channel, of pixels in 0..1.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalization {
    /// One per channel.
    pub mean: Vec<f32>,
    /// One per channel.
    pub std: Vec<f32>,
}

/// A picture of 8-bit pixels, rows of interleaved channels (`[h, w, c]`).
///
/// Recipes speak of f32 in 0..1. Samples stay in 8 bits until they enter a batch, as pictures do in torchvision
/// on PIL, so that transforms round where theirs round. `normalize` is therefore noted here and applied when the batch is
/// written: `(pixel / 255 - mean) / std`, in `[c, h, w]` order.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Rows of interleaved channels: `height * width * channels` bytes.
    pub pixels: Vec<u8>,
    /// In pixels.
    pub height: usize,
    /// In pixels.
    pub width: usize,
    /// 1 (grey) or 3 (RGB); 2 are a and b of Lab.
    pub channels: usize,
    /// Applied when the batch is written.
    pub normalization: Option<Arc<Normalization>>,
}

impl Image {
    /// A picture of these pixels.
    pub fn new(pixels: Vec<u8>, height: usize, width: usize, channels: usize) -> Self {
        debug_assert_eq!(pixels.len(), height * width * channels);
        Self {
            pixels,
            height,
            width,
            channels,
            normalization: None,
        }
    }

    /// A picture that can be looked at: channels that are no colours side by side, each in grey.
    pub fn as_drawn(&self) -> Image {
        let (c, w) = (self.channels, self.width);
        if matches!(c, 1 | 3) || w * self.height == 0 {
            return self.clone();
        }
        let mut pixels = Vec::with_capacity(self.pixels.len());
        for row in self.pixels.chunks_exact(w * c) {
            for channel in 0..c {
                pixels.extend(row[channel..].iter().step_by(c));
            }
        }
        Image::new(pixels, self.height, c * w, 1)
    }

    /// Writes the picture as f32 `[c, h, w]` into `out`, normalised if it asked for that.
    pub fn write_chw(&self, out: &mut [f32]) {
        let plane = self.height * self.width;
        debug_assert_eq!(out.len(), plane * self.channels);
        for (channel, out) in out.chunks_exact_mut(plane).enumerate() {
            let (mean, std) = match &self.normalization {
                Some(n) => (n.mean[channel], n.std[channel]),
                None => (0.0, 1.0),
            };
            // one table per channel: 256 entries cost less than a division per pixel
            let mut table = [0f32; 256];
            for (value, entry) in table.iter_mut().enumerate() {
                *entry = (value as f32 / 255.0 - mean) / std;
            }
            for (out, pixel) in out
                .iter_mut()
                .zip(self.pixels[channel..].iter().step_by(self.channels))
            {
                *out = table[*pixel as usize];
            }
        }
    }
}

/// Pictures of one size in the order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// The first is the earliest.
    pub frames: Vec<Image>,
}

/// Numbers as a recipe, JSON and Python write them: `[0.4914, 0.4822, 0.4465]`, each reading back as the same f32.
pub fn numbers(values: &[f32]) -> String {
    let values: Vec<String> = values.iter().map(|x| format!("{x:?}")).collect();
    format!("[{}]", values.join(", "))
}
