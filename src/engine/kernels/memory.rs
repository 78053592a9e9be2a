//! Memory that kernels work in, and pointers that tasks share.

use std::ffi::{c_int, c_long};

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::NonNull;

use rayon::prelude::*;

/// The allocator of the programs, named so that what is declared below is linked wherever this library is.
const _: mimalloc::MiMalloc = mimalloc::MiMalloc;

unsafe extern "C" {
    fn mi_option_set(option: c_int, value: c_long);
    fn mi_collect(force: bool);
}

/// `mi_option_purge_delay`
const PURGE_DELAY: c_int = 15;

/// Milliseconds: longer than many steps, since all that was freed goes back at once when they are over.
const KEPT: c_long = 600_000;

/// Lets mimalloc keep freed memory for ten minutes instead of one second, so that a step finds the memory of the last one; the first
/// touch of new memory costs more than a convolution that fills it. [`give_memory_back`] ends it earlier. For programs whose allocator
/// mimalloc is; it is nothing to others.
pub fn keep_memory() {
    // SAFETY: mimalloc's options may be set at any time; it knows this one in versions 2 and 3.
    unsafe { mi_option_set(PURGE_DELAY, KEPT) }
}

/// Gives what is kept back to the system: after a stage, whose sizes the next one will not have. Each thread has a heap of its own, and
/// what a step makes lies in those of the threads that compute.
pub fn give_memory_back() {
    // SAFETY: mimalloc may be asked at any time, also where it is not the allocator.
    let collect = || unsafe { mi_collect(true) };
    rayon::broadcast(|_| collect());
    collect();
}

/// Numbers to work in while a kernel runs, aligned to cache lines. They start with whatever was there.
pub(crate) struct Scratch {
    at: NonNull<f32>,
    len: usize,
}

impl Scratch {
    fn layout(len: usize) -> Layout {
        // more than isize::MAX bytes is more than any tensor has
        Layout::from_size_align(4 * len.max(16), 64).unwrap_or(Layout::new::<[f32; 16]>())
    }

    /// Room for `len` numbers.
    pub(crate) fn new(len: usize) -> Self {
        let layout = Self::layout(len);
        // SAFETY: the layout has a size above 0.
        let at = unsafe { alloc(layout) };
        match NonNull::new(at.cast()) {
            Some(at) => Self { at, len },
            None => handle_alloc_error(layout),
        }
    }

    /// The first number.
    pub(crate) fn ptr(&self) -> *mut f32 {
        self.at.as_ptr()
    }

    /// The first number, to share.
    pub(crate) fn shared(&self) -> Shared {
        Shared(self.at.as_ptr())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: `new` allocated it with the same layout.
        unsafe { dealloc(self.at.as_ptr().cast(), Self::layout(self.len)) }
    }
}

/// Where tasks write: each its own part.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: it is only a place; who writes there promises that no other task does at the same time.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) fn new(at: *mut f32) -> Self {
        Self(at)
    }

    /// No place.
    pub(crate) fn none() -> Self {
        Self(std::ptr::null_mut())
    }

    /// Whether it is no place.
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub(crate) fn of(slice: &[f32]) -> Self {
        Self(slice.as_ptr().cast_mut())
    }

    /// The place `offset` numbers on.
    pub(crate) fn at(self, offset: usize) -> *mut f32 {
        self.0.wrapping_add(offset)
    }
}

/// Runs a task for each number below `count`. What a task does must depend on its number alone, so that results do not
/// depend on the threads.
pub(crate) fn tasks(count: usize, task: impl Fn(usize) + Sync + Send) {
    if count == 1 {
        task(0);
    } else {
        (0..count).into_par_iter().with_max_len(1).for_each(task);
    }
}

/// A vector of `len` numbers that `fill` writes all of.
pub(crate) fn filled(len: usize, fill: impl FnOnce(&mut [f32])) -> Vec<f32> {
    let mut out: Vec<f32> = Vec::with_capacity(len);
    // SAFETY: the capacity is there; every kernel that is handed the slice writes all of it before anybody reads, and any bits
    // are an f32.
    #[allow(clippy::uninit_vec)]
    unsafe {
        out.set_len(len)
    };
    fill(&mut out);
    out
}

/// Sums of `parts` rows of `width` numbers each, row after row in 64 bits.
///
/// # Safety
/// All of them were written.
pub(crate) unsafe fn totals(from: Shared, parts: usize, width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    sums.par_chunks_mut(64)
        .enumerate()
        .for_each(|(index, sums)| {
            for part in 0..parts {
                // SAFETY: the caller's promise.
                let row = unsafe {
                    std::slice::from_raw_parts(from.at(part * width + 64 * index), sums.len())
                };
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += f64::from(*x);
                }
            }
        });
    sums
}
