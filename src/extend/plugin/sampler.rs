//! The table of functions that a plugin's transform is given for one sample, and the transform around it.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::Arc;

use pretext_plugin::abi::{self, Ctx, Sampler, Status, Str, sample};

use super::guard::Inside;
use super::read::text;
use crate::augment::{Scratch, Transform};
use crate::data::{Crossing, DataError, Image, Normalization, Philox, Sample, SampleType};

/// The table.
pub static SAMPLER: Sampler = Sampler {
    size: size_of::<Sampler>() as u64,
    abi_major: abi::MAJOR,
    abi_minor: abi::MINOR,
    input,
    input_image,
    input_label,
    input_text,
    random,
    new_image,
    emit_image,
    emit_label,
    open_list,
    close_list,
    fail,
};

/// Most bytes of a picture that a plugin may ask for, and most pictures of one call.
const MAX_PIXELS: u64 = 1 << 28;
const MAX_IMAGES: usize = 4096;

/// What a plugin's `make` gave, until its `free`.
pub struct Made {
    /// Whose it is: `plugin acme 0.3.1`
    pub plugin: String,
    /// The description.
    pub table: abi::Transform,
    /// What `make` gave.
    pub state: *mut c_void,
}

// SAFETY: the ABI: what `make` gave may be used by several threads at once
unsafe impl Send for Made {}
// SAFETY: the same
unsafe impl Sync for Made {}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(free) = self.table.free {
            let _inside = Inside::enter(&self.plugin);
            free(self.table.data, self.state);
        }
    }
}

/// A transform of a plugin.
pub struct Applied {
    /// Its name.
    pub name: String,
    pub made: Made,
    /// What its type function promised.
    pub promised: Vec<SampleType>,
}

/// One sample on its way through a plugin.
struct Call<'a> {
    /// What flows in: pictures by their place in `images`.
    input: Vec<In>,
    /// Whether what flows in is a list.
    list: bool,
    images: Vec<Option<Image>>,
    out: &'a mut Vec<Sample>,
    /// Elements of the list that is open.
    open: Option<Vec<Sample>>,
    rng: &'a mut Philox,
    scratch: &'a mut Scratch,
    normalization: Option<Arc<Normalization>>,
    failed: Option<(String, Status)>,
}

enum In {
    Image(usize),
    Label(u32),
    Text(Arc<str>),
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

impl Transform for Applied {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let Some(apply) = self.made.table.apply else {
            return Err(self.error("has no function `apply`".into()));
        };
        let first = out.len();
        let list = input.as_list().is_some();
        let mut call = Call {
            input: Vec::new(),
            list,
            images: Vec::new(),
            out,
            open: None,
            rng,
            scratch,
            normalization: None,
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
        // numbers of calls differ per thread in their high bits, by the address of the thread's own cell
        let thread = CALL.with(|cell| std::ptr::from_ref(cell) as u64) << 24;
        let ctx = thread | (CALL.get().0 + 1) & 0xff_ffff;
        CALL.set((ctx, (&raw mut call).cast::<Call<'static>>()));
        let ended = Ended(ctx);
        let inside = Inside::enter(&self.made.plugin);
        let status = apply(self.made.table.data, self.made.state, &SAMPLER, ctx);
        drop(inside);
        drop(ended);
        let failed = call.failed.take();
        let open = call.open.is_some();
        for image in call.images.drain(..).flatten() {
            call.scratch.give(image.pixels);
        }
        match (failed, status) {
            (Some((message, abi::PANICKED)), _) => {
                return Err(self.error(format!("panicked: {message}")));
            }
            (Some((message, _)), _) => return Err(self.error(format!("failed: {message}"))),
            (None, abi::OK) => {}
            (None, status) => return Err(self.error(format!("failed with status {status}"))),
        }
        if open {
            return Err(self.error("left a list open".into()));
        }
        self.as_promised(&out[first..])
    }
}

impl Applied {
    fn error(&self, what: String) -> DataError {
        DataError::new(format!("`{}` of {} {what}", self.name, self.made.plugin))
    }

    /// What was emitted is what the type function said: the batch relies on it.
    fn as_promised(&self, emitted: &[Sample]) -> Result<(), DataError> {
        if emitted.len() == self.promised.len()
            && emitted
                .iter()
                .zip(&self.promised)
                .all(|(sample, ty)| ty.holds(sample))
        {
            return Ok(());
        }
        let promised: Vec<String> = self.promised.iter().map(SampleType::to_string).collect();
        let found: Vec<String> = emitted.iter().map(Sample::shown).collect();
        Err(self.error(format!(
            "promised {} and emitted {}",
            promised.join(", "),
            if found.is_empty() {
                "nothing".into()
            } else {
                found.join(", ")
            }
        )))
    }
}

impl Call<'_> {
    fn flows_in(&mut self, sample: Sample) {
        self.input.push(match sample.cross() {
            Ok(Crossing::Image(image)) => {
                if self.normalization.is_none() {
                    self.normalization.clone_from(&image.normalization);
                }
                self.images.push(Some(image));
                In::Image(self.images.len() - 1)
            }
            Ok(Crossing::Label(label)) => In::Label(label),
            Ok(Crossing::Text(text)) => In::Text(text),
            Err(other) => {
                // what is in a list in a list does not flow in: the type function has refused it
                self.scratch.recycle(other);
                In::Label(0)
            }
        });
    }

    fn misused(&mut self, what: &str) -> Status {
        self.failed
            .get_or_insert_with(|| (what.to_owned(), abi::MISUSED));
        abi::MISUSED
    }

    fn emit(&mut self, sample: Sample) -> Status {
        let open = self.open.as_mut();
        match open.unwrap_or(self.out) {
            full if full.len() >= MAX_IMAGES => self.misused("it emits without end"),
            to => {
                to.push(sample);
                abi::OK
            }
        }
    }
}

/// Does a transform's bidding in its call.
fn serve<T>(ctx: Ctx, stale: T, work: impl FnOnce(&mut Call<'_>) -> T) -> T {
    let (number, call) = CALL.get();
    if call.is_null() || number != ctx {
        return stale;
    }
    // SAFETY: it is not null, so `apply` below on this thread's stack waits for the plugin and touches nothing of it
    work(unsafe { &mut *call })
}

fn give<T>(call: &mut Call<'_>, to: *mut T, value: T) -> Status {
    if to.is_null() || !to.is_aligned() {
        return call.misused("the place for a result is null");
    }
    // SAFETY: the ABI: it leads to room for one value
    unsafe { to.write(value) };
    abi::OK
}

extern "C" fn input(ctx: Ctx, kind: *mut u32, count: *mut u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        let own = match call.input.first() {
            Some(In::Label(_)) => sample::LABEL,
            Some(In::Text(_)) => sample::TEXT,
            Some(In::Image(_)) | None => sample::IMAGE,
        };
        let n = if call.list {
            call.input.len() as u64
        } else {
            0
        };
        match give(call, kind, own) {
            abi::OK => give(call, count, n),
            status => status,
        }
    })
}

/// Lends a picture to the plugin.
fn lend(call: &mut Call<'_>, id: usize, to: *mut abi::Image) -> Status {
    if to.is_null() || !to.is_aligned() {
        return call.misused("the place for a picture is null");
    }
    // SAFETY: the ABI: a `pretext_image` begins with its size
    let size = unsafe { to.cast::<u64>().read() };
    if size < 48 {
        return call.misused("a pretext_image is too short");
    }
    let Some(Some(image)) = call.images.get_mut(id) else {
        return call.misused("there is no such picture, or it was emitted");
    };
    let lent = abi::Image {
        size,
        id: id as u64,
        pixels: image.pixels.as_mut_ptr(),
        height: image.height as u64,
        width: image.width as u64,
        channels: image.channels as u64,
    };
    give(call, to, lent)
}

extern "C" fn input_image(ctx: Ctx, index: u64, image: *mut abi::Image) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.input.get(index as usize) {
            Some(In::Image(id)) => {
                let id = *id;
                lend(call, id, image)
            }
            _ => call.misused("what flows in is no picture"),
        }
    })
}

extern "C" fn input_label(ctx: Ctx, index: u64, label: *mut u32) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.input.get(index as usize) {
            Some(In::Label(own)) => {
                let own = *own;
                give(call, label, own)
            }
            _ => call.misused("what flows in is no label"),
        }
    })
}

extern "C" fn input_text(ctx: Ctx, index: u64, to: *mut Str) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.input.get(index as usize) {
            Some(In::Text(own)) => {
                // it stays where it is as long as the call holds it
                let lent = Str::new(own);
                give(call, to, lent)
            }
            _ => call.misused("what flows in is no text"),
        }
    })
}

extern "C" fn random(ctx: Ctx) -> u32 {
    serve(ctx, 0, |call| call.rng.next_u32())
}

extern "C" fn new_image(
    ctx: Ctx,
    height: u64,
    width: u64,
    channels: u64,
    image: *mut abi::Image,
) -> Status {
    serve(ctx, abi::STALE, |call| {
        let bytes = height
            .checked_mul(width)
            .and_then(|n| n.checked_mul(channels));
        let (Some(bytes), 1..=4) = (bytes.filter(|n| (1..=MAX_PIXELS).contains(n)), channels)
        else {
            return call.misused("it asks for a picture that can't be");
        };
        if call.images.len() >= MAX_IMAGES {
            return call.misused("it asks for pictures without end");
        }
        let pixels = call.scratch.take(bytes as usize);
        call.images.push(Some(Image {
            pixels,
            height: height as usize,
            width: width as usize,
            channels: channels as usize,
            normalization: call.normalization.clone(),
        }));
        let id = call.images.len() - 1;
        lend(call, id, image)
    })
}

extern "C" fn emit_image(ctx: Ctx, id: u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.images.get_mut(id as usize).and_then(Option::take) {
            Some(image) => call.emit(Sample::image(image)),
            None => call.misused("it emits a picture twice, or one that is none"),
        }
    })
}

extern "C" fn emit_label(ctx: Ctx, label: u32) -> Status {
    serve(ctx, abi::STALE, |call| call.emit(Sample::label(label)))
}

extern "C" fn open_list(ctx: Ctx) -> Status {
    serve(ctx, abi::STALE, |call| {
        if call.open.is_some() {
            return call.misused("it opens a list in a list");
        }
        call.open = Some(call.scratch.take_list());
        abi::OK
    })
}

extern "C" fn close_list(ctx: Ctx) -> Status {
    serve(ctx, abi::STALE, |call| match call.open.take() {
        Some(list) => call.emit(Sample::list(list)),
        None => call.misused("it closes a list that is not open"),
    })
}

extern "C" fn fail(ctx: Ctx, message: Str, status: Status) -> Status {
    serve(ctx, abi::STALE, |call| {
        // SAFETY: the ABI: a string is `len` bytes, lent for the call
        let said = unsafe { text(message) }
            .unwrap_or("it did not say why")
            .to_owned();
        call.failed.get_or_insert((said, status));
        status
    })
}
