//! Negative sampling over the windows of texts (Mikolov et al., 2013), window by window: loss and gradients in one pass, while the rows
//! of a window lie in the cache. Words in a row that share their noise meet it together, as small products of matrices (Ji et al., 2016,
//! arXiv:1604.04661).

mod bags;
mod rows;
mod skips;

use super::memory::{Shared, filled, tasks};
use super::simd::{Isa, Simd, kernel};

/// The sizes of a batch of texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts<'a> {
    /// Ids `[B, n]`; 0 is no word.
    pub(crate) words: &'a [i64],
    /// Ids of the noise `[B, m]`.
    pub(crate) noise: &'a [i64],
    /// How far the window of each word reaches `[B, n]`.
    pub(crate) reach: &'a [f32],
    /// B
    pub(crate) texts: usize,
    /// Numbers of a vector.
    pub(crate) width: usize,
    /// Most words of a window on each side.
    pub(crate) radius: usize,
    /// So many words in a row share their noise.
    pub(crate) share: usize,
    /// Whether the mean of a window tells its word.
    pub(crate) bag: bool,
}

/// Loss and number of pairs of each text, `[B, 2]`, and the loss's gradients by `x`, `y` and `z`.
pub(crate) struct Told {
    pub(crate) loss: Vec<f32>,
    pub(crate) gradients: Option<[Vec<f32>; 3]>,
}

/// Scores all windows. `x [B, n, d]`, `y [B, n, d]`, `z [B, m, d]`.
pub(crate) fn negative_sampling(
    isa: Isa,
    of: Texts<'_>,
    [x, y, z]: [&[f32]; 3],
    gradients: bool,
) -> Told {
    let texts = of.texts.max(1);
    let (n, m, d) = (of.words.len() / texts, of.noise.len() / texts, of.width);
    assert!(of.words.len() == n * texts && of.noise.len() == m * texts);
    assert!(of.reach.len() == of.words.len() && of.share > 0 && of.radius > 0);
    assert!(m.is_multiple_of(n.div_ceil(of.share).max(1)));
    assert!(x.len() == n * texts * d && y.len() == x.len() && z.len() == m * texts * d);
    let mut slopes = gradients.then(|| {
        [x, y, z].map(|of_rows| match of.bag {
            // each row is written once
            true => filled(of_rows.len(), |_| ()),
            false => vec![0.0f32; of_rows.len()],
        })
    });
    let [gx, gy, gz] = match &mut slopes {
        Some(all) => all.each_mut().map(|of| Shared::new(of.as_mut_ptr())),
        None => [Shared::none(); 3],
    };
    let [x, y, z] = [x, y, z].map(Shared::of);
    let loss = filled(2 * of.texts, |loss| {
        let loss = Shared::new(loss.as_mut_ptr());
        tasks(of.texts, |text| {
            let from = |all: Shared, rows: usize| match all.is_null() {
                true => std::ptr::null_mut(),
                false => all.at(text * rows * d),
            };
            let one = Text {
                words: &of.words[text * n..][..n],
                noise: &of.noise[text * m..][..m],
                reach: &of.reach[text * n..][..n],
                x: x.at(text * n * d),
                y: y.at(text * n * d),
                z: z.at(text * m * d),
                gx: from(gx, n),
                gy: from(gy, n),
                gz: from(gz, m),
                d,
                radius: of.radius,
                share: of.share,
            };
            // SAFETY: lengths are checked above; each task has its own text.
            unsafe {
                let told = match of.bag {
                    true => bags::bags(isa, one),
                    false => skips::skips(isa, one),
                };
                *loss.at(2 * text) = told[0] as f32;
                *loss.at(2 * text + 1) = told[1] as f32;
            }
        });
    });
    Told {
        loss,
        gradients: slopes,
    }
}

/// Multiplies the rows of each text by its factor.
pub(crate) fn scale(isa: Isa, rows: &mut [f32], by: &[f32]) {
    const PIECE: usize = 1 << 15;
    let each = rows.len() / by.len().max(1);
    assert!(rows.len() == each * by.len());
    let pieces = each.div_ceil(PIECE);
    let rows = Shared::new(rows.as_mut_ptr());
    tasks(by.len() * pieces, |task| {
        let (text, first) = (task / pieces, task % pieces * PIECE);
        let n = PIECE.min(each - first);
        // SAFETY: each task has its own numbers.
        unsafe { scale_piece(isa, rows.at(text * each + first), by[text], n) };
    });
}

kernel! {
    /// # Safety
    /// There are `n` numbers.
    fn scale_piece = scale_body(x: *mut f32, by: f32, n: usize)
}

#[inline(always)]
unsafe fn scale_body<S: Simd>(x: *mut f32, by: f32, n: usize) {
    for i in (0..n).step_by(S::N) {
        // SAFETY: the caller promises `n` numbers.
        unsafe {
            let scaled = S::mul(S::load_some(x.add(i), n - i), S::splat(by));
            S::store_some(x.add(i), scaled, n - i);
        }
    }
}

/// One text. Gradients are null where none are wanted.
#[derive(Clone, Copy)]
struct Text<'a> {
    words: &'a [i64],
    noise: &'a [i64],
    reach: &'a [f32],
    x: *const f32,
    y: *const f32,
    z: *const f32,
    gx: *mut f32,
    gy: *mut f32,
    gz: *mut f32,
    d: usize,
    radius: usize,
    share: usize,
}

impl Text<'_> {
    /// The words that the window of word `i` spans, itself among them.
    fn window(&self, i: usize) -> std::ops::Range<usize> {
        let reach = (self.reach[i] as usize).clamp(1, self.radius);
        i.saturating_sub(reach)..(i + reach + 1).min(self.words.len())
    }
}

/// Σ weight ln (1 + eˣ): a product, of which the logarithm is taken now and then.
struct Losses {
    product: f64,
    sum: f64,
}

impl Losses {
    fn new() -> Self {
        Self {
            product: 1.0,
            sum: 0.0,
        }
    }

    /// `factor`: 1 + eˣ, at most 1 + e⁸⁸.
    #[inline(always)]
    fn add(&mut self, factor: f32, weight: u32) {
        for _ in 0..weight {
            self.product *= f64::from(factor);
            if self.product > 1e250 {
                self.sum += self.product.ln();
                self.product = 1.0;
            }
        }
    }

    fn total(&self) -> f64 {
        self.sum + self.product.ln()
    }
}
