//! Layers that read one step after the other.

use super::super::{DType, Graph, Shape, Size, Var, show};
use crate::catalog::Result;

/// The most steps that are read: each takes about twenty nodes.
const MAX_STEPS: usize = 1024;

/// The weights of a GRU of W features, gate by gate: reset, update, new state.
#[derive(Clone, Copy, Debug)]
pub struct Gru {
    /// Of a step: `[D, 3 W]`.
    pub input: Var,
    /// Of the state before: `[W, 3 W]`.
    pub state: Var,
    /// `[3 W]`
    pub input_bias: Var,
    /// `[3 W]`; that of the new state stands inside of the reset gate.
    pub state_bias: Var,
}

impl Graph {
    /// The states of a gated recurrent unit (Cho et al., 2014) behind each step, beginning with zeros: `x [B, n, D]` → `[B, n, W]`, as
    /// PyTorch's `nn.GRU` has them.
    ///
    /// ```text
    /// r = σ(Wr x + ar + Ur h + br)    n = tanh(Wn x + an + r (Un h + bn))
    /// z = σ(Wz x + az + Uz h + bz)    h' = (1 − z) n + z h
    /// ```
    ///
    /// `own [B, n]` is 1 for a step of the text and 0 for padding, at which the state stays as it was: so the last state is the one behind
    /// the last step of the text. `backwards`: from the last step to the first; the last state is then the one at the first step.
    ///
    /// # Errors
    /// Sizes that do not fit one another, or more than 1024 steps.
    pub fn gru(&mut self, x: Var, of: Gru, own: Option<Var>, backwards: bool) -> Result<Var> {
        let states = self.gru_states(x, of, own, backwards)?;
        self.stack(&states, 1)
    }

    /// The same one by one: n times `[B, W]`, in the order of the steps.
    ///
    /// # Errors
    /// As [`Self::gru`].
    pub fn gru_states(
        &mut self,
        x: Var,
        of: Gru,
        own: Option<Var>,
        backwards: bool,
    ) -> Result<Vec<Var>> {
        self.want_float("gru", x)?;
        let shape = self.shape(x).clone();
        let width = self.fits_gru(&shape, of, own)?;
        let n = match shape.get(1).and_then(Size::known) {
            Some(n @ 1..=MAX_STEPS) => n,
            _ => {
                return Err(self.shape_problem(format!(
                    "gru reads 1 to {MAX_STEPS} steps, and {} flows in",
                    show(&shape)
                )));
            }
        };
        let steps = self.each_step(x, n)?; // n times [B, D]
        let padding = match own {
            Some(own) => {
                let padding = self.mul_scalar(own, -1.0)?;
                Some(self.add_scalar(padding, 1.0)?) // [B, n]
            }
            None => None,
        };
        let mut state = self.full(vec![shape[0].clone(), width.into()], 0.0)?; // [B, W]
        let mut states = vec![state; n];
        for at in 0..n {
            let at = if backwards { n - 1 - at } else { at };
            let padding = match padding {
                Some(padding) => Some(self.slice(padding, 1, at.into(), 1.into())?), // [B, 1]
                None => None,
            };
            state = self.gru_step(steps[at], state, of, padding, width)?;
            states[at] = state;
        }
        Ok(states)
    }

    /// One step: `x [B, D]`, `h [B, W]`, `padding [B, 1]` → `[B, W]`.
    fn gru_step(
        &mut self,
        x: Var,
        h: Var,
        of: Gru,
        padding: Option<Var>,
        width: usize,
    ) -> Result<Var> {
        let part = |g: &mut Self, gates: Var, first: usize, parts: usize| {
            g.slice(gates, 1, (first * width).into(), (parts * width).into())
        };
        let from_x = self.linear(x, of.input, Some(of.input_bias))?; // [B, 3 W]
        let from_h = self.linear(h, of.state, Some(of.state_bias))?; // [B, 3 W]
        let (gates_x, gates_h) = (part(self, from_x, 0, 2)?, part(self, from_h, 0, 2)?);
        let gates = self.add(gates_x, gates_h)?;
        let gates = self.sigmoid(gates)?; // [B, 2 W]
        let (r, z) = (part(self, gates, 0, 1)?, part(self, gates, 1, 1)?); // [B, W]
        let (new_x, new_h) = (part(self, from_x, 2, 1)?, part(self, from_h, 2, 1)?);
        let new_h = self.mul(r, new_h)?;
        let new = self.add(new_x, new_h)?;
        let new = self.tanh(new)?; // [B, W]
        // 1 at padding: the state stays, to the last bit
        let z = match padding {
            Some(padding) => self.maximum(z, padding)?,
            None => z,
        };
        let kept = self.mul(z, h)?;
        let rest = self.mul_scalar(z, -1.0)?;
        let rest = self.add_scalar(rest, 1.0)?;
        let taken = self.mul(rest, new)?;
        self.add(taken, kept)
    }

    /// `[B, n, D]` → n times `[B, D]`, halved again and again: what flows back through a piece is as large as what it was cut from.
    fn each_step(&mut self, x: Var, n: usize) -> Result<Vec<Var>> {
        if n == 1 {
            return Ok(vec![self.squeeze(x, 1)?]);
        }
        let half = n / 2;
        let first = self.slice(x, 1, 0.into(), half.into())?;
        let rest = self.slice(x, 1, half.into(), (n - half).into())?;
        let mut steps = self.each_step(first, half)?;
        steps.extend(self.each_step(rest, n - half)?);
        Ok(steps)
    }

    /// W of weights that fit what flows in.
    fn fits_gru(&self, x: &Shape, of: Gru, own: Option<Var>) -> Result<usize> {
        let sizes = [of.input, of.state, of.input_bias, of.state_bias].map(|var| self.shape(var));
        let [input, state, input_bias, state_bias] = sizes;
        let width = state.first().and_then(Size::known).unwrap_or(0);
        let gates = Size::fixed(width.saturating_mul(3));
        let fits = width > 0
            && x.len() == 3
            && input.as_slice() == [x[2].clone(), gates.clone()]
            && state.as_slice() == [width.into(), gates.clone()]
            && input_bias.as_slice() == std::slice::from_ref(&gates)
            && state_bias.as_slice() == std::slice::from_ref(&gates)
            && own.is_none_or(|own| {
                self.node(own).dtype == DType::F32 && self.shape(own)[..] == x[..2]
            });
        if fits {
            return Ok(width);
        }
        let found: Vec<String> = sizes.into_iter().map(|shape| show(shape)).collect();
        Err(self
            .shape_problem(format!(
                "gru: {} does not fit weights of {}{}",
                show(x),
                found.join(", "),
                own.map_or(String::new(), |own| format!(
                    " and steps of {}",
                    show(self.shape(own))
                ))
            ))
            .note("it takes [B, n, D], weights [D, 3 W] and [W, 3 W], biases [3 W] twice, and which steps count, [B, n]"))
    }
}
