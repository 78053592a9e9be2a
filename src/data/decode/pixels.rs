//! Decoded values of any depth, with or without transparency, to bytes of one or three channels.

use super::look::{Channels, Depth, Look};
use crate::data::Image;

/// Decoded values, rows of interleaved channels.
pub(super) enum Values {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
    /// With the two that become 0 and 255.
    Floats(Vec<f32>, f64, f64),
}

impl Values {
    /// From bytes in the machine's order.
    pub fn words(bytes: &[u8]) -> Self {
        let words = bytes
            .chunks_exact(2)
            .map(|b| u16::from_ne_bytes([b[0], b[1]]));
        Self::Words(words.collect())
    }

    /// From bytes in the machine's order, of any number type; `low` and `high` are the smallest and the largest that it stands for.
    pub fn numbers<const N: usize, T: Number>(
        bytes: &[u8],
        read: fn([u8; N]) -> T,
        low: f64,
        high: f64,
    ) -> Self {
        let (numbers, _) = bytes.as_chunks::<N>();
        let floats = numbers.iter().map(|bytes| read(*bytes).narrow());
        Self::Floats(floats.collect(), low, high)
    }
}

/// A number as a float of 32 bits, which is more than a picture of 8 bits can show.
pub(super) trait Number {
    fn narrow(self) -> f32;
}

macro_rules! numbers {
    ($($ty:ty)*) => {
        $(impl Number for $ty {
            fn narrow(self) -> f32 {
                self as f32
            }
        })*
    };
}

numbers!(i8 i16 i32 u32 f32 f64);

/// A decoded picture.
pub(super) struct Raster {
    pub values: Values,
    /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Raster {
    /// The picture as a data set has it.
    pub fn finish(self, look: &Look) -> Image {
        let (height, width) = (self.height, self.width);
        let own = self.channels;
        let bytes = match self.values {
            Values::Bytes(bytes) => bytes,
            Values::Words(words) => narrow(&words, own, look.depth, (0.0, 65_535.0), |word| {
                // rounds as integer arithmetic does, without a division by a real number
                ((u32::from(word) + 128) / 257) as u8
            }),
            Values::Floats(floats, low, high) => {
                narrow(&floats, own, look.depth, (low, high), |x| {
                    scaled(x.into(), (low, high))
                })
            }
        };
        let pixels = match (own, look.channels) {
            (1, Channels::Grey) | (3, Channels::Rgb) => bytes,
            (1, Channels::Rgb) => bytes.iter().flat_map(|v| [*v; 3]).collect(),
            (2, Channels::Grey) => {
                let behind = luma(&look.background);
                let pixels = bytes.chunks_exact(2);
                pixels.map(|p| over(p[0], p[1], behind)).collect()
            }
            (2, Channels::Rgb) => {
                let pixels = bytes.chunks_exact(2);
                pixels
                    .flat_map(|p| look.background.map(|behind| over(p[0], p[1], behind)))
                    .collect()
            }
            (3, Channels::Grey) => bytes.chunks_exact(3).map(luma).collect(),
            (_, channels) => {
                let rgb = bytes.chunks_exact(4).map(|p| {
                    let [r, g, b] = look.background;
                    [
                        over(p[0], p[3], r),
                        over(p[1], p[3], g),
                        over(p[2], p[3], b),
                    ]
                });
                match channels {
                    Channels::Rgb => rgb.flatten().collect(),
                    Channels::Grey => rgb.map(|p| luma(&p)).collect(),
                }
            }
        };
        Image::new(pixels, height, width, look.channels.count())
    }
}

/// `value` with the opacity `alpha` over what lies behind, rounded to the nearest.
fn over(value: u8, alpha: u8, behind: u8) -> u8 {
    let (value, alpha, behind) = (u32::from(value), u32::from(alpha), u32::from(behind));
    ((value * alpha + behind * (255 - alpha) + 127) / 255) as u8
}

/// `L = (19595 R + 38470 G + 7471 B + 32768) / 65536`
fn luma(p: &[u8]) -> u8 {
    let sum = u32::from(p[0]) * 19_595 + u32::from(p[1]) * 38_470 + u32::from(p[2]) * 7_471;
    ((sum + 0x8000) >> 16) as u8
}

/// Where `x` lies between two values, in 0..=255; what lies outside is cut off, and what is no number is 0.
fn scaled(x: f64, (low, high): (f64, f64)) -> u8 {
    ((x - low) / (high - low) * 255.0).round().clamp(0.0, 255.0) as u8
}

/// Values of more than 8 bits to bytes. Alpha always has the full range.
fn narrow<T: Copy + Into<f64>>(
    values: &[T],
    channels: usize,
    depth: Depth,
    all: (f64, f64),
    full: impl Fn(T) -> u8,
) -> Vec<u8> {
    let is_alpha = |at: usize| channels.is_multiple_of(2) && at % channels == channels - 1;
    let ends = match depth {
        Depth::Full => return values.iter().map(|value| full(*value)).collect(),
        Depth::Between(low, high) => (low, high),
        Depth::Percentiles => {
            let colours = values.iter().enumerate().filter(|(at, _)| !is_alpha(*at));
            percentiles(colours.map(|(_, value)| (*value).into()).collect()).unwrap_or(all)
        }
    };
    let narrowed = values
        .iter()
        .enumerate()
        .map(|(at, value)| match is_alpha(at) {
            true => full(*value),
            false => scaled((*value).into(), ends),
        });
    narrowed.collect()
}

/// The 1st and the 99th percentile (nearest rank); `None` where they are one value.
fn percentiles(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.retain(|value| value.is_finite());
    let last = values.len().checked_sub(1)?;
    let mut rank = |part: f64| {
        let at = (part * last as f64).round() as usize;
        *values.select_nth_unstable_by(at, f64::total_cmp).1
    };
    let (low, high) = (rank(0.01), rank(0.99));
    (low < high).then_some((low, high))
}
