//! The language server as an editor meets it: the binary, spoken to over its standard input and output.

mod client;
mod complete;
mod navigate;
mod protocol;
mod typing;

#[path = "../support/mod.rs"]
mod support;

pub use client::{Client, byte, covered, cursor, edited, place};
pub use support::Test;

/// A small sound recipe with most of what a recipe may hold.
pub const RECIPE: &str = r#"ssl 1

/// Снимки 🦀 и подписи.

dataset figures = shapes(train = 200, valid = 40, test = 40)

augment view(image) {
  emit image |> random_resized_crop(24px, scale = 0.2..1.0) |> hflip(50%) |> normalize()
}
augment pair(image) {
  left = image |> view()
  emit left, right = image |> view()
}

encoder net = conv(4, 3) |> batch_norm() |> relu() as conv1 |> max_pool(2) |> conv(8, 3) |> relu() as conv2
           |> global_avg_pool()

pretext contrast = simclr(temperature = 0.2) {
  data      = figures.train // 🦀 половина
  augment   = pair
  encoder   = net
  head      = linear(8) |> relu() |> linear(4)
  batch     = 20
  length    = 600 steps
  optimizer = adamw(1e-3, weight_decay = 0.05)
}

evaluate near = knn(k = 5, at = [conv1, conv2]) {
  from = contrast, data = figures.train, test = figures.test
}

export weights = safetensors("снимок 🦀.safetensors") { from = contrast }

run { seed = 1 }
"#;

/// The recipe with something else in the place of a part.
pub fn with(from: &str, to: &str) -> String {
    assert!(RECIPE.contains(from), "{from}");
    RECIPE.replacen(from, to, 1)
}
