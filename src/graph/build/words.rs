//! Words told by their neighbours.

use super::super::{DType, Graph, Op, Size, Var, show};
use crate::catalog::Result;

/// How windows of a text are scored against noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Most words of a window on each side.
    pub radius: usize,
    /// So many words in a row share their noise.
    pub share: usize,
    /// Whether the mean of a window tells its word (CBOW) rather than each word of the window (skip-gram).
    pub bag: bool,
}

impl Graph {
    /// Negative sampling (Mikolov et al., 2013, "Distributed Representations of Words and Phrases", eq. 4) over the windows of texts.
    ///
    /// `x [B, n, d]` are the words' own vectors, `y [B, n, d]` their vectors as what is told, `z [B, m, d]` those of the noise `[B, m]`;
    /// `words [B, n]` are ids, 0 where a text has ended. A window reaches `reach [B, n]` words to each side, at least 1 and at most
    /// `radius`, over no padding. Noise that is the word itself does not count. Gives `[B, 2]`: Σ −ln σ(v·y) − Σ ln σ(−v·z) over the pairs
    /// of each text, and how many pairs there are, where v is the vector of a window's word, or the mean of the window's.
    ///
    /// # Errors
    /// Sizes that do not fit one another.
    pub fn negative_sampling(
        &mut self,
        [x, y, z]: [Var; 3],
        [words, noise]: [Var; 2],
        reach: Var,
        of: Windows,
    ) -> Result<Var> {
        for vectors in [x, y, z, reach] {
            self.want_float("negative_sampling", vectors)?;
        }
        self.want_int("negative_sampling", words)?;
        self.want_int("negative_sampling", noise)?;
        let sizes = [x, y, z, words, noise, reach].map(|var| self.shape(var).clone());
        let [of_x, of_y, of_z, of_words, of_noise, of_reach] = &sizes;
        let fits = of_x.len() == 3
            && of_x == of_y
            && of_z.len() == 3
            && of_z[0] == of_x[0]
            && of_z[2] == of_x[2]
            && of_words[..] == of_x[..2]
            && of_reach == of_words
            && of_noise[..] == of_z[..2];
        if !fits {
            let found: Vec<String> = sizes.iter().map(|shape| show(shape)).collect();
            return Err(self
                .shape_problem(format!(
                    "negative_sampling: {} do not fit one another",
                    found.join(", ")
                ))
                .note("it takes [B, n, d] twice, [B, m, d], ids [B, n] and [B, m], and reaches [B, n]"));
        }
        let (Some(n), Some(m)) = (of_x[1].known(), of_z[1].known()) else {
            return Err(self.shape_problem("negative_sampling: the length of a text is not fixed"));
        };
        let groups = n.div_ceil(of.share.max(1));
        if of.share == 0 || of.radius == 0 || m == 0 || m % groups != 0 {
            return Err(self
                .shape_problem(format!(
                    "negative_sampling: {m} noise words can't be dealt to {groups} times {} words",
                    of.share
                ))
                .note("every `share` words of a text have equally many, and radius and share are at least 1"));
        }
        let op = Op::NegativeSampling {
            radius: of.radius,
            share: of.share,
            bag: of.bag,
        };
        let shape = vec![of_x[0].clone(), Size::fixed(2)];
        Ok(self.push(op, vec![x, y, z, words, noise, reach], shape, DType::F32))
    }

    /// How far the window of each word reaches, drawn anew for each batch, each of `1..=radius` as likely as another: `[B, n]` → `[B, n]`.
    ///
    /// # Errors
    /// The radius is no size.
    pub fn reach(&mut self, words: Var, radius: usize) -> Result<Var> {
        let shape = self.shape(words).clone();
        let drawn = self.random_uniform(shape); // [B, n], 0..1
        let drawn = self.mul_scalar(drawn, radius as f64)?;
        let whole = self.to_int(drawn)?;
        let whole = self.to_float(whole)?;
        let reach = self.add_scalar(whole, 1.0)?;
        // a draw may be rounded up to 1
        self.clamp(reach, 1.0, radius as f64)
    }
}
