//! One sample on its way through a plugin's transform: what flows in, what is made and what is emitted.

use std::cell::Cell;
use std::sync::Arc;

use pretext_plugin::abi::{self, Ctx, Status};

use crate::augment::Scratch;
use crate::data::{Crossing, Image, Normalization, Philox, Pieces, Sample};

/// Most bytes of a picture that a plugin may ask for, most pictures of one call, and most values that it may emit.
const MAX_PIXELS: u64 = 1 << 28;
const MAX_IMAGES: usize = 4096;

/// The call.
pub struct Call<'a> {
    /// What flows in: pictures by their place in `images`.
    pub input: Vec<In>,
    /// Whether what flows in is a list.
    pub list: bool,
    images: Vec<Option<Image>>,
    /// Pictures that flowed in.
    flowed: usize,
    out: &'a mut Vec<Sample>,
    /// Elements of the list that is open.
    open: Option<Vec<Sample>>,
    /// Frames of the clip that is open.
    frames: Option<Vec<Image>>,
    /// Its own stream.
    pub rng: &'a mut Philox,
    scratch: &'a mut Scratch,
    normalization: Option<Arc<Normalization>>,
    /// What the numbers of pieces that flow in mean.
    pub pieces: Option<Arc<Pieces>>,
    failed: Option<(String, Status)>,
}

/// A value that flows in.
pub enum In {
    /// A picture.
    Image(usize),
    /// A class index.
    Label(u32),
    /// Words.
    Text(Arc<str>),
    /// The numbers of pieces.
    Tokens(Vec<u32>),
    /// The places of frames.
    Clip(Vec<usize>),
    /// Rectangles.
    Boxes(Vec<[f32; 4]>),
}

impl In {
    /// Its kind in the ABI.
    pub fn kind(&self) -> u32 {
        match self {
            In::Image(_) => abi::sample::IMAGE,
            In::Label(_) => abi::sample::LABEL,
            In::Text(_) => abi::sample::TEXT,
            In::Tokens(_) => abi::sample::TOKENS,
            In::Clip(_) => abi::sample::CLIP,
            In::Boxes(_) => abi::sample::BOXES,
        }
    }
}

thread_local! {
    /// The call of this thread: its number, and where it is. Null between calls.
    static CALL: Cell<(Ctx, *mut Call<'static>)> = const { Cell::new((0, std::ptr::null_mut())) };
}

/// Takes the call away however it ends.
struct Ended(Ctx);

impl Drop for Ended {
    fn drop(&mut self) {
        CALL.set((self.0, std::ptr::null_mut()));
    }
}

impl<'a> Call<'a> {
    /// A call with what flows in.
    pub fn new(
        input: Sample,
        rng: &'a mut Philox,
        scratch: &'a mut Scratch,
        out: &'a mut Vec<Sample>,
    ) -> Self {
        let mut call = Call {
            input: Vec::new(),
            list: input.as_list().is_some(),
            images: Vec::new(),
            flowed: 0,
            out,
            open: None,
            frames: None,
            rng,
            scratch,
            normalization: None,
            pieces: None,
            failed: None,
        };
        match input.into_list() {
            Ok(mut elements) => {
                for element in elements.drain(..) {
                    call.flows_in(element);
                }
                call.scratch.give_list(elements);
            }
            Err(one) => call.flows_in(one),
        }
        call.flowed = call.images.len();
        call
    }

    /// Calls a plugin's function with the number of this call.
    pub fn within(&mut self, run: impl FnOnce(Ctx) -> Status) -> Status {
        // numbers of calls differ per thread in their high bits, by the address of the thread's own cell
        let thread = CALL.with(|cell| std::ptr::from_ref(cell) as u64) << 24;
        let ctx = thread | (CALL.get().0 + 1) & 0xff_ffff;
        CALL.set((ctx, std::ptr::from_mut(self).cast::<Call<'static>>()));
        let _ended = Ended(ctx);
        run(ctx)
    }

    /// Gives buffers back; what went wrong first, and what was left open.
    pub fn end(mut self) -> (Option<(String, Status)>, Option<&'static str>) {
        let frames = self.frames.take();
        let open = match (&frames, &self.open) {
            (Some(_), _) => Some("a clip"),
            (None, Some(_)) => Some("a list"),
            (None, None) => None,
        };
        let images = self.images.drain(..).flatten();
        for image in images.chain(frames.into_iter().flatten()) {
            self.scratch.give(image.pixels);
        }
        (self.failed, open)
    }

    fn flows_in(&mut self, sample: Sample) {
        let input = match sample.cross() {
            Ok(Crossing::Image(image)) => In::Image(self.keep(image)),
            Ok(Crossing::Label(label)) => In::Label(label),
            Ok(Crossing::Text(text)) => In::Text(text),
            Ok(Crossing::Tokens(tokens)) => {
                self.pieces.get_or_insert(tokens.pieces);
                In::Tokens(tokens.ids)
            }
            Ok(Crossing::Clip(frames)) => {
                In::Clip(frames.into_iter().map(|frame| self.keep(frame)).collect())
            }
            Ok(Crossing::Boxes(boxes)) => In::Boxes(boxes),
            Err(other) => {
                // what is in a list in a list does not flow in: the type function has refused it
                self.scratch.recycle(other);
                In::Label(0)
            }
        };
        self.input.push(input);
    }

    /// Its place.
    fn keep(&mut self, image: Image) -> usize {
        if self.normalization.is_none() {
            self.normalization.clone_from(&image.normalization);
        }
        self.images.push(Some(image));
        self.images.len() - 1
    }

    /// A picture that was neither emitted nor invented.
    pub fn image(&mut self, id: usize) -> Option<&mut Image> {
        self.images.get_mut(id)?.as_mut()
    }

    /// The place of another picture; `None` where it is refused.
    pub fn new_image(&mut self, height: u64, width: u64, channels: u64) -> Option<usize> {
        let bytes = height
            .checked_mul(width)
            .and_then(|n| n.checked_mul(channels));
        let (Some(bytes), 1..=4) = (bytes.filter(|n| (1..=MAX_PIXELS).contains(n)), channels)
        else {
            self.misused("it asks for a picture that can't be");
            return None;
        };
        if self.images.len() - self.flowed >= MAX_IMAGES {
            self.misused("it asks for pictures without end");
            return None;
        }
        let pixels = self.scratch.take(bytes as usize);
        self.images.push(Some(Image {
            pixels,
            height: height as usize,
            width: width as usize,
            channels: channels as usize,
            normalization: self.normalization.clone(),
        }));
        Some(self.images.len() - 1)
    }

    /// Emits a picture, or a frame of the clip that is open.
    pub fn emit_image(&mut self, id: u64) -> Status {
        let image = self.images.get_mut(id as usize).and_then(Option::take);
        match (image, &mut self.frames) {
            (None, _) => self.misused("it emits a picture twice, or one that is none"),
            (Some(image), None) => self.emit(Sample::image(image)),
            (Some(image), Some(frames)) => {
                let sizes = |image: &Image| [image.channels, image.height, image.width];
                let alike = frames
                    .first()
                    .is_none_or(|first| sizes(first) == sizes(&image));
                frames.push(image);
                match alike {
                    true => abi::OK,
                    false => self.misused("the frames of a clip that it emits differ in size"),
                }
            }
        }
    }

    /// Emits another value.
    pub fn emit(&mut self, sample: Sample) -> Status {
        if self.frames.is_some() {
            return self.misused("it emits something else than a picture as a frame of a clip");
        }
        let open = self.open.as_mut();
        match open.unwrap_or(self.out) {
            full if full.len() >= MAX_IMAGES => self.misused("it emits without end"),
            to => {
                to.push(sample);
                abi::OK
            }
        }
    }

    /// What is emitted is an element of a list from here on.
    pub fn open_list(&mut self) -> Status {
        if self.open.is_some() {
            return self.misused("it opens a list in a list");
        }
        if self.frames.is_some() {
            return self.misused("it opens a list in a clip");
        }
        self.open = Some(self.scratch.take_list());
        abi::OK
    }

    /// Ends the list.
    pub fn close_list(&mut self) -> Status {
        match self.open.take() {
            Some(list) => self.emit(Sample::list(list)),
            None => self.misused("it closes a list that is not open"),
        }
    }

    /// What is emitted is a frame from here on.
    pub fn open_clip(&mut self) -> Status {
        if self.frames.is_some() {
            return self.misused("it opens a clip in a clip");
        }
        self.frames = Some(Vec::new());
        abi::OK
    }

    /// Ends the clip.
    pub fn close_clip(&mut self) -> Status {
        match self.frames.take() {
            Some(frames) if frames.is_empty() => self.misused("it emits a clip without a frame"),
            Some(frames) => self.emit(Sample::clip(frames)),
            None => self.misused("it closes a clip that is not open"),
        }
    }

    /// Something that breaks the rules.
    pub fn misused(&mut self, what: &str) -> Status {
        self.fail(what.to_owned(), abi::MISUSED)
    }

    /// Something went wrong; the first that did counts.
    pub fn fail(&mut self, what: String, status: Status) -> Status {
        self.failed.get_or_insert((what, status));
        status
    }
}

/// Does a transform's bidding in its call.
pub fn serve<T>(ctx: Ctx, stale: T, work: impl FnOnce(&mut Call<'_>) -> T) -> T {
    let (number, call) = CALL.get();
    if call.is_null() || number != ctx {
        return stale;
    }
    // SAFETY: it is not null, so `within` on this thread's stack waits for the plugin and touches nothing of it
    work(unsafe { &mut *call })
}

/// Writes a result.
pub fn give<T>(call: &mut Call<'_>, to: *mut T, value: T) -> Status {
    if to.is_null() || !to.is_aligned() {
        return call.misused("the place for a result is null");
    }
    // SAFETY: the ABI: it leads to room for one value
    unsafe { to.write(value) };
    abi::OK
}
