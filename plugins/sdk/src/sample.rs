//! Transforms: one sample in, a few values out, on the loader's threads.

use std::marker::PhantomData;

use crate::abi::{self, Ctx, Sampler, Str};
use crate::args::owned;
use crate::problem::{Problem, Result, checked};

/// A transform of one sample value.
pub trait Transform: Send + Sync {
    /// Turns `input` into the outputs that the type function promised, in order, pushed on `out`. `rng` is this call's own
    /// stream: the same sample gets the same numbers whatever the threads or the batch.
    fn apply(&self, input: Sample<'_>, rng: &mut Rng<'_>, out: &mut Out<'_>) -> Result<()>;
}

/// A picture of 8-bit pixels: rows of interleaved channels, `height * width * channels` bytes.
pub struct Image<'a> {
    /// May be changed in place.
    pub pixels: &'a mut [u8],
    /// In pixels.
    pub height: usize,
    /// In pixels.
    pub width: usize,
    /// 1 (grey) or 3 (RGB).
    pub channels: usize,
    id: u64,
}

/// One value of a sample.
pub enum Sample<'a> {
    /// A picture.
    Image(Image<'a>),
    /// A class index.
    Label(u32),
    /// Words.
    Text(String),
    /// A text in pieces: their numbers in the vocabulary of what flows in ([`Out::pieces`]); 0 is padding.
    Tokens(Vec<u32>),
    /// Pictures of one size, the earliest first.
    Clip(Vec<Image<'a>>),
    /// Rectangles: left, top, right and bottom in pixels, right and bottom just outside. All zero: the thing is not seen.
    Boxes(Vec<[f32; 4]>),
    /// Several of one type.
    List(Vec<Sample<'a>>),
}

impl<'a> Sample<'a> {
    /// The picture, where it is one.
    pub fn image(self) -> Result<Image<'a>> {
        match self {
            Sample::Image(image) => Ok(image),
            _ => Err(Problem::new("the transform takes an image")),
        }
    }

    /// The numbers of the pieces, where it is a text in pieces.
    pub fn tokens(self) -> Result<Vec<u32>> {
        match self {
            Sample::Tokens(ids) => Ok(ids),
            _ => Err(Problem::new("the transform takes tokens")),
        }
    }

    /// The frames, where it is a clip.
    pub fn clip(self) -> Result<Vec<Image<'a>>> {
        match self {
            Sample::Clip(frames) => Ok(frames),
            _ => Err(Problem::new("the transform takes a clip")),
        }
    }

    /// The rectangles, where it is such a value.
    pub fn boxes(self) -> Result<Vec<[f32; 4]>> {
        match self {
            Sample::Boxes(boxes) => Ok(boxes),
            _ => Err(Problem::new("the transform takes boxes")),
        }
    }

    pub(crate) fn read(sampler: &'a Sampler, ctx: Ctx) -> Result<Self> {
        let (mut kind, mut count) = (0, 0);
        checked((sampler.input)(ctx, &mut kind, &mut count))?;
        if count == 0 {
            return Self::element(sampler, ctx, kind, 0);
        }
        let elements = (0..count).map(|i| Self::element(sampler, ctx, kind, i));
        Ok(Sample::List(elements.collect::<Result<_>>()?))
    }

    fn element(sampler: &'a Sampler, ctx: Ctx, kind: u32, index: u64) -> Result<Self> {
        Ok(match kind {
            abi::sample::IMAGE => {
                let mut image = EMPTY;
                checked((sampler.input_image)(ctx, index, &mut image))?;
                // SAFETY: the host lends each picture that flows in once, for this call
                Sample::Image(unsafe { Image::lent(image) })
            }
            abi::sample::LABEL => {
                let mut label = 0;
                checked((sampler.input_label)(ctx, index, &mut label))?;
                Sample::Label(label)
            }
            abi::sample::TEXT => {
                let mut text = Str::EMPTY;
                checked((sampler.input_text)(ctx, index, &mut text))?;
                Sample::Text(owned(text))
            }
            abi::sample::TOKENS => {
                let (mut ids, mut count) = (std::ptr::null(), 0);
                checked((sampler.input_tokens)(ctx, index, &mut ids, &mut count))?;
                // SAFETY: the host lends so many ids for the call
                Sample::Tokens(unsafe { copied(ids, count) })
            }
            abi::sample::CLIP => {
                let mut count = 0;
                checked((sampler.input_clip)(ctx, index, &mut count))?;
                let frame = |at| {
                    let mut image = EMPTY;
                    checked((sampler.input_frame)(ctx, index, at, &mut image))?;
                    // SAFETY: the host lends each frame that flows in once, for this call
                    Ok(unsafe { Image::lent(image) })
                };
                Sample::Clip((0..count).map(frame).collect::<Result<_>>()?)
            }
            abi::sample::BOXES => {
                let (mut numbers, mut count) = (std::ptr::null(), 0);
                checked((sampler.input_boxes)(ctx, index, &mut numbers, &mut count))?;
                // SAFETY: the host lends four numbers for each rectangle, for the call
                let numbers = unsafe { copied(numbers, 4 * count) };
                let boxes = numbers.chunks_exact(4);
                Sample::Boxes(boxes.map(|b| [b[0], b[1], b[2], b[3]]).collect())
            }
            kind => {
                let what =
                    format!("what flows in is of kind {kind}, which this plugin does not know");
                return Err(Problem::new(what));
            }
        })
    }
}

/// # Safety
/// `at` leads to `count` values, or `count` is 0.
unsafe fn copied<T: Copy>(at: *const T, count: u64) -> Vec<T> {
    match count {
        0 => Vec::new(),
        // SAFETY: the caller's
        _ => unsafe { std::slice::from_raw_parts(at, count as usize) }.to_vec(),
    }
}

const EMPTY: abi::Image = abi::Image {
    size: size_of::<abi::Image>() as u64,
    id: 0,
    pixels: std::ptr::null_mut(),
    height: 0,
    width: 0,
    channels: 0,
};

impl Image<'_> {
    /// # Safety
    /// The host lends these pixels to nobody else while the image lives.
    unsafe fn lent(image: abi::Image) -> Self {
        let bytes = (image.height * image.width * image.channels) as usize;
        let pixels: &mut [u8] = match bytes {
            0 => &mut [],
            // SAFETY: the host lends `height * width * channels` bytes for the call
            _ => unsafe { std::slice::from_raw_parts_mut(image.pixels, bytes) },
        };
        Image {
            pixels,
            height: image.height as usize,
            width: image.width as usize,
            channels: image.channels as usize,
            id: image.id,
        }
    }
}

/// Where a transform puts what it emits.
pub struct Out<'a> {
    pub(crate) sampler: &'a Sampler,
    pub(crate) ctx: Ctx,
}

impl<'a> Out<'a> {
    /// A picture with unspecified pixels.
    pub fn image(&mut self, height: usize, width: usize, channels: usize) -> Result<Image<'a>> {
        let mut image = EMPTY;
        let (h, w, c) = (height as u64, width as u64, channels as u64);
        checked((self.sampler.new_image)(self.ctx, h, w, c, &mut image))?;
        // SAFETY: the host lends each new picture once, for this call
        Ok(unsafe { Image::lent(image) })
    }

    /// The host's table, where it has what came with ABI 1.3.
    fn later(&self) -> Result<&'a Sampler> {
        match self.sampler.abi_minor {
            0..3 => Err(Problem::new(
                "it needs a Pretext with ABI 1.3: say so with `.every_type()`",
            )),
            _ => Ok(self.sampler),
        }
    }

    /// How many pieces the vocabulary of what flows in has: their numbers are below it.
    pub fn pieces(&self) -> Result<usize> {
        let mut count = 0;
        checked((self.later()?.pieces)(self.ctx, &mut count))?;
        Ok(count as usize)
    }

    /// How a piece is spelt: `sea`, `##side`, `[MASK]`; `None` where there is none of this number.
    pub fn piece(&self, id: u32) -> Result<Option<String>> {
        let mut text = Str::EMPTY;
        match (self.later()?.piece)(self.ctx, id, &mut text) {
            abi::ABSENT => Ok(None),
            status => checked(status).map(|()| Some(owned(text))),
        }
    }

    /// The number of a piece, such as `[MASK]`; `None` where none is spelt so.
    pub fn piece_id(&self, text: &str) -> Result<Option<u32>> {
        let mut id = 0;
        match (self.later()?.piece_id)(self.ctx, Str::new(text), &mut id) {
            abi::ABSENT => Ok(None),
            status => checked(status).map(|()| Some(id)),
        }
    }

    /// Emits a value.
    pub fn push(&mut self, sample: Sample<'_>) -> Result<()> {
        match sample {
            Sample::Image(image) => checked((self.sampler.emit_image)(self.ctx, image.id)),
            Sample::Label(label) => checked((self.sampler.emit_label)(self.ctx, label)),
            Sample::Text(text) => checked((self.later()?.emit_text)(self.ctx, Str::new(&text))),
            Sample::Tokens(ids) => {
                let count = ids.len() as u64;
                checked((self.later()?.emit_tokens)(self.ctx, ids.as_ptr(), count))
            }
            Sample::Clip(frames) => {
                let sampler = self.later()?;
                checked((sampler.open_clip)(self.ctx))?;
                for frame in frames {
                    checked((sampler.emit_image)(self.ctx, frame.id))?;
                }
                checked((sampler.close_clip)(self.ctx))
            }
            Sample::Boxes(boxes) => {
                let (numbers, count) = (boxes.as_flattened(), boxes.len() as u64);
                checked((self.later()?.emit_boxes)(
                    self.ctx,
                    numbers.as_ptr(),
                    count,
                ))
            }
            Sample::List(list) => {
                checked((self.sampler.open_list)(self.ctx))?;
                for sample in list {
                    self.push(sample)?;
                }
                checked((self.sampler.close_list)(self.ctx))
            }
        }
    }
}

/// A call's own stream of random numbers. The methods give the same numbers as those of the host's built-in transforms.
pub struct Rng<'a> {
    random: &'a mut dyn FnMut() -> u32,
    at: PhantomData<&'a ()>,
}

impl<'a> Rng<'a> {
    /// A stream over a source of random bits. The host makes those that transforms get; tests of a transform make their own.
    pub fn new(random: &'a mut dyn FnMut() -> u32) -> Self {
        Self {
            random,
            at: PhantomData,
        }
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        (self.random)()
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻²⁴.
    pub fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform in `[low, high)`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        let high_bits = u64::from(self.next_u32() >> 5);
        let low_bits = u64::from(self.next_u32() >> 6);
        let unit = (high_bits * 67_108_864 + low_bits) as f64 / 9_007_199_254_740_992.0;
        low + (high - low) * unit
    }

    /// Uniform in `0..n`; 0 for `n = 0`. Unbiased (Lemire, 2019).
    pub fn below(&mut self, n: u32) -> u32 {
        if n == 0 {
            return 0;
        }
        loop {
            let product = u64::from(self.next_u32()) * u64::from(n);
            let low = product as u32;
            if low >= n || low >= n.wrapping_neg() % n {
                return (product >> 32) as u32;
            }
        }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.between(0.0, 1.0) < probability
    }

    /// Standard normal (Box–Muller, one of the pair).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.between(0.0, 1.0)).ln()).sqrt();
        let angle = std::f64::consts::TAU * self.between(0.0, 1.0);
        (radius * angle.cos()) as f32
    }

    /// A random order of `0..n` (Fisher–Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for i in (1..n).rev() {
            order.swap(i, self.below(i as u32 + 1) as usize);
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_permutations() {
        let mut state = 7u32;
        let mut next = || {
            state = state.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
            state ^ (state >> 16)
        };
        let mut rng = Rng::new(&mut next);
        let mut order = rng.permutation(9);
        assert_eq!(order.len(), 9);
        order.sort_unstable();
        assert_eq!(order, (0..9).collect::<Vec<u32>>());
        assert_eq!(rng.below(0), 0);
        assert!((0..100).all(|_| rng.below(7) < 7 && rng.uniform() < 1.0));
    }
}
