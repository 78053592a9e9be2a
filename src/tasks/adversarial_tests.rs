//! The policy gradient against PyTorch (`tests/fixtures/tasks/policy_gradient.py`).

use super::*;
use crate::engine::{Batch, Device, HostTensor, Model, gradients};
use crate::graph::{DType, Init, Mode};

#[test]
fn the_policy_gradient_is_that_of_the_paper() {
    let text = include_str!("../../tests/fixtures/tasks/policy_gradient.json");
    let case: serde_json::Value = serde_json::from_str(text).unwrap();
    let numbers = |name: &str| -> Vec<f32> {
        let list = case[name].as_array().unwrap().iter();
        list.map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let [n, pieces] = ["n", "pieces"].map(|name| case[name].as_u64().unwrap() as usize);
    let (scores, rewards) = (numbers("scores"), numbers("rewards"));
    let rows = scores.len() / pieces;
    let mut g = Graph::new(Mode::Train);
    let table = g.parameter("scores", &[rows, pieces], Init::Constant(0.0));
    let all = &Size::batch() * &Size::fixed(n);
    let reward = g.declare_input("reward", vec![Size::batch()], DType::F32, None);
    let words = vec![Size::batch(), n.into()];
    let words = g.declare_input("words", words, DType::Int, Some(pieces));
    // one row of scores for each place of the batch
    let places = g.arange(all.clone());
    let logits = g.take(table, places, 0).unwrap(); // [B n, V]
    let words = g.reshape(words, vec![all]).unwrap();
    let loss = policy(&mut g, logits, words, reward, n).unwrap();
    g.objective("loss", loss);
    let mut model = Model::init(&g, 7, &Device::flex()).unwrap();
    let scores = HostTensor::f32(scores, &[rows, pieces]);
    model.set("scores", &scores).unwrap();
    let words = case["words"].as_array().unwrap().iter();
    let words: Vec<i64> = words.map(|id| id.as_i64().unwrap()).collect();
    let batch: Batch = [
        ("words".to_owned(), HostTensor::int(words, &[rows / n, n])),
        ("reward".to_owned(), HostTensor::f32(rewards, &[rows / n])),
    ]
    .into();
    let found = gradients(&g, &model, &batch).unwrap();
    let wanted = case["loss"].as_f64().unwrap();
    let loss = found.objectives[0].1;
    assert!((loss - wanted).abs() < 1e-6, "{loss} {wanted}");
    let gradient = found.gradients["scores"].as_f32().unwrap();
    for (at, (found, wanted)) in gradient.iter().zip(numbers("gradient")).enumerate() {
        assert!((found - wanted).abs() < 1e-6, "{at}: {found} {wanted}");
    }
}
