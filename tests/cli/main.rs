//! The verbs through the binary: what a person at a terminal, and a program that reads JSON, get.

mod alike;
mod check;
mod data;
mod embed;
mod explained;
mod foreign;
mod hostile;
mod large;
mod mistakes;
#[path = "../support/mutate.rs"]
mod mutate;
mod mutated;
mod new;
mod outside;
mod scripts;
mod shared;
mod sizes;
mod verbs;

#[path = "../support/mod.rs"]
mod support;

pub use support::{Ran, Test};

/// A small sound recipe with a stage of each kind.
pub const RECIPE: &str = r#"ssl 1

/// What a recipe says of itself.

dataset figures = shapes(train = 200, valid = 40, test = 40) |> without(label)
dataset labelled = shapes(train = 200, valid = 40, test = 40)
dataset few = labelled.train |> take(50%, per = class, seed = 3)

augment view(image) {
  emit image |> random_resized_crop(24px, scale = 0.2..1.0) |> hflip(50%)
             |> color_jitter(brightness = 0.4, contrast = 0.4, saturation = 0.4, hue = 0.1, chance = 80%)
             |> grayscale(20%) |> normalize()
}
augment pair(image) { emit a = image |> view(), b = image |> view() }

encoder net = conv(4, 3) |> batch_norm() |> relu() as conv1 |> max_pool(2) |> conv(8, 3) |> relu() as conv2
           |> dropout(10%) |> global_avg_pool()

pretext contrast = simclr(temperature = 0.2) {
  data      = figures.train
  augment   = pair
  encoder   = net
  head      = linear(8) |> batch_norm() |> relu() |> linear(4)
  batch     = 20
  length    = 6 steps
  optimizer = lars(0.3, weight_decay = 1e-6)
  schedule  = cosine(warmup = 2 steps)
  clip      = norm(1.0)
  groups    = [group("*.bias", decay = 0)]
}

evaluate neighbours = knn(k = 5, at = [conv1, conv2]) { from = contrast, data = few.train, test = labelled.test }

finetune probe = linear_probe(at = [conv1, conv2], pool = grid(2)) {
  from = contrast, data = few.train, test = labelled.test, length = 1 epoch
}
finetune deep = mlp_probe(at = [conv2], hidden = 8) {
  from = contrast, data = few.train, test = labelled.test, length = 1 epoch, batch = 16
}
finetune frozen = classifier(unfreeze = none) {
  from = contrast, data = labelled.train |> take(4, per = class), test = labelled.test, length = 2 steps, batch = 8
}

export weights = safetensors("net.safetensors") { from = contrast }

run { seed = 7 }
"#;
