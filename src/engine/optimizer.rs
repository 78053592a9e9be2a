//! Optimisers, in plain tensor operations on flat tensors. Their numbers are PyTorch's: `SGD` with `dampening = 0`, `Adam`,
//! `AdamW`; scalars are computed in 64 bits. burn-optim's keep β in 32 bits, which costs the first bias corrections five
//! digits, and their state can't be taken apart by name.

use std::collections::BTreeMap;

use burn::tensor::{Device as BurnDevice, IndexingUpdateOp, Tensor, TensorData};

use super::device::Kernels;
use super::error::Result;
use super::groups::Treatment;
use super::kernels::{self, Adam, RowRule, Sgd, Update};
use super::sum::device_failed;
use super::table::{Groups, Rows};
use crate::plan::Optimizer;

/// What an optimiser remembers of one parameter, in host memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moments {
    /// Updates of this parameter.
    pub steps: u64,
    /// Velocity or first moment, row-major.
    pub first: Option<Vec<f32>>,
    /// Second moment.
    pub second: Option<Vec<f32>>,
}

/// The same on the device.
#[derive(Clone, Debug, Default)]
struct Slot {
    steps: u64,
    first: Option<Tensor<1>>,
    second: Option<Tensor<1>>,
}

/// What an optimiser remembers, by parameter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(BTreeMap<String, Slot>);

impl Memory {
    pub(crate) fn download(&self) -> Result<BTreeMap<String, Moments>> {
        let read = |tensor: &Option<Tensor<1>>| {
            tensor
                .clone()
                .map(|t| t.try_into_vec_as::<f32>().map_err(device_failed))
                .transpose()
        };
        self.0
            .iter()
            .map(|(name, slot)| {
                let moments = Moments {
                    steps: slot.steps,
                    first: read(&slot.first)?,
                    second: read(&slot.second)?,
                };
                Ok((name.clone(), moments))
            })
            .collect()
    }

    pub(crate) fn upload(moments: &BTreeMap<String, Moments>, device: &BurnDevice) -> Self {
        let place = |data: &Option<Vec<f32>>| {
            data.as_ref().map(|data| {
                let n = data.len();
                Tensor::from_data(TensorData::new(data.clone(), [n]), device)
            })
        };
        Self(
            moments
                .iter()
                .map(|(name, moments)| {
                    let slot = Slot {
                        steps: moments.steps,
                        first: place(&moments.first),
                        second: place(&moments.second),
                    };
                    (name.clone(), slot)
                })
                .collect(),
        )
    }

    /// One update of the parameter `name` with value `w` and gradient `g`. `norms`: |w| and |g|, for LARS.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn update(
        &mut self,
        optimizer: &Optimizer,
        rate: f64,
        treatment: Treatment,
        name: &str,
        [w, g]: [Tensor<1>; 2],
        norms: Option<[f64; 2]>,
        kernels: Kernels,
    ) -> Tensor<1> {
        let slot = self.0.entry(name.to_owned()).or_default();
        slot.steps += 1;
        let rate = rate * treatment.rate;
        let decay = treatment.decay;
        let local = norms
            .filter(|_| treatment.scaled)
            .map_or(1.0, |[w, g]| match optimizer {
                Optimizer::Lars { trust, .. } => local_rate(*trust, decay, w, g),
                _ => 1.0,
            });
        let [w, g] = match kernels {
            Kernels::Fast => match slot.rule(optimizer, rate, decay, local) {
                Some(rule) => {
                    let moments = [&mut slot.first, &mut slot.second];
                    match kernels::update(rule, [w, g], moments) {
                        Ok(updated) => return updated,
                        Err(refused) => refused,
                    }
                }
                None => [w, g],
            },
            Kernels::Reference => [w, g],
        };
        match optimizer {
            Optimizer::Sgd {
                momentum, nesterov, ..
            } => {
                let g = decayed(g, &w, decay);
                let step = slot.velocity(g, *momentum, *nesterov);
                w - step.mul_scalar(rate)
            }
            Optimizer::Adam { betas, epsilon, .. } => {
                let g = decayed(g, &w, decay);
                let step = slot.adaptive(g, *betas, *epsilon);
                w - step.mul_scalar(rate)
            }
            Optimizer::AdamW { betas, epsilon, .. } => {
                let step = slot.adaptive(g, *betas, *epsilon);
                let w = if decay == 0.0 {
                    w
                } else {
                    w.mul_scalar(1.0 - rate * decay)
                };
                w - step.mul_scalar(rate)
            }
            Optimizer::Adagrad { epsilon, .. } => {
                let g = decayed(g, &w, decay);
                let squares = g.clone() * g.clone();
                let squares = match slot.second.take() {
                    Some(old) => old + squares,
                    None => squares,
                };
                slot.second = Some(squares.clone());
                w - (g / squares.sqrt().add_scalar(*epsilon)).mul_scalar(rate)
            }
            Optimizer::LazyAdam { betas, epsilon, .. } => {
                let step = slot.adaptive(g, *betas, *epsilon);
                w - step.mul_scalar(rate)
            }
            Optimizer::Lars { momentum, .. } => {
                let g = decayed(g, &w, decay);
                let g = if local == 1.0 { g } else { g.mul_scalar(local) };
                let step = slot.velocity(g, *momentum, false);
                w - step.mul_scalar(rate)
            }
        }
    }
}

impl Memory {
    /// One update of some rows of the table `name` with value `w [V, d]`, flat, by their gradients; the others stay as they are, and so
    /// does what is remembered of them. For optimisers that leave still what has no gradient, without decay.
    pub(crate) fn update_rows(
        &mut self,
        optimizer: &Optimizer,
        rate: f64,
        name: &str,
        w: Tensor<1>,
        rows: Rows,
        kernels: Kernels,
    ) -> Tensor<1> {
        let slot = self.0.entry(name.to_owned()).or_default();
        slot.steps += 1;
        let [n] = w.dims();
        let d = rows.parts.first().map_or(0, |part| part.dims()[1]);
        let device = w.device();
        let mut wanted = Vec::new();
        match optimizer {
            Optimizer::Adagrad { .. } => wanted.push(&mut slot.second),
            Optimizer::LazyAdam { .. } => wanted.extend([&mut slot.first, &mut slot.second]),
            _ => {}
        }
        for moment in wanted {
            moment.get_or_insert_with(|| Tensor::zeros([n], &device));
        }
        let w = match kernels {
            Kernels::Fast => {
                let rule = slot.row_rule(optimizer, rate);
                let groups = Groups::new(&rows.ids, rows.of);
                let by = [groups.ids.as_slice(), groups.slots.as_slice()];
                let moments = [&mut slot.first, &mut slot.second];
                match kernels::update_rows(rule, by, w, &rows.parts, moments) {
                    Ok(updated) => return updated,
                    Err(refused) => refused,
                }
            }
            Kernels::Reference => w,
        };
        let rows = rows.together();
        let index = rows.index(&device);
        let values = rows.values();
        let [r, _] = values.dims();
        let table = |all: Tensor<1>| all.reshape([rows.of, d]);
        let taken = |all: &Tensor<1>| table(all.clone()).select(0, index.clone()).reshape([r * d]);
        let mut small = Memory(BTreeMap::from([(
            name.to_owned(),
            Slot {
                steps: slot.steps - 1,
                first: slot.first.as_ref().map(taken),
                second: slot.second.as_ref().map(taken),
            },
        )]));
        let still = Treatment {
            decay: 0.0,
            rate: 1.0,
            scaled: false,
        };
        let g = values.reshape([r * d]);
        let moved = small.update(
            optimizer,
            rate,
            still,
            name,
            [taken(&w), g],
            None,
            Kernels::Reference,
        );
        let put = |all: Tensor<1>, some: Tensor<1>| {
            let some = some.reshape([r, d]);
            let all = table(all).select_assign(0, index.clone(), some, IndexingUpdateOp::Assign);
            all.reshape([n])
        };
        if let Some(own) = small.0.remove(name) {
            for (all, some) in [(&mut slot.first, own.first), (&mut slot.second, own.second)] {
                if let (Some(old), Some(some)) = (all.take(), some) {
                    *all = Some(put(old, some));
                }
            }
        }
        put(w, moved)
    }
}

/// LARS (You, Gitman & Ginsburg, 2017): `trust |w| / (|g| + decay |w|)`, 1 where either norm is 0. The velocity holds scaled
/// gradients without the learning rate, as PyTorch's SGD does, so a schedule acts at once.
fn local_rate(trust: f64, decay: f64, w: f64, g: f64) -> f64 {
    if w > 0.0 && g > 0.0 {
        trust * w / (g + decay * w)
    } else {
        1.0
    }
}

/// An L2 penalty added to the gradient.
fn decayed(g: Tensor<1>, w: &Tensor<1>, decay: f64) -> Tensor<1> {
    if decay == 0.0 {
        g
    } else {
        g + w.clone().mul_scalar(decay)
    }
}

impl Slot {
    /// What the kernel computes in one pass; the same numbers as [`Self::velocity`] and [`Self::adaptive`] up to rounding.
    fn rule(&self, optimizer: &Optimizer, rate: f64, decay: f64, local: f64) -> Option<Update> {
        let sgd = |momentum: f64, nesterov| {
            Update::Sgd(Sgd {
                rate: rate as f32,
                momentum: momentum as f32,
                decay: decay as f32,
                factor: local as f32,
                nesterov,
                first: true,
            })
        };
        let adam = |(b1, b2): (f64, f64), epsilon: f64, decay: f64, keep: f64| {
            let steps = self.steps as f64;
            Update::Adam(Adam {
                rate: (rate / (1.0 - b1.powf(steps))) as f32,
                root: (1.0 / (1.0 - b2.powf(steps)).sqrt()) as f32,
                betas: [b1 as f32, b2 as f32],
                rest: [(1.0 - b1) as f32, (1.0 - b2) as f32],
                epsilon: epsilon as f32,
                decay: decay as f32,
                keep: keep as f32,
                first: true,
            })
        };
        Some(match optimizer {
            Optimizer::Sgd {
                momentum, nesterov, ..
            } => sgd(*momentum, *nesterov),
            Optimizer::Lars { momentum, .. } => sgd(*momentum, false),
            Optimizer::Adam { betas, epsilon, .. } => adam(*betas, *epsilon, decay, 1.0),
            Optimizer::LazyAdam { betas, epsilon, .. } => adam(*betas, *epsilon, 0.0, 1.0),
            Optimizer::AdamW { betas, epsilon, .. } => {
                adam(*betas, *epsilon, 0.0, 1.0 - rate * decay)
            }
            Optimizer::Adagrad { .. } => return None,
        })
    }

    /// What the kernel does to rows of a table.
    fn row_rule(&self, optimizer: &Optimizer, rate: f64) -> RowRule {
        match optimizer {
            Optimizer::Adagrad { epsilon, .. } => RowRule::Adagrad {
                rate: rate as f32,
                epsilon: *epsilon as f32,
            },
            Optimizer::LazyAdam {
                betas: (b1, b2),
                epsilon,
                ..
            } => {
                let steps = self.steps as f64;
                RowRule::Adam {
                    rate: (rate / (1.0 - b1.powf(steps))) as f32,
                    root: (1.0 / (1.0 - b2.powf(steps)).sqrt()) as f32,
                    betas: [*b1 as f32, *b2 as f32],
                    rest: [(1.0 - b1) as f32, (1.0 - b2) as f32],
                    epsilon: *epsilon as f32,
                }
            }
            _ => RowRule::Sgd { rate: rate as f32 },
        }
    }

    fn velocity(&mut self, g: Tensor<1>, momentum: f64, nesterov: bool) -> Tensor<1> {
        if momentum == 0.0 {
            return g;
        }
        let before = self.first.take();
        let moved = |g| match before {
            Some(velocity) => velocity.mul_scalar(momentum) + g,
            None => g,
        };
        // only Nesterov needs the gradient twice: without it the sum may reuse its memory
        if nesterov {
            let velocity = moved(g.clone());
            self.first = Some(velocity.clone());
            g + velocity.mul_scalar(momentum)
        } else {
            let velocity = moved(g);
            self.first = Some(velocity.clone());
            velocity
        }
    }

    /// `m̂ / (√v̂ + ε)`
    fn adaptive(&mut self, g: Tensor<1>, betas: (f64, f64), epsilon: f64) -> Tensor<1> {
        let (b1, b2) = betas;
        let first = g.clone().mul_scalar(1.0 - b1);
        let first = match self.first.take() {
            Some(old) => old.mul_scalar(b1) + first,
            None => first,
        };
        let second = (g.clone() * g).mul_scalar(1.0 - b2);
        let second = match self.second.take() {
            Some(old) => old.mul_scalar(b2) + second,
            None => second,
        };
        self.first = Some(first.clone());
        self.second = Some(second.clone());
        let steps = self.steps as f64;
        let correction1 = 1.0 - b1.powf(steps);
        let correction2 = 1.0 - b2.powf(steps);
        let root = second.sqrt().mul_scalar(1.0 / correction2.sqrt());
        (first / root.add_scalar(epsilon)).mul_scalar(1.0 / correction1)
    }
}

/// The optimiser's weight decay.
pub(crate) fn decay_of(optimizer: &Optimizer) -> f64 {
    match optimizer {
        Optimizer::Sgd { weight_decay, .. }
        | Optimizer::Adam { weight_decay, .. }
        | Optimizer::AdamW { weight_decay, .. }
        | Optimizer::Lars { weight_decay, .. }
        | Optimizer::Adagrad { weight_decay, .. } => *weight_decay,
        Optimizer::LazyAdam { .. } => 0.0,
    }
}
