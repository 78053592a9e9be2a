//! `clip[t, c, h, w]`: pictures of one size in the order of time.

use std::fmt;

use super::{
    Asked, Cell, Clip, Drawing, Fields, Image, ImageType, Loose, Numbers, Prepared, Sample,
    SampleType, Tensor, Value, View, inside, same, shown, size,
};
use crate::augment::Scratch;
use crate::catalog::Result;
use crate::data::DataError;

/// Frames that a strip shows at most; of longer clips these, evenly spaced.
const DRAWN: usize = 8;

/// The sizes of a clip, as far as they are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipType {
    /// How many frames.
    pub frames: Option<usize>,
    /// What each of them is.
    pub frame: ImageType,
}

impl ClipType {
    /// Of so many frames.
    pub fn of(frames: Option<usize>, frame: ImageType) -> SampleType {
        SampleType::Clip(Self { frames, frame })
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (frames, frame) = match text {
            "clip" => (None, ImageType::parse("image")?),
            _ => {
                let (frames, frame) = inside(text, "clip[", ']')?.split_once(',')?;
                (size(frames)?, ImageType::parse(&format!("image[{frame}]"))?)
            }
        };
        Some(Self { frames, frame })
    }

    fn known(&self) -> Option<[usize; 4]> {
        let [channels, height, width] = self.frame.known()?;
        Some([self.frames?, channels, height, width])
    }
}

impl SampleType {
    /// A clip of which nothing else is known.
    pub const CLIP: SampleType = SampleType::Clip(ClipType {
        frames: None,
        frame: ImageType::ANY,
    });

    /// A clip of so many frames.
    pub fn clip(frames: usize) -> Self {
        ClipType::of(Some(frames), ImageType::ANY)
    }

    /// The sizes, where it is a clip.
    pub fn as_clip(&self) -> Option<&ClipType> {
        match self {
            SampleType::Clip(ty) => Some(ty),
            _ => None,
        }
    }
}

/// The only, or first, clip of a record.
pub fn first_clip(fields: &Fields) -> Option<(&str, &ClipType)> {
    let mut clips = fields.iter();
    clips.find_map(|(name, ty)| Some((name.as_str(), ty.as_clip()?)))
}

/// Which `n` of `all` frames stand for a clip: the middle one of each of `n` equal parts.
pub fn evenly_spaced(n: usize, all: usize) -> impl Iterator<Item = usize> {
    (0..n).map(move |part| (2 * part + 1) * all / (2 * n))
}

impl fmt::Display for ClipType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if SampleType::Clip(*self) == SampleType::CLIP {
            return f.write_str("clip");
        }
        let frame = [self.frame.channels, self.frame.height, self.frame.width];
        let [c, h, w] = frame.map(shown);
        write!(f, "clip[{}, {c}, {h}, {w}]", shown(self.frames))
    }
}

impl Asked for ClipType {
    fn word(&self) -> String {
        "clip".into()
    }

    fn noun(&self) -> &'static str {
        "clip"
    }

    fn sizes(&self) -> Vec<(&'static str, Option<usize>)> {
        let mut sizes = vec![("frames", self.frames)];
        sizes.extend(self.frame.sizes());
        sizes
    }

    fn fits(&self, wanted: &SampleType) -> bool {
        wanted.as_clip().is_some_and(|wanted| {
            same(self.frames, wanted.frames) && self.frame.fits(&wanted.frame.into())
        })
    }

    fn wider(&self, other: &SampleType) -> Option<SampleType> {
        let other = other.as_clip()?;
        let frame = self.frame.wider(&other.frame.into())?;
        let frames = self.frames.filter(|_| self.frames == other.frames);
        Some(Self::of(frames, *frame.as_image()?))
    }

    fn frame(&self) -> Option<(SampleType, Option<usize>)> {
        Some((self.frame.into(), self.frames))
    }

    fn holds(&self, value: &Sample) -> bool {
        value.as_clip().is_some_and(|clip| {
            let holds = |frame: &Image| {
                same(self.frame.channels, Some(frame.channels))
                    && same(self.frame.height, Some(frame.height))
                    && same(self.frame.width, Some(frame.width))
            };
            same(self.frames, Some(clip.frames.len())) && clip.frames.iter().all(holds)
        })
    }

    fn crosses(&self) -> Option<u32> {
        Some(3)
    }

    fn tensors(&self) -> Result<Vec<Tensor>, Loose> {
        let own = SampleType::Clip(*self);
        match (self.known(), self.frames) {
            (Some(sizes), _) => Ok(vec![Tensor::floats(sizes.to_vec())]),
            (None, None) => Err(Loose::any_size(
                own,
                "take a fixed number of frames: `sample_frames(3)`",
            )),
            (None, Some(_)) => Err(Loose::any_size(
                own,
                "make the frames one size: `random_resized_crop(32px)`, or `resize(32px, sides = both)`",
            )),
        }
    }

    /// Evenly spaced frames, each as a picture is viewed.
    fn view(&self, prepared: &Prepared, found: &SampleType, data: &str) -> Result<View> {
        let (frame, own) = match found.as_clip() {
            Some(clip) => (clip.frame, clip.frames),
            None => (ImageType::ANY, None),
        };
        let each = self.frame.view(prepared, &frame.into(), data)?;
        let mut view = View::default();
        if let Some(frames) = self.frames.filter(|frames| own != Some(*frames)) {
            view.steps += &format!(" |> sample_frames({frames}, at = even)");
            let frames = match frames {
                1 => "the frame in the middle".to_owned(),
                _ => format!("{frames} frames evenly spaced"),
            };
            view.words.push(frames);
        }
        view.steps += &each.steps;
        view.words.extend(each.words);
        Ok(view)
    }

    fn shaped(&self, shape: &[usize]) -> Option<SampleType> {
        let [frames, channels, height, width] = *shape else {
            return None;
        };
        let frame = SampleType::image(channels, height, width);
        Some(Self::of(Some(frames), *frame.as_image()?))
    }
}

impl Sample {
    /// A clip of frames of one size, the earliest first.
    pub fn clip(frames: Vec<Image>) -> Self {
        Sample::Clip(Clip { frames })
    }

    /// The clip, where it is one.
    pub fn as_clip(&self) -> Option<&Clip> {
        match self {
            Sample::Clip(clip) => Some(clip),
            _ => None,
        }
    }

    /// The frames, where it is a clip; else the value itself.
    pub fn into_frames(self) -> Result<Vec<Image>, Sample> {
        match self {
            Sample::Clip(clip) => Ok(clip.frames),
            other => Err(other),
        }
    }
}

impl Value for Clip {
    fn kind(&self) -> &'static str {
        "a clip"
    }

    fn shown(&self) -> String {
        let frame = self.frames.first().map(|frame| frame.shown());
        let sizes = frame.and_then(|text| Some(inside(&text, "image[", ']')?.to_owned()));
        match sizes {
            Some(sizes) => format!("clip[{}, {sizes}]", self.frames.len()),
            None => "a clip without a frame".into(),
        }
    }

    fn write<'a>(&self, cells: &mut dyn Iterator<Item = Cell<'a>>) -> Result<(), DataError> {
        let cell = Cell::next(cells)?;
        let (Numbers::F32(_), [frames, sizes @ ..], 4) =
            (&cell.numbers, cell.shape, cell.shape.len())
        else {
            return Err(cell.another());
        };
        if *frames != self.frames.len() {
            return Err(cell.wrong(&format!("a clip of {} frames", self.frames.len())));
        }
        let other = |frame: &&Image| [frame.channels, frame.height, frame.width] != *sizes;
        if let Some(frame) = self.frames.iter().find(other) {
            return Err(cell.wrong(&format!(
                "a clip with a frame of {} channels, {} by {} pixels",
                frame.channels, frame.width, frame.height
            )));
        }
        let numbers: usize = sizes.iter().product();
        if let Numbers::F32(out) = cell.numbers
            && numbers > 0
        {
            for (frame, out) in self.frames.iter().zip(out.chunks_exact_mut(numbers)) {
                frame.write_chw(out);
            }
        }
        Ok(())
    }

    fn copy(&self, scratch: &mut Scratch) -> Sample {
        let frames = self.frames.iter().map(|frame| scratch.copy_image(frame));
        Sample::clip(frames.collect())
    }

    fn give_back(&mut self, scratch: &mut Scratch) {
        for frame in self.frames.drain(..) {
            scratch.give(frame.pixels);
        }
    }

    /// A few frames, evenly spaced.
    fn draw(&self, name: &str, _classes: &[String], into: &mut Vec<(String, Drawing)>) {
        let n = self.frames.len().min(DRAWN);
        let chosen = evenly_spaced(n, self.frames.len());
        let frames = chosen.filter_map(|at| self.frames.get(at).cloned());
        into.push((name.to_owned(), Drawing::Strip(frames.collect())));
    }
}
