//! The allocator of the programs: mimalloc, and a message where there is no memory left.

use std::alloc::{GlobalAlloc, Layout};
#[cfg(unix)]
use std::fmt::Write;

use mimalloc::MiMalloc;

#[cfg(unix)]
use crate::language::codes::Code;

/// mimalloc. Where the system has no more memory the process says so and ends with code 3: nothing after that could be relied on,
/// and every file of a run is written whole or not at all.
pub struct Allocator;

// SAFETY: every method hands its arguments to mimalloc, whose contract is the same, and gives back what comes of it.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises holds for mimalloc.
        there(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises holds for mimalloc.
        there(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: what the caller promises holds for mimalloc.
        unsafe { MiMalloc.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: what the caller promises holds for mimalloc.
        there(unsafe { MiMalloc.realloc(at, layout, size) }, size)
    }
}

#[inline(always)]
fn there(at: *mut u8, size: usize) -> *mut u8 {
    if at.is_null() {
        none_left(size);
    }
    at
}

/// A text that needs no allocator.
#[cfg(unix)]
struct Text {
    bytes: [u8; 512],
    len: usize,
}

#[cfg(unix)]
impl Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = &mut self.bytes[self.len..];
        let n = text.len().min(room.len());
        room[..n].copy_from_slice(&text.as_bytes()[..n]);
        self.len += n;
        Ok(())
    }
}

#[cfg(unix)]
#[cold]
fn none_left(size: usize) -> ! {
    let mut text = Text {
        bytes: [0; 512],
        len: 0,
    };
    let (number, unit) = match size >> 20 {
        0 => (size, "bytes"),
        mebibytes => (mebibytes, "MiB"),
    };
    let _ = write!(
        text,
        "error[{}]: out of memory: {number} {unit} more can't be had\n  \
         note: What a run has finished, and its newest checkpoint, are kept; the same command goes on from there.\n  \
         help: make `batch` smaller, or the pictures, or the network; `pretext plan` says what each needs\n  \
         help: a limit of this shell is raised with `ulimit -v`\n",
        Code::Memory.number(),
    );
    end(&text.bytes[..text.len])
}

#[cfg(unix)]
fn end(text: &[u8]) -> ! {
    use std::ffi::{c_int, c_void};
    unsafe extern "C" {
        fn write(file: c_int, from: *const c_void, bytes: usize) -> isize;
        fn _exit(code: c_int) -> !;
    }
    // SAFETY: `text` can be read for its length. Both calls may be made at any time, also while another thread holds a lock.
    unsafe {
        write(2, text.as_ptr().cast(), text.len());
        _exit(3)
    }
}

/// Where there is no such call, whoever asked for the memory says so, and the system ends the process.
#[cfg(not(unix))]
fn none_left(_: usize) {}
