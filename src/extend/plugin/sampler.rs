//! The table of functions that a plugin's transform is given for one sample.

use pretext_plugin::abi::{self, Ctx, Sampler, Status, Str, sample};

use super::call::{Call, In, give, serve};
use super::read::{numbers, text};
use crate::data::Sample;

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
    emit_text,
    input_tokens,
    emit_tokens,
    pieces,
    piece,
    piece_id,
    input_clip,
    input_frame,
    open_clip,
    close_clip,
    input_boxes,
    emit_boxes,
};

/// Most pieces of a text and most rectangles that are emitted as one value.
const MAX_TOKENS: u64 = 1 << 20;
const MAX_BOXES: u64 = 1 << 16;

extern "C" fn input(ctx: Ctx, kind: *mut u32, count: *mut u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        let own = call.input.first().map_or(sample::IMAGE, In::kind);
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
    let Some(image) = call.image(id) else {
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
        let Some(id) = call.new_image(height, width, channels) else {
            return abi::MISUSED;
        };
        lend(call, id, image)
    })
}

extern "C" fn emit_image(ctx: Ctx, id: u64) -> Status {
    serve(ctx, abi::STALE, |call| call.emit_image(id))
}

extern "C" fn emit_label(ctx: Ctx, label: u32) -> Status {
    serve(ctx, abi::STALE, |call| call.emit(Sample::label(label)))
}

extern "C" fn open_list(ctx: Ctx) -> Status {
    serve(ctx, abi::STALE, |call| call.open_list())
}

extern "C" fn close_list(ctx: Ctx) -> Status {
    serve(ctx, abi::STALE, |call| call.close_list())
}

extern "C" fn fail(ctx: Ctx, message: Str, status: Status) -> Status {
    serve(ctx, abi::STALE, |call| {
        // SAFETY: the ABI: a string is `len` bytes, lent for the call
        let said = unsafe { text(message) }
            .unwrap_or("it did not say why")
            .to_owned();
        call.fail(said, status)
    })
}

extern "C" fn emit_text(ctx: Ctx, words: Str) -> Status {
    serve(ctx, abi::STALE, |call| {
        // SAFETY: the ABI: a string is `len` bytes, lent for the call
        match unsafe { text(words) } {
            Ok(words) => call.emit(Sample::text(words)),
            Err(why) => call.misused(&format!("it emits words that are none: {why}")),
        }
    })
}

/// Lends numbers to the plugin: they stay where they are as long as the call holds them.
fn lend_all<T>(
    call: &mut Call<'_>,
    own: (*const T, u64),
    at: *mut *const T,
    n: *mut u64,
) -> Status {
    match give(call, at, own.0) {
        abi::OK => give(call, n, own.1),
        status => status,
    }
}

extern "C" fn input_tokens(ctx: Ctx, index: u64, ids: *mut *const u32, count: *mut u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.input.get(index as usize) {
            Some(In::Tokens(own)) => {
                let own = (own.as_ptr(), own.len() as u64);
                lend_all(call, own, ids, count)
            }
            _ => call.misused("what flows in is no text in pieces"),
        }
    })
}

extern "C" fn emit_tokens(ctx: Ctx, ids: *const u32, count: u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        let Some(pieces) = call.pieces.clone() else {
            return call.misused("it emits tokens, and none flow in: there is no vocabulary");
        };
        // SAFETY: the ABI: `count` numbers, lent for the call
        let ids = match unsafe { numbers(ids, count, MAX_TOKENS) } {
            Ok(ids) => ids,
            Err(why) => return call.misused(&format!("it emits tokens that are none: {why}")),
        };
        if let Some(id) = ids.iter().find(|id| **id as usize >= pieces.len()) {
            let n = pieces.len();
            return call.misused(&format!("it emits piece {id} of a vocabulary of {n}"));
        }
        call.emit(Sample::tokens(ids, pieces))
    })
}

extern "C" fn pieces(ctx: Ctx, count: *mut u64) -> Status {
    serve(ctx, abi::STALE, |call| match &call.pieces {
        Some(pieces) => {
            let n = pieces.len() as u64;
            give(call, count, n)
        }
        None => call.misused("what flows in has no vocabulary"),
    })
}

extern "C" fn piece(ctx: Ctx, id: u32, to: *mut Str) -> Status {
    serve(ctx, abi::STALE, |call| match &call.pieces {
        // it stays where it is as long as the call holds its vocabulary
        Some(pieces) => match pieces.token(id).map(Str::new) {
            Some(lent) => give(call, to, lent),
            None => abi::ABSENT,
        },
        None => call.misused("what flows in has no vocabulary"),
    })
}

extern "C" fn piece_id(ctx: Ctx, words: Str, id: *mut u32) -> Status {
    serve(ctx, abi::STALE, |call| {
        // SAFETY: the ABI: a string is `len` bytes, lent for the call
        let words = unsafe { text(words) };
        match (&call.pieces, words) {
            (Some(pieces), Ok(words)) => match pieces.id(words) {
                Some(own) => give(call, id, own),
                None => abi::ABSENT,
            },
            (None, _) => call.misused("what flows in has no vocabulary"),
            (_, Err(why)) => call.misused(&format!("it asks for a piece that is none: {why}")),
        }
    })
}

extern "C" fn input_clip(ctx: Ctx, index: u64, frames: *mut u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.input.get(index as usize) {
            Some(In::Clip(own)) => {
                let n = own.len() as u64;
                give(call, frames, n)
            }
            _ => call.misused("what flows in is no clip"),
        }
    })
}

extern "C" fn input_frame(ctx: Ctx, index: u64, frame: u64, image: *mut abi::Image) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.input.get(index as usize) {
            Some(In::Clip(own)) => match own.get(frame as usize).copied() {
                Some(id) => lend(call, id, image),
                None => call.misused("the clip that flows in has no such frame"),
            },
            _ => call.misused("what flows in is no clip"),
        }
    })
}

extern "C" fn open_clip(ctx: Ctx) -> Status {
    serve(ctx, abi::STALE, |call| call.open_clip())
}

extern "C" fn close_clip(ctx: Ctx) -> Status {
    serve(ctx, abi::STALE, |call| call.close_clip())
}

extern "C" fn input_boxes(ctx: Ctx, index: u64, own: *mut *const f32, count: *mut u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        match call.input.get(index as usize) {
            Some(In::Boxes(boxes)) => {
                let lent = (boxes.as_flattened().as_ptr(), boxes.len() as u64);
                lend_all(call, lent, own, count)
            }
            _ => call.misused("what flows in is no row of boxes"),
        }
    })
}

extern "C" fn emit_boxes(ctx: Ctx, own: *const f32, count: u64) -> Status {
    serve(ctx, abi::STALE, |call| {
        // SAFETY: the ABI: four numbers for each of `count` boxes, lent for the call
        let own = match unsafe { numbers(own, count.saturating_mul(4), 4 * MAX_BOXES) } {
            Ok(own) => own,
            Err(why) => return call.misused(&format!("it emits boxes that are none: {why}")),
        };
        if own.iter().any(|x| !x.is_finite()) {
            return call.misused("it emits a box with a side that is no number");
        }
        call.emit(Sample::boxes(own.as_chunks().0.to_vec()))
    })
}
