//! `small_cnn` with a linear head and SGD in plain burn: what somebody would write who has no graph.

use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::module::{batch_norm_train, conv2d, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Int, Tensor, TensorData};
use pretext::engine::{Batch, HostTensor, Model};

use super::{BATCH, DECAY, MOMENTUM, RATE, WIDTH};

struct Block {
    weight: Held<4>,
    gamma: Held<1>,
    beta: Held<1>,
    mean: Tensor<1>,
    variance: Tensor<1>,
}

/// The network with its velocities.
pub struct Hand {
    device: Device,
    blocks: Vec<Block>,
    head: (Held<2>, Held<1>),
    velocities: Vec<Option<Tensor<1>>>,
    tracked: bool,
}

impl Hand {
    /// Starts from the weights of a model; `tracked`: under autodiff.
    pub fn new(model: &Model, tracked: bool) -> Self {
        let device = model.device().burn().clone();
        let read = |name: &str| match model.get(name).expect("a tensor of small_cnn") {
            HostTensor::F32 { data, shape } => TensorData::new(data, shape),
            HostTensor::Int { .. } => panic!("{name} has whole numbers"),
        };
        let vector = |name: &str| Tensor::<1>::from_data(read(name), &device);
        let blocks = (1..=3)
            .map(|i| Block {
                weight: Held::new(
                    Tensor::from_data(read(&format!("encoder/conv{i}/conv/weight")), &device),
                    tracked,
                ),
                gamma: Held::new(vector(&format!("encoder/conv{i}/bn/weight")), tracked),
                beta: Held::new(vector(&format!("encoder/conv{i}/bn/bias")), tracked),
                mean: vector(&format!("encoder/conv{i}/bn/running_mean")),
                variance: vector(&format!("encoder/conv{i}/bn/running_var")),
            })
            .collect();
        let head = (
            Held::new(Tensor::from_data(read("head/weight"), &device), tracked),
            Held::new(vector("head/bias"), tracked),
        );
        Self {
            blocks,
            head,
            velocities: vec![None; 11],
            tracked,
            device,
        }
    }

    /// Loss and accuracy of a batch.
    pub fn forward(&mut self, batch: &Batch) -> [Tensor<1>; 2] {
        let (view, turn) = (&batch["view"], &batch["turn"]);
        let view = view.as_f32().expect("pixels").to_vec();
        let view = TensorData::new(view, [BATCH, 3, 32, 32]);
        let turn = TensorData::new(turn.as_int().expect("turns").to_vec(), [BATCH]);
        let view = Tensor::<4>::from_data(view, &self.device);
        let turn = Tensor::<1, Int>::from_data(turn, &self.device);

        let mut x = view;
        for block in &mut self.blocks {
            x = block.forward(x);
        }
        let [_, channels, height, width] = x.dims();
        let x: Tensor<3> = x.reshape([BATCH, channels, height * width]);
        let x: Tensor<2> = x.mean_dim(2).reshape([BATCH, 4 * WIDTH]);
        let logits = linear(x, self.head.0.get(), Some(self.head.1.get()));
        let target: Tensor<2, Int> = turn.clone().reshape([BATCH, 1]);
        let log_p = log_softmax(logits.clone(), 1);
        let chosen: Tensor<1> = log_p.gather(1, target).reshape([BATCH]);
        let loss = chosen.mean().mul_scalar(-1.0);
        let target: Tensor<2, Int> = turn.reshape([BATCH, 1]);
        let hit: Tensor<1> = logits.argmax(1).equal(target).float().reshape([BATCH]);
        let accuracy = hit.mean();
        [loss, accuracy]
    }

    /// One training step; its loss.
    pub fn step(&mut self, batch: &Batch) -> f64 {
        let [loss, accuracy] = self.forward(batch);
        let mut gradients = loss.backward();
        let mut flat = Vec::with_capacity(11);
        for block in &self.blocks {
            let n = block.weight.get().shape().num_elements();
            let weight = block.weight.get().grad_remove(&mut gradients);
            flat.push(weight.map(|g| g.reshape([n])));
            flat.push(block.gamma.get().grad_remove(&mut gradients));
            flat.push(block.beta.get().grad_remove(&mut gradients));
        }
        let weight = self.head.0.get().grad_remove(&mut gradients);
        flat.push(weight.map(|g| g.reshape([4 * WIDTH * 4])));
        flat.push(self.head.1.get().grad_remove(&mut gradients));
        let flat = flat.into_iter().map(|g| g.expect("a gradient"));

        let value = f64::from(loss.into_scalar::<f32>());
        let _accuracy: f32 = accuracy.into_scalar();
        self.update(flat.collect());
        value
    }

    /// The number of elements of each parameter: weight, gamma, beta of each block, weight and bias of the head.
    #[cfg(feature = "capture")]
    pub fn sizes(&self) -> Vec<usize> {
        let blocks = self.blocks.iter().flat_map(|b| {
            let channels = b.gamma.get().dims()[0];
            [b.weight.get().shape().num_elements(), channels, channels]
        });
        blocks.chain([4 * WIDTH * 4, 4]).collect()
    }

    /// In the order of the names: batch norm before convolution, biases before weights.
    pub fn update(&mut self, gradients: Vec<Tensor<1>>) {
        let tracked = self.tracked;
        let mut take = gradients.into_iter().map(Some).collect::<Vec<_>>();
        let mut gradient = |i: usize| take[i].take().expect("used once");
        for (i, block) in self.blocks.iter_mut().enumerate() {
            let v = 3 * i;
            block.beta.change_vector(tracked, |w| {
                sgd(w, gradient(v + 2), &mut self.velocities[v + 2], 0.0)
            });
            block.gamma.change_vector(tracked, |w| {
                sgd(w, gradient(v + 1), &mut self.velocities[v + 1], 0.0)
            });
            block.weight.change(tracked, |w| {
                sgd(w, gradient(v), &mut self.velocities[v], DECAY)
            });
        }
        let velocities = &mut self.velocities;
        let (weight, bias) = &mut self.head;
        bias.change_vector(tracked, |w| sgd(w, gradient(10), &mut velocities[10], 0.0));
        weight.change(tracked, |w| sgd(w, gradient(9), &mut velocities[9], DECAY));
    }
}

impl Block {
    fn forward(&mut self, x: Tensor<4>) -> Tensor<4> {
        let options = ConvOptions::new([1; 2], [1; 2], [1; 2], 1);
        let x = conv2d(x, self.weight.get(), None, options);
        let [batch, _, height, width] = x.dims();
        let n = (batch * height * width) as f64;
        let done = batch_norm_train(x, self.gamma.get(), self.beta.get(), 1e-5);
        let moved = |old: &Tensor<1>, new: Tensor<1>, factor: f64| {
            old.clone().mul_scalar(0.9) + new.inner().mul_scalar(0.1 * factor)
        };
        self.mean = moved(&self.mean, done.mean, 1.0);
        self.variance = moved(&self.variance, done.variance, n / (n - 1.0));
        max_pool2d(relu(done.output), MaxPoolOptions::new([2; 2]))
    }
}

/// A parameter that can be taken out while it is changed, so that burn may work in place.
struct Held<const D: usize>(Option<Tensor<D>>);

impl<const D: usize> Held<D> {
    fn new(x: Tensor<D>, tracked: bool) -> Self {
        Self(Some(if tracked {
            x.autodiff().require_grad()
        } else {
            x
        }))
    }

    fn get(&self) -> Tensor<D> {
        self.0.clone().expect("a parameter")
    }

    fn change(&mut self, tracked: bool, update: impl FnOnce(Tensor<1>) -> Tensor<1>) {
        let old = self.0.take().expect("a parameter");
        let shape = old.dims();
        let flat = old.inner().reshape([shape.iter().product::<usize>()]);
        *self = Self::new(update(flat).reshape(shape), tracked);
    }
}

impl Held<1> {
    fn change_vector(&mut self, tracked: bool, update: impl FnOnce(Tensor<1>) -> Tensor<1>) {
        let old = self.0.take().expect("a parameter");
        *self = Self::new(update(old.inner()), tracked);
    }
}

/// `g += decay w; v = momentum v + g; w -= rate v`
fn sgd(w: Tensor<1>, g: Tensor<1>, velocity: &mut Option<Tensor<1>>, decay: f64) -> Tensor<1> {
    let g = if decay == 0.0 {
        g
    } else {
        g + w.clone().mul_scalar(decay)
    };
    let v = match velocity.take() {
        Some(v) => v.mul_scalar(MOMENTUM) + g,
        None => g,
    };
    *velocity = Some(v.clone());
    w - v.mul_scalar(RATE)
}
