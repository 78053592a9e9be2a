//! What a loader thread keeps from sample to sample.

use fast_image_resize::Resizer;

use crate::data::{Image, Sample};

/// Buffers that a loader thread reuses from sample to sample, so that no transform allocates per picture.
#[derive(Default)]
pub struct Scratch {
    free: Vec<Vec<u8>>,
    lists: Vec<Vec<Sample>>,
    /// Working memory of filters.
    pub(super) floats: Vec<f32>,
    /// Working memory of resampling.
    pub(super) resizer: Resizer,
    /// Values of a running sample graph, by name.
    pub(super) slots: Vec<Option<Sample>>,
}

impl Scratch {
    /// A buffer of `len` bytes with unspecified content.
    pub fn take(&mut self, len: usize) -> Vec<u8> {
        let mut buffer = self.free.pop().unwrap_or_default();
        buffer.resize(len, 0);
        buffer
    }

    /// Gives a buffer back.
    pub fn give(&mut self, buffer: Vec<u8>) {
        // enough for the deepest pipeline; more would only hold memory
        if self.free.len() < 32 {
            self.free.push(buffer);
        }
    }

    /// An empty list.
    pub fn take_list(&mut self) -> Vec<Sample> {
        self.lists.pop().unwrap_or_default()
    }

    /// Gives a list back, and the buffers of what is in it.
    pub fn give_list(&mut self, mut list: Vec<Sample>) {
        for sample in list.drain(..) {
            self.recycle(sample);
        }
        if self.lists.len() < 32 {
            self.lists.push(list);
        }
    }

    /// Gives back the buffers of a value that nobody needs any more.
    pub fn recycle(&mut self, mut sample: Sample) {
        sample.give_back(self);
    }

    /// A copy of a value in reused buffers.
    pub fn copy(&mut self, sample: &Sample) -> Sample {
        sample.copy(self)
    }

    /// A copy of a picture in a reused buffer.
    pub fn copy_image(&mut self, image: &Image) -> Image {
        let mut pixels = self.free.pop().unwrap_or_default();
        pixels.clear();
        pixels.extend_from_slice(&image.pixels);
        Image {
            pixels,
            normalization: image.normalization.clone(),
            ..*image
        }
    }
}
