//! Dropout: which elements stay is drawn as they are multiplied, and drawn again for the gradient.

use super::memory::{Shared, filled, tasks};
use super::simd::{Isa, Simd, kernel};

/// Where a stream of Philox4x32-10 starts: its key and its counter.
pub(crate) type Start = ([u32; 2], [u32; 4]);

/// Which elements stay.
#[derive(Clone, Debug)]
pub(crate) struct Draws {
    /// The stream of each piece.
    pub(crate) starts: Vec<Start>,
    /// Elements of a piece.
    pub(crate) piece: usize,
    /// An element stays where its 32 bits are below this.
    pub(crate) below: u64,
    /// What an element that stays is multiplied by.
    pub(crate) kept: f32,
}

/// Each element times the factor that is drawn for it: `kept`, or 0.
pub(crate) fn drop(isa: Isa, of: &Draws, x: &[f32]) -> Vec<f32> {
    assert!(x.len() <= of.starts.len() * of.piece);
    let from = Shared::of(x);
    filled(x.len(), |y| {
        let (y, len) = (Shared::new(y.as_mut_ptr()), x.len());
        tasks(len.div_ceil(of.piece.max(1)), |piece| {
            let at = piece * of.piece;
            let n = of.piece.min(len - at);
            // SAFETY: each task writes its own piece.
            unsafe { drop_piece(isa, of, of.starts[piece], from.at(at), y.at(at), n) };
        });
    })
}

kernel! {
    /// # Safety
    /// Both have `n` numbers.
    fn drop_piece = drop_body(of: &Draws, start: Start, x: *const f32, y: *mut f32, n: usize)
}

/// Blocks of four numbers that are drawn at once.
const BLOCKS: usize = 8;

#[inline(always)]
unsafe fn drop_body<S: Simd>(of: &Draws, start: Start, x: *const f32, y: *mut f32, n: usize) {
    let (key, mut counter) = start;
    // as a comparison of 32 bits: with 2³² all stay, with 0 none does
    let (none, last) = (of.below == 0, of.below.saturating_sub(1) as u32);
    let kept = if none { 0.0 } else { of.kept };
    let mut factors = [0.0f32; 4 * BLOCKS];
    for at in (0..n).step_by(4 * BLOCKS) {
        let drawn = blocks(counter, key);
        for block in 0..BLOCKS {
            for word in 0..4 {
                let stays = drawn[word][block] <= last;
                factors[4 * block + word] = if stays { kept } else { 0.0 };
            }
        }
        let some = n - at;
        for i in (0..(4 * BLOCKS).min(some)).step_by(S::N) {
            // SAFETY: the caller promises `n` numbers.
            unsafe {
                let factor = S::load(factors.as_ptr().add(i));
                let v = S::mul(S::load_some(x.add(at + i), some - i), factor);
                S::store_some(y.add(at + i), v, some - i);
            }
        }
        counter = ahead(counter, BLOCKS as u32);
    }
}

/// A counter some blocks on.
#[inline(always)]
fn ahead(mut counter: [u32; 4], by: u32) -> [u32; 4] {
    let (low, carry) = counter[0].overflowing_add(by);
    counter[0] = low;
    counter[1] = counter[1].wrapping_add(u32::from(carry));
    counter
}

/// Blocks of Philox4x32-10 from a counter on, by word (Salmon et al., 2011).
#[inline(always)]
fn blocks(counter: [u32; 4], key: [u32; 2]) -> [[u32; BLOCKS]; 4] {
    type Words = [u32; BLOCKS];
    const M: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
    const W: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
    let each: [[u32; 4]; BLOCKS] = std::array::from_fn(|i| ahead(counter, i as u32));
    let [mut a, mut b, mut c, mut d]: [Words; 4] =
        std::array::from_fn(|word| std::array::from_fn(|i| each[i][word]));
    let [mut k0, mut k1] = key;
    for _ in 0..10 {
        let x: [u64; BLOCKS] = std::array::from_fn(|i| M[0] * u64::from(a[i]));
        let y: [u64; BLOCKS] = std::array::from_fn(|i| M[1] * u64::from(c[i]));
        a = std::array::from_fn(|i| (y[i] >> 32) as u32 ^ b[i] ^ k0);
        b = std::array::from_fn(|i| y[i] as u32);
        c = std::array::from_fn(|i| (x[i] >> 32) as u32 ^ d[i] ^ k1);
        d = std::array::from_fn(|i| x[i] as u32);
        k0 = k0.wrapping_add(W[0]);
        k1 = k1.wrapping_add(W[1]);
    }
    [a, b, c, d]
}
