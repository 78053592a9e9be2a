//! Operations with parameters, and pooling.

use super::super::{BufferId, DType, Graph, Mode, Op, Shape, Size, Var, show};
use super::inputs::known;
use crate::catalog::{Problem, Result};

/// Stride, padding and groups of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    /// Step, in both directions.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: usize,
    /// Channel groups.
    pub groups: usize,
}

/// Stride, paddings and groups of a transposed convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose {
    /// Step, in both directions.
    pub stride: usize,
    /// Taken from each side.
    pub padding: usize,
    /// Added to the far side; less than the stride.
    pub output_padding: usize,
    /// Channel groups.
    pub groups: usize,
}

/// Window, step and padding of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Window size.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Added on each side.
    pub padding: usize,
}

/// Running statistics and constants of a batch normalisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Running {
    /// Running mean.
    pub mean: BufferId,
    /// Running variance, unbiased.
    pub variance: BufferId,
    /// Added to the variance.
    pub epsilon: f64,
    /// Weight of the batch in the running statistics.
    pub momentum: f64,
}

impl Graph {
    /// `x [.., in]`, `weight [in, out]`, `bias [out]` → `[.., out]`. A map (`[B, C, H, W]`) must be pooled or flattened
    /// before.
    pub fn linear(&mut self, x: Var, weight: Var, bias: Option<Var>) -> Result<Var> {
        self.want_float("linear", x)?;
        self.check_features("linear", x)?;
        let (input, w) = (self.shape(x).clone(), self.shape(weight).clone());
        let last = input.len() - 1;
        if w.len() != 2 || input[last] != w[0] {
            return Err(self.shape_problem(format!(
                "linear: {} does not fit a weight of {}",
                show(&input),
                show(&w)
            )));
        }
        self.check_vector("linear", "bias", bias, &w[1])?;
        let mut shape = input;
        shape[last] = w[1].clone();
        let inputs = [Some(x), Some(weight), bias]
            .into_iter()
            .flatten()
            .collect();
        Ok(self.push(Op::Linear, inputs, shape, DType::F32))
    }

    /// The size of `x`'s last dimension, which holds features: `[B, n]` or `[B, N, n]`, not a map.
    pub fn check_features(&self, name: &str, x: Var) -> Result<usize> {
        let shape = self.shape(x);
        if shape.len() == 4 {
            return Err(self
                .shape_problem(format!(
                    "{name} takes vectors [B, n], but a map {} flows in",
                    show(shape)
                ))
                .help("put `global_avg_pool()` or `flatten()` before it"));
        }
        match shape.last().and_then(Size::known) {
            Some(features) if shape.len() >= 2 => Ok(features),
            _ => Err(self.shape_problem(format!(
                "{name} takes vectors [B, n], but {} flows in",
                show(shape)
            ))),
        }
    }

    /// `x [B, C, H, W]`, `weight [out, C / groups, k, k]`, `bias [out]` → `[B, out, H', W']`.
    pub fn conv2d(&mut self, x: Var, weight: Var, bias: Option<Var>, conv: Conv) -> Result<Var> {
        let Conv {
            stride,
            padding,
            groups,
        } = conv;
        self.want_float("conv", x)?;
        let [channels, height, width] = self.check_map("conv", x)?;
        let w: Vec<usize> = self.shape(weight).iter().filter_map(Size::known).collect();
        let &[out, inside, kernel, other] = w.as_slice() else {
            return Err(self.shape_problem(format!(
                "conv: a weight has four fixed sizes, not {}",
                show(self.shape(weight))
            )));
        };
        if groups == 0
            || channels != inside.saturating_mul(groups)
            || out % groups != 0
            || kernel != other
        {
            return Err(self.shape_problem(format!(
                "conv: {} does not fit a weight of {} in {groups} groups",
                show(self.shape(x)),
                show(self.shape(weight))
            )));
        }
        self.check_vector("conv", "bias", bias, &out.into())?;
        let pool = Pool {
            kernel,
            stride,
            padding,
        };
        let shape = vec![
            self.shape(x)[0].clone(),
            out.into(),
            self.window("conv", x, height, pool)?,
            self.window("conv", x, width, pool)?,
        ];
        let inputs = [Some(x), Some(weight), bias]
            .into_iter()
            .flatten()
            .collect();
        let op = Op::Conv2d {
            stride,
            padding,
            groups,
        };
        Ok(self.push(op, inputs, shape, DType::F32))
    }

    /// `x [B, C, H, W]`, `weight [C, out / groups, k, k]`, `bias [out]` → `[B, out, H', W']` with
    /// `H' = (H - 1) stride - 2 padding + k + output_padding`: the gradient of a convolution as a layer.
    pub fn conv_transpose2d(
        &mut self,
        x: Var,
        weight: Var,
        bias: Option<Var>,
        conv: ConvTranspose,
    ) -> Result<Var> {
        let ConvTranspose {
            stride,
            padding,
            output_padding,
            groups,
        } = conv;
        self.want_float("conv_transpose", x)?;
        let [channels, height, width] = self.check_map("conv_transpose", x)?;
        let w: Vec<usize> = self.shape(weight).iter().filter_map(Size::known).collect();
        let &[from, out, kernel, other] = w.as_slice() else {
            return Err(self.shape_problem(format!(
                "conv_transpose: a weight has four fixed sizes, not {}",
                show(self.shape(weight))
            )));
        };
        if groups == 0 || from != channels || channels % groups != 0 || kernel != other {
            return Err(self.shape_problem(format!(
                "conv_transpose: {} does not fit a weight of {} in {groups} groups",
                show(self.shape(x)),
                show(self.shape(weight))
            )));
        }
        if stride == 0 || output_padding >= stride {
            return Err(self.shape_problem(format!(
                "conv_transpose: an output padding of {output_padding} is not less than the stride of {stride}"
            )));
        }
        let outputs = Size::fixed(out.saturating_mul(groups));
        self.check_vector("conv_transpose", "bias", bias, &outputs)?;
        let side = |size: usize| -> Option<Size> {
            let full = size.checked_sub(1)?.checked_mul(stride)?;
            let full = full.checked_add(kernel)?.checked_add(output_padding)?;
            let side = full.checked_sub(padding.checked_mul(2)?)?;
            (side > 0).then(|| side.into())
        };
        let (Some(high), Some(wide)) = (side(height), side(width)) else {
            return Err(self.shape_problem(format!(
                "conv_transpose: a padding of {padding} leaves nothing of {}",
                show(self.shape(x))
            )));
        };
        let shape = vec![self.shape(x)[0].clone(), outputs, high, wide];
        let inputs = [Some(x), Some(weight), bias]
            .into_iter()
            .flatten()
            .collect();
        let op = Op::ConvTranspose2d {
            stride,
            padding,
            output_padding,
            groups,
        };
        Ok(self.push(op, inputs, shape, DType::F32))
    }

    /// `x [B, C, …]` normalised per channel, times `gamma [C]`, plus `beta [C]`.
    pub fn batch_norm(&mut self, x: Var, gamma: Var, beta: Var, running: Running) -> Result<Var> {
        self.want_float("batch_norm", x)?;
        let channels = Size::fixed(self.check_channels("batch_norm", x)?);
        self.check_vector("batch_norm", "gamma", Some(gamma), &channels)?;
        self.check_vector("batch_norm", "beta", Some(beta), &channels)?;
        let shape = self.shape(x).clone();
        let Running {
            mean,
            variance,
            epsilon,
            momentum,
        } = running;
        let op = Op::BatchNorm {
            epsilon,
            momentum,
            mean,
            variance,
        };
        Ok(self.push(op, vec![x, gamma, beta], shape, DType::F32))
    }

    /// The largest of each window of `x [B, C, H, W]`.
    pub fn max_pool(&mut self, x: Var, pool: Pool) -> Result<Var> {
        let shape = self.pooled("max_pool", x, pool)?;
        let Pool {
            kernel,
            stride,
            padding,
        } = pool;
        let op = Op::MaxPool {
            kernel,
            stride,
            padding,
        };
        Ok(self.push(op, vec![x], shape, DType::F32))
    }

    /// The mean of each window of `x [B, C, H, W]`, padding counted.
    pub fn avg_pool(&mut self, x: Var, pool: Pool) -> Result<Var> {
        let shape = self.pooled("avg_pool", x, pool)?;
        let Pool {
            kernel,
            stride,
            padding,
        } = pool;
        let op = Op::AvgPool {
            kernel,
            stride,
            padding,
        };
        Ok(self.push(op, vec![x], shape, DType::F32))
    }

    /// The mean over the places of a map: `[B, C, H, W]` → `[B, C]`.
    pub fn global_avg_pool(&mut self, x: Var) -> Result<Var> {
        let [channels, height, width] = self.check_map("global_avg_pool", x)?;
        let batch = self.shape(x)[0].clone();
        let rows = self.reshape(
            x,
            vec![batch.clone(), channels.into(), (height * width).into()],
        )?;
        let mean = self.mean(rows, 2)?; // [B, C, 1]
        self.reshape(mean, vec![batch, channels.into()])
    }

    /// Zeroes elements with this probability in a training graph.
    pub fn dropout(&mut self, x: Var, probability: f64) -> Result<Var> {
        self.want_float("dropout", x)?;
        if !(0.0..=1.0).contains(&probability) {
            return Err(self.shape_problem(format!("dropout: {probability} is not a probability")));
        }
        if self.mode == Mode::Eval || probability == 0.0 {
            return Ok(x);
        }
        let shape = self.shape(x).clone();
        Ok(self.push(Op::Dropout(probability), vec![x], shape, DType::F32))
    }

    /// Channels, height and width of a map `[B, C, H, W]`.
    pub fn check_map(&self, name: &str, x: Var) -> Result<[usize; 3]> {
        let shape = self.shape(x);
        match known(shape).as_deref() {
            Some(&[channels, height, width]) => Ok([channels, height, width]),
            _ => Err(self.not_a_map(name, shape)),
        }
    }

    /// The channels of `[B, C, …]`.
    pub fn check_channels(&self, name: &str, x: Var) -> Result<usize> {
        let shape = self.shape(x);
        match shape.get(1).and_then(Size::known) {
            Some(channels) => Ok(channels),
            None => Err(self.shape_problem(format!(
                "{name} takes [B, C, …], but {} flows in",
                show(shape)
            ))),
        }
    }

    fn not_a_map(&self, name: &str, shape: &Shape) -> Problem {
        let problem = self.shape_problem(format!(
            "{name} takes a map [B, C, H, W], but {} flows in",
            show(shape)
        ));
        if shape.len() == 2 {
            problem.note(
                "after `global_avg_pool()`, `flatten()` or `linear(..)` there is no map any more",
            )
        } else {
            problem
        }
    }

    pub(in crate::graph) fn check_vector(
        &self,
        name: &str,
        what: &str,
        vector: Option<Var>,
        size: &Size,
    ) -> Result<()> {
        let Some(vector) = vector else { return Ok(()) };
        if self.shape(vector).as_slice() == std::slice::from_ref(size) {
            return Ok(());
        }
        Err(self.shape_problem(format!(
            "{name}: {what} is {}, not [{size}]",
            show(self.shape(vector))
        )))
    }

    fn pooled(&self, name: &str, x: Var, pool: Pool) -> Result<Shape> {
        self.want_float(name, x)?;
        let [channels, height, width] = self.check_map(name, x)?;
        if pool.padding > pool.kernel / 2 {
            return Err(self.shape_problem(format!(
                "{name}: a padding of {} is more than half of the window of {}",
                pool.padding, pool.kernel
            )));
        }
        Ok(vec![
            self.shape(x)[0].clone(),
            channels.into(),
            self.window(name, x, height, pool)?,
            self.window(name, x, width, pool)?,
        ])
    }

    /// How many windows fit: `(size + 2 padding - kernel) / stride + 1`, rounded down.
    fn window(&self, name: &str, x: Var, size: usize, pool: Pool) -> Result<Size> {
        let Pool {
            kernel,
            stride,
            padding,
        } = pool;
        match size
            .saturating_add(padding.saturating_mul(2))
            .checked_sub(kernel)
        {
            Some(free) if kernel > 0 && stride > 0 => Ok((free / stride + 1).into()),
            _ => Err(self
                .shape_problem(format!(
                    "{name}: a window of {kernel} with padding {padding} does not fit in {}",
                    show(self.shape(x))
                ))
                .help("take a smaller window, or shrink the map less before it")),
        }
    }
}
