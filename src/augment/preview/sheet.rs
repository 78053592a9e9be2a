//! A picture to draw pictures and text on.

use std::convert::Infallible;

use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::iso_8859_1::FONT_6X10;
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::*;
use embedded_graphics::text::{Baseline, Text};

use super::LETTER;
use crate::data::Image;

/// A picture to draw on.
pub(super) struct Sheet(Image);

impl Sheet {
    pub fn new(image: Image) -> Self {
        Self(image)
    }

    /// What was drawn.
    pub fn done(self) -> Image {
        self.0
    }

    /// A picture with its corner there.
    pub fn picture(&mut self, image: &Image, left: usize, top: usize) {
        for y in 0..image.height {
            for x in 0..image.width {
                let from =
                    &image.pixels[(y * image.width + x) * image.channels..][..image.channels];
                let to = ((top + y) * self.0.width + left + x) * 3;
                let rgb = if image.channels >= 3 {
                    [from[0], from[1], from[2]]
                } else {
                    [from[0]; 3]
                };
                self.0.pixels[to..to + 3].copy_from_slice(&rgb);
            }
        }
    }

    /// One line, cut to `width` pixels.
    pub fn text(&mut self, text: &str, left: usize, top: usize, width: usize) {
        let text: String = text.chars().take(width / LETTER).collect();
        let style = MonoTextStyle::new(&FONT_6X10, Rgb888::new(40, 40, 40));
        let at = Point::new(left as i32, top as i32);
        // drawing into memory can't fail
        let Ok(_) = Text::with_baseline(&text, at, style, Baseline::Top).draw(self);
    }
}

impl OriginDimensions for Sheet {
    fn size(&self) -> Size {
        Size::new(self.0.width as u32, self.0.height as u32)
    }
}

impl DrawTarget for Sheet {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Infallible> {
        for Pixel(at, color) in pixels {
            let (Ok(x), Ok(y)) = (usize::try_from(at.x), usize::try_from(at.y)) else {
                continue;
            };
            if x < self.0.width && y < self.0.height {
                let to = (y * self.0.width + x) * 3;
                self.0.pixels[to..to + 3].copy_from_slice(&[color.r(), color.g(), color.b()]);
            }
        }
        Ok(())
    }
}
