//! Shapes, costs and memory of graphs.

use super::testing::{encoder, layer, net, pictures};
use super::{Binary, DType, Graph, Mode, Module, Op, Pool, Shape, Size, Var, show};
use crate::catalog::Value;
use crate::language::codes::Code;

fn shape(sizes: &[usize]) -> Shape {
    sizes.iter().map(|n| (*n).into()).collect()
}

/// A training graph with f32 inputs of these shapes.
fn graph(shapes: &[Shape]) -> (Graph, Vec<Var>) {
    let mut g = Graph::new(Mode::Train);
    let vars = shapes
        .iter()
        .enumerate()
        .map(|(i, shape)| g.declare_input(&format!("x{i}"), shape.clone(), DType::F32, None))
        .collect();
    (g, vars)
}

#[test]
fn sizes_are_polynomials() {
    let b = Size::batch();
    let two_b = &b + &b;
    assert_eq!(two_b.to_string(), "2*B");
    assert_eq!((&two_b * &two_b).to_string(), "4*B^2");
    assert_eq!((&two_b * &Size::fixed(0)), Size::fixed(0));
    assert_eq!((&(&two_b * &b) + &Size::fixed(3)).at(5), 53);
    assert_eq!(two_b.divided(2), Some(b.clone()));
    assert_eq!(b.divided(2), None);
    assert_eq!(two_b.divided_by(&b), Some(Size::fixed(2)));
    assert_eq!(Size::fixed(6).divided_by(&b), None);
    assert_eq!(b.known(), None);
    assert_eq!(Size::fixed(7).known(), Some(7));
}

#[test]
fn operands_are_repeated_where_a_size_is_one() {
    let b = Size::batch();
    let (mut g, x) = graph(&[
        vec![b.clone(), 3.into()],
        shape(&[1, 3]),
        shape(&[3]),
        shape(&[4]),
    ]);
    let sum = g.add(x[0], x[1]).unwrap();
    assert_eq!(show(g.shape(sum)), "[B, 3]");
    let sum = g.add(x[2], sum).unwrap();
    assert_eq!(show(g.shape(sum)), "[B, 3]");
    assert_eq!(g.node(sum).op, Op::Binary(Binary::Add));
    let problem = g.add(x[0], x[3]).unwrap_err();
    assert_eq!(problem.code, Code::Shape);
    assert_eq!(problem.message, "can't add [B, 3] and [4]");
}

#[test]
fn products_and_moves() {
    let b = Size::batch();
    let (mut g, x) = graph(&[
        vec![b.clone(), 3.into(), 8.into(), 5.into()],
        vec![b.clone(), 3.into(), 5.into(), 7.into()],
    ]);
    let product = g.matmul(x[0], x[1]).unwrap();
    assert_eq!(show(g.shape(product)), "[B, 3, 8, 7]");
    assert!(g.matmul(x[0], x[0]).is_err());
    let moved = g.permute(x[0], &[0, 2, 1, 3]).unwrap();
    assert_eq!(show(g.shape(moved)), "[B, 8, 3, 5]");
    assert!(g.permute(x[0], &[0, 1, 1, 3]).is_err());
    let flat = g.flatten(x[0]).unwrap();
    assert_eq!(show(g.shape(flat)), "[B, 120]");
    assert!(g.reshape(x[0], vec![b.clone(), 119.into()]).is_err());
    let both = g.concat(&[x[0], x[0]], 0).unwrap();
    assert_eq!(show(g.shape(both)), "[2*B, 3, 8, 5]");
    let back = g.slice(both, 0, b.clone(), b.clone()).unwrap();
    assert_eq!(g.shape(back), g.shape(x[0]));
    let two = &b + &b;
    assert!(g.slice(both, 0, b.clone(), two).is_err());
    assert!(g.concat(&[x[0], x[1]], 0).is_err());
    let sum = g.sum(x[0], 3).unwrap();
    assert_eq!(show(g.shape(sum)), "[B, 3, 8, 1]");
    assert!(g.sum(x[0], 4).is_err());
}

#[test]
fn windows() {
    // sizes of torch.nn.functional.{max_pool2d, conv2d} on a 32 px map
    for (kernel, stride, padding, side) in [
        (3, 2, 0, 15),
        (3, 2, 1, 16),
        (2, 2, 0, 16),
        (3, 1, 1, 32),
        (5, 3, 2, 11),
    ] {
        let (mut g, x) = pictures(Mode::Train, 3, 32);
        let pool = Pool {
            kernel,
            stride,
            padding,
        };
        let y = g.max_pool(x, pool).unwrap();
        assert_eq!(show(g.shape(y)), format!("[B, 3, {side}, {side}]"));
    }
    let (mut g, x) = pictures(Mode::Train, 3, 4);
    let pool = Pool {
        kernel: 5,
        stride: 1,
        padding: 0,
    };
    let problem = g.avg_pool(x, pool).unwrap_err();
    assert!(problem.message.contains("[B, 3, 4, 4]"), "{problem}");
}

#[test]
fn a_map_does_not_fit_in_linear() {
    let (mut g, x) = pictures(Mode::Train, 3, 8);
    let head = Module::new("head", &net([layer("linear", &[4])]));
    let problem = g.call(&head, x).unwrap_err();
    assert_eq!(problem.code, Code::Shape);
    assert!(problem.message.contains("[B, 3, 8, 8]"), "{problem}");
    assert!(problem.helps[0].contains("global_avg_pool()"));
    assert!(problem.helps[0].contains("flatten()"));
}

#[test]
fn layers_of_the_recipe_in_the_language_reference() {
    // conv(96, 5) |> batch_norm() |> relu() |> max_pool(3, stride = 2) |> conv(192, 5) |> … |> global_avg_pool()
    let (mut g, x) = pictures(Mode::Train, 3, 32);
    let trunk = net([
        layer("conv", &[96, 5]),
        layer("batch_norm", &[]),
        layer("relu", &[]),
        layer("max_pool", &[3, 2]),
        layer("conv", &[192, 5]),
        layer("batch_norm", &[]),
        layer("relu", &[]),
        layer("dropout", &[]),
        layer("global_avg_pool", &[]),
    ]);
    let y = g.call(&Module::new("encoder", &trunk), x).unwrap();
    assert_eq!(show(g.shape(y)), "[B, 192]");
    let convs = 96 * 3 * 25 + 96 + 192 * 96 * 25 + 192;
    assert_eq!(g.parameter_count(), convs + 2 * 96 + 2 * 192);
    assert_eq!(g.parameters[0].name, "encoder/0/weight");
    let again = g.call(&Module::new("encoder", &trunk), x).unwrap();
    assert_eq!(g.parameter_count(), convs + 2 * 96 + 2 * 192);
    assert_ne!(y, again);
}

#[test]
fn linear_cost() {
    let (mut g, x) = pictures(Mode::Train, 3, 8);
    let head = net([layer("flatten", &[]), layer("linear", &[10])]);
    let y = g.call(&Module::new("head", &head), x).unwrap();
    let cost = g.cost(y.0 as usize, 16);
    assert_eq!(cost.flops, 16.0 * 192.0 * 10.0);
    assert_eq!(cost.bytes, 16.0 * 10.0 * 4.0);
    assert_eq!(cost.kept, 0.0);
    // the weight's gradient needs the picture; the reshape is a view of it
    assert_eq!(g.cost(x.0 as usize, 16).kept, 16.0 * 192.0 * 4.0);
    assert_eq!(g.cost(1, 16).bytes, 0.0);
}

#[test]
fn peak_memory_of_a_chain() {
    // x [B, 1024] → linear(1024) → relu → linear(1) → mean
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("x", vec![Size::batch(), 1024.into()], DType::F32, None);
    let layers = net([
        layer("linear", &[1024]),
        layer("relu", &[]),
        layer("linear", &[1]),
    ]);
    let y = g.call(&Module::new("net", &layers), x).unwrap();
    let loss = g.mean_all(y).unwrap();
    g.objective("loss", loss);
    let weights = 4 * (1024 * 1024 + 1024 + 1024 + 1);
    let row = 4 * 1024;
    let b = 4096;
    // evaluation: two activations at once
    let eval = g.peak_memory(b, false, 0);
    assert_eq!(eval, (weights + 2 * b * row) as u64);
    // training: at the relu x, its input and the gradients on both sides; all else is small
    let train = g.peak_memory(b, true, 0) as f64;
    let expected = (4 * b * row + weights) as f64;
    assert!((train / expected - 1.0).abs() < 0.001, "{train} {expected}");
    let adam = g.peak_memory(b, true, 2) as f64;
    assert_eq!(adam - train, 2.0 * weights as f64);
}

#[test]
fn peak_memory_grows_with_the_batch() {
    let (mut g, x) = pictures(Mode::Train, 3, 32);
    let trunk = encoder("resnet18", &[("stem", Value::Word("small".into()))]);
    let y = g.call(&Module::new("encoder", &trunk), x).unwrap();
    let loss = g.mean_all(y).unwrap();
    g.objective("loss", loss);
    let (one, two) = (g.peak_memory(64, true, 1), g.peak_memory(128, true, 1));
    let fixed = 2 * 4 * g.parameter_count() as u64;
    assert!(one > fixed && two > one);
    assert!(two - fixed > 3 * (one - fixed) / 2);
    assert!(g.peak_memory(64, false, 1) < one / 2);
}
