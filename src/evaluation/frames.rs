//! What is read of clips frame by frame, and what records show of each frame.

use super::features::Features;
use crate::data::Image;

/// What an encoder makes of each frame of some clips.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// A row for each clip at each place: frame by frame, `[t, d, h, w]`.
    pub rows: Features,
    /// t, d, h and w of each place; of a vector h and w are 1.
    pub sizes: Vec<[usize; 4]>,
}

impl Frames {
    /// What is read of one clip at a place, `[t, d, h, w]`.
    pub fn clip(&self, place: usize, row: usize) -> &[f32] {
        let numbers = self.rows.dims[place];
        &self.rows.places[place][row * numbers..(row + 1) * numbers]
    }
}

/// A clip as people see it, of the frames that are read.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Its frames.
    pub frames: Vec<Image>,
    /// Of each thing in it a mask for each frame; more than half is on it. Empty where the records have none.
    pub masks: Vec<Vec<Image>>,
}

/// A picture in another size, as the view of evaluation cuts it: its shorter side becomes `side`, and the middle stays. The nearest pixel is
/// taken.
pub fn cut(image: &Image, side: usize) -> Image {
    let Image {
        height,
        width,
        channels,
        ..
    } = *image;
    let short = height.min(width).max(1);
    let from = |to: usize, whole: usize| {
        // of the picture's middle square, in pixels of the picture
        let at = ((2 * to + 1) * short / (2 * side)).min(short - 1);
        (whole - short) / 2 + at
    };
    let mut pixels = Vec::with_capacity(side * side * channels);
    for y in 0..side {
        for x in 0..side {
            let at = (from(y, height) * width + from(x, width)) * channels;
            pixels.extend_from_slice(&image.pixels[at..at + channels]);
        }
    }
    Image::new(pixels, side, side, channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_cut_from_its_middle() {
        let pixels = (0..4 * 8).map(|at| at as u8).collect();
        let wide = Image::new(pixels, 4, 8, 1);
        assert_eq!(cut(&wide, 4).pixels[..4], [2, 3, 4, 5]);
        assert_eq!(cut(&wide, 2).pixels, [11, 13, 27, 29]);
        let twice = cut(&wide, 8);
        assert_eq!(twice.pixels[..8], [2, 2, 3, 3, 4, 4, 5, 5]);
    }
}
