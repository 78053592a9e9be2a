//! Losses that compare samples with one another.

use super::super::{Graph, Reduction, Var, elements, show};
use crate::catalog::Result;

/// How far apart two vectors are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// Σ (a − b)²
    Squared,
    /// √(Σ (a − b)² + 1e-12)
    Euclidean,
    /// 1 − cos(a, b)
    Cosine,
}

impl Graph {
    /// cos(a, b) along the last dimension, which goes: `[.., n]` twice → `[..]`.
    pub fn cosine_similarity(&mut self, a: Var, b: Var) -> Result<Var> {
        let shape = self.shape(a).clone();
        if &shape != self.shape(b) {
            return Err(self.unequal("compare", a, b));
        }
        let a = self.l2_normalize(a)?;
        let b = self.l2_normalize(b)?;
        let product = self.mul(a, b)?;
        self.reduce(Reduction::Sum, product, &[shape.len() - 1], false)
    }

    /// The mean of 1 − cos(a, b) over rows → `[1]`.
    pub fn cosine_loss(&mut self, a: Var, b: Var) -> Result<Var> {
        let cosine = self.cosine_similarity(a, b)?;
        let mean = self.mean_all(cosine)?;
        let negative = self.mul_scalar(mean, -1.0)?;
        self.add_scalar(negative, 1.0)
    }

    /// Σ (aᵢ − bⱼ)² of all pairs: `a [R, n]`, `b [S, n]` → `[R, S]`.
    pub fn pairwise_distance(&mut self, a: Var, b: Var) -> Result<Var> {
        let (left, right) = (self.shape(a).clone(), self.shape(b).clone());
        if left.len() != 2 || right.len() != 2 || left[1] != right[1] {
            return Err(self
                .unequal("pair", a, b)
                .note("it takes [R, n] and [S, n]"));
        }
        let squares = |g: &mut Self, x: Var| -> Result<Var> {
            let square = g.mul(x, x)?;
            g.sum(square, 1)
        };
        let of_a = squares(self, a)?; // [R, 1]
        let of_b = squares(self, b)?; // [S, 1]
        let of_b = self.transpose(of_b, 0, 1)?; // [1, S]
        let turned = self.transpose(b, 0, 1)?;
        let product = self.matmul(a, turned)?; // [R, S]
        let product = self.mul_scalar(product, -2.0)?;
        let sum = self.add(of_a, of_b)?;
        let distance = self.add(sum, product)?;
        // rounding can leave a little less than nothing
        self.clamp(distance, 0.0, f64::INFINITY)
    }

    /// NT-Xent and how often the other view is the nearest, both `[1]`: `z [2 R, d]`, where rows i and i + R are two views of
    /// one sample (Chen et al., 2020, equation 1 averaged over all rows).
    pub fn nt_xent(&mut self, z: Var, temperature: f64) -> Result<(Var, Var)> {
        self.check_temperature("nt_xent", temperature)?;
        let shape = self.shape(z).clone();
        let half = shape.first().and_then(|rows| rows.divided(2));
        let (2, Some(half)) = (shape.len(), half) else {
            return Err(self
                .shape_problem(format!("nt_xent takes [2 B, d], not {}", show(&shape)))
                .help("concatenate the two views along the batch"));
        };
        let rows = shape[0].clone(); // 2 R
        let z = self.l2_normalize(z)?;
        let z_t = self.transpose(z, 0, 1)?;
        let s = self.matmul(z, z_t)?; // [2 R, 2 R]
        let s = self.mul_scalar(s, 1.0 / temperature)?;
        // nobody is their own negative: e^-1e9 = 0
        let itself = self.eye(rows.clone());
        let itself = self.mul_scalar(itself, -1e9)?;
        let logits = self.add(s, itself)?;

        let index = self.arange(rows); // 0, 1, …, 2 R - 1
        let first = self.slice(index, 0, 0.into(), half.clone())?;
        let second = self.slice(index, 0, half.clone(), half)?;
        let partner = self.concat(&[second, first], 0)?; // R, …, 2 R - 1, 0, …, R - 1
        let loss = self.cross_entropy(logits, partner)?;
        let accuracy = self.accuracy(logits, partner)?;
        Ok((loss, accuracy))
    }

    /// InfoNCE and how often the positive is the nearest, both `[1]`: `queries [R, d]` look for their `positives [R, d]`
    /// among `negatives [K, d]` (a queue: He et al., 2020), or among the other rows' positives where there are none (van den
    /// Oord et al., 2018). Scores are cosines over the temperature; with `normalize` off plain products.
    pub fn info_nce(
        &mut self,
        queries: Var,
        positives: Var,
        negatives: Option<Var>,
        temperature: f64,
        normalize: bool,
    ) -> Result<(Var, Var)> {
        self.check_temperature("info_nce", temperature)?;
        let shape = self.shape(queries).clone();
        if shape.len() != 2 || &shape != self.shape(positives) {
            return Err(self
                .unequal("match", queries, positives)
                .note("info_nce takes queries and positives of one shape, [R, d]"));
        }
        let unit = |g: &mut Self, x: Var| {
            if normalize { g.l2_normalize(x) } else { Ok(x) }
        };
        let q = unit(self, queries)?; // [R, d]
        let k = unit(self, positives)?; // [R, d]
        let rows = shape[0].clone();
        let (scores, target) = match negatives {
            None => {
                let k_t = self.transpose(k, 0, 1)?;
                (self.matmul(q, k_t)?, self.arange(rows)) // [R, R]
            }
            Some(negatives) => {
                let n = unit(self, negatives)?; // [K, d]
                let product = self.mul(q, k)?;
                let positive = self.sum(product, 1)?; // [R, 1]
                let n_t = self.transpose(n, 0, 1)?;
                let negative = self.matmul(q, n_t)?; // [R, K]
                let first = self.full(vec![rows], 0.0)?;
                let scores = self.concat(&[positive, negative], 1)?; // [R, 1 + K]
                (scores, self.to_int(first)?)
            }
        };
        let logits = self.mul_scalar(scores, 1.0 / temperature)?;
        let loss = self.cross_entropy(logits, target)?;
        let accuracy = self.accuracy(logits, target)?;
        Ok((loss, accuracy))
    }

    /// How far apart the rows of a and b are: `[.., n]` twice → `[..]`.
    pub fn distance(&mut self, a: Var, b: Var, distance: Distance) -> Result<Var> {
        if distance == Distance::Cosine {
            let cosine = self.cosine_similarity(a, b)?;
            let negative = self.mul_scalar(cosine, -1.0)?;
            return self.add_scalar(negative, 1.0);
        }
        let shape = self.shape(a).clone();
        if &shape != self.shape(b) {
            return Err(self.unequal("compare", a, b));
        }
        let d = self.sub(a, b)?;
        let reduction = match distance {
            Distance::Euclidean => Reduction::Norm {
                p: 2.0,
                epsilon: 1e-12,
            },
            _ => {
                let square = self.mul(d, d)?;
                return self.reduce(Reduction::Sum, square, &[shape.len() - 1], false);
            }
        };
        self.reduce(reduction, d, &[shape.len() - 1], false)
    }

    /// The mean of max(0, d(anchor, positive) − d(anchor, negative) + margin), each `[R, n]` → `[1]` (Schroff et al., 2015).
    pub fn triplet(
        &mut self,
        anchor: Var,
        positive: Var,
        negative: Var,
        margin: f64,
        distance: Distance,
    ) -> Result<Var> {
        let near = self.distance(anchor, positive, distance)?;
        let far = self.distance(anchor, negative, distance)?;
        let d = self.sub(near, far)?;
        let d = self.add_scalar(d, margin)?;
        let d = self.relu(d)?;
        self.mean_all(d)
    }

    /// Soft assignments that use every prototype equally often (Cuturi, 2013; Caron et al., 2020): `scores [R, K]` →
    /// `[R, K]`, rows sum to 1. No gradient flows back.
    pub fn sinkhorn(&mut self, scores: Var, epsilon: f64, iterations: usize) -> Result<Var> {
        self.check_temperature("sinkhorn", epsilon)?;
        let shape = self.shape(scores).clone();
        if shape.len() != 2 {
            return Err(self.shape_problem(format!("sinkhorn takes [R, K], not {}", show(&shape))));
        }
        if iterations > 1000 {
            return Err(
                self.shape_problem(format!("sinkhorn: {iterations} rounds are more than 1000"))
            );
        }
        let scores = self.stop_gradient(scores)?;
        // the largest score as 0: a factor that the first sum takes away
        let flat = self.reshape(scores, vec![elements(&shape)])?;
        let largest = self.max(flat, 0)?; // [1]
        let scores = self.sub(scores, largest)?;
        let scores = self.mul_scalar(scores, 1.0 / epsilon)?;
        let mut q = self.exp(scores)?; // Q
        for _ in 0..iterations {
            let used = self.sum(q, 0)?; // [1, K]
            q = self.div(q, used)?;
            let rows = self.sum(q, 1)?; // [R, 1]
            q = self.div(q, rows)?;
        }
        Ok(q)
    }

    fn check_temperature(&self, name: &str, temperature: f64) -> Result<()> {
        if temperature.is_finite() && temperature > 0.0 {
            return Ok(());
        }
        Err(self.shape_problem(format!(
            "{name}: a temperature is a positive number, not {temperature}"
        )))
    }
}
