//! Normalisations without state.

use super::super::{DType, Graph, Op, Reduction, Shape, Size, Var, elements, show};
use crate::catalog::Result;

/// Inside a root: the gradient stays finite for zeros.
const TINY: f64 = 1e-12;

impl Graph {
    /// `x [.., n]` normalised over its last dimension, times `gamma [n]`, plus `beta [n]`.
    pub fn layer_norm(&mut self, x: Var, gamma: Var, beta: Var, epsilon: f64) -> Result<Var> {
        self.want_float("layer_norm", x)?;
        let shape = self.shape(x).clone();
        let Some(last) = shape.last() else {
            return Err(self.shape_problem("layer_norm takes vectors, not a single number"));
        };
        self.check_vector("layer_norm", "gamma", Some(gamma), last)?;
        self.check_vector("layer_norm", "beta", Some(beta), last)?;
        let op = Op::LayerNorm { epsilon };
        Ok(self.push(op, vec![x, gamma, beta], shape, DType::F32))
    }

    /// `x [.., n]` normalised over its last dimension: mean 0, variance 1.
    pub fn layer_norm_plain(&mut self, x: Var, epsilon: f64) -> Result<Var> {
        self.want_float("layer_norm", x)?;
        let shape = self.shape(x).clone();
        Ok(self.push(Op::LayerNorm { epsilon }, vec![x], shape, DType::F32))
    }

    /// `x [B, C, ..]` normalised over each group of channels and all places of a sample, then times `gamma [C]`, plus
    /// `beta [C]`, where they are given (Wu & He, 2018).
    pub fn group_norm(
        &mut self,
        x: Var,
        gamma: Option<Var>,
        beta: Option<Var>,
        groups: usize,
        epsilon: f64,
    ) -> Result<Var> {
        self.want_float("group_norm", x)?;
        let channels = self.check_channels("group_norm", x)?;
        let shape = self.shape(x).clone();
        if groups == 0 || !channels.is_multiple_of(groups) {
            return Err(self.shape_problem(format!(
                "group_norm: {channels} channels can't be cut into {groups} groups"
            )));
        }
        let inside = elements(&shape[1..]).divided(groups);
        let Some(inside) = inside else {
            return Err(
                self.shape_problem(format!("group_norm takes [B, C, ..], not {}", show(&shape)))
            );
        };
        let rows = self.reshape(x, vec![shape[0].clone(), groups.into(), inside])?;
        let rows = self.layer_norm_plain(rows, epsilon)?;
        let x = self.reshape(rows, shape.clone())?;
        self.per_channel("group_norm", x, gamma, beta, channels)
    }

    /// `x [B, C, ..]` normalised over the places of each channel of each sample (Ulyanov et al., 2016).
    pub fn instance_norm(
        &mut self,
        x: Var,
        gamma: Option<Var>,
        beta: Option<Var>,
        epsilon: f64,
    ) -> Result<Var> {
        let channels = self.check_channels("instance_norm", x)?;
        self.group_norm(x, gamma, beta, channels, epsilon)
    }

    /// (x − mean) / √(variance + ε) over dimensions, by the batch at hand and without statistics that last.
    pub fn standardize(&mut self, x: Var, dims: &[usize], epsilon: f64) -> Result<Var> {
        let mean = self.reduce(Reduction::Mean, x, dims, true)?;
        let centred = self.sub(x, mean)?;
        let square = self.mul(centred, centred)?;
        let variance = self.reduce(Reduction::Mean, square, dims, true)?;
        let variance = self.add_scalar(variance, epsilon)?;
        let deviation = self.sqrt(variance)?;
        self.div(centred, deviation)
    }

    /// Rows of length 1: `x [.., n]` → x / √(Σx² + 1e-12).
    pub fn l2_normalize(&mut self, x: Var) -> Result<Var> {
        let last = self.shape(x).len().saturating_sub(1);
        self.l2_normalize_along(x, last)
    }

    /// The same along any dimension.
    pub fn l2_normalize_along(&mut self, x: Var, dim: usize) -> Result<Var> {
        let norm = Reduction::Norm {
            p: 2.0,
            epsilon: TINY,
        };
        let length = self.reduce(norm, x, &[dim], true)?;
        self.div(x, length)
    }

    /// Σ (x − x̄)(x − x̄)ᵀ / (B − 1) over the rows: `x [B, d]` → `[d, d]`.
    pub fn covariance(&mut self, x: Var) -> Result<Var> {
        let shape = self.shape(x).clone();
        if shape.len() != 2 {
            return Err(
                self.shape_problem(format!("covariance takes [B, d], not {}", show(&shape)))
            );
        }
        let mean = self.mean(x, 0)?; // [1, d]
        let centred = self.sub(x, mean)?;
        let turned = self.transpose(centred, 0, 1)?;
        let product = self.matmul(turned, centred)?; // [d, d]
        let free = self.count(&shape[0] - &Size::fixed(1));
        self.div(product, free)
    }

    /// A square matrix with zeros on its diagonal.
    pub fn off_diagonal(&mut self, x: Var) -> Result<Var> {
        let shape = self.shape(x).clone();
        if shape.len() != 2 || shape[0] != shape[1] {
            return Err(
                self.shape_problem(format!("off_diagonal takes [n, n], not {}", show(&shape)))
            );
        }
        let diagonal = self.eye(shape[0].clone());
        let others = self.mul_scalar(diagonal, -1.0)?;
        let others = self.add_scalar(others, 1.0)?;
        self.mul(x, others)
    }

    fn per_channel(
        &mut self,
        name: &str,
        x: Var,
        gamma: Option<Var>,
        beta: Option<Var>,
        channels: usize,
    ) -> Result<Var> {
        self.check_vector(name, "gamma", gamma, &channels.into())?;
        self.check_vector(name, "beta", beta, &channels.into())?;
        let mut column: Shape = vec![1.into(); self.shape(x).len() - 1];
        column[0] = channels.into(); // [C, 1, ..]
        let mut x = x;
        if let Some(gamma) = gamma {
            let gamma = self.reshape(gamma, column.clone())?;
            x = self.mul(x, gamma)?;
        }
        if let Some(beta) = beta {
            let beta = self.reshape(beta, column)?;
            x = self.add(x, beta)?;
        }
        Ok(x)
    }
}
