//! Shapes, costs and memory of graphs.

use super::testing::{encoder, layer, net, pictures};
use super::{
    Binary, ConvTranspose, DType, Graph, Init, Mode, Module, Op, Padding, Pool, Reduction,
    Resampling, Shape, Size, Var, show,
};
use crate::catalog::{Problem, Value};
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
fn a_network_without_end_is_refused_at_its_layer() {
    let (mut g, x) = graph(&[vec![Size::batch(), 2.into(), 4.into()]]);
    let deep = Module::new("encoder", &net([layer("transformer", &[1000])]));
    let refused = (0..20).find_map(|_| g.call(&deep, x[0]).err());
    let refused = refused.expect("a limit");
    assert_eq!(refused.code, Code::TooManyNodes);
    assert!(refused.message.contains("250000 operations"), "{refused}");
    assert!(g.nodes.len() < 400_000, "{}", g.nodes.len());
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

/// A norm and the ReLU behind it make one map and keep the norm's input alone; a pooling keeps places, not the map.
#[test]
fn peak_memory_of_a_norm_and_its_relu() {
    let mut g = Graph::new(Mode::Train);
    let shape = vec![Size::batch(), 64.into(), 16.into(), 16.into()];
    let x = g.declare_input("x", shape, DType::F32, None);
    let layers = net([
        layer("conv", &[64, 1]),
        layer("batch_norm", &[]),
        layer("relu", &[]),
        layer("max_pool", &[2]),
    ]);
    let y = g.call(&Module::new("net", &layers), x).unwrap();
    let loss = g.mean_all(y).unwrap();
    g.objective("loss", loss);
    let (b, map) = (512, 4.0 * 64.0 * 256.0);
    // the picture, the convolution's result, and the gradients on both sides of norm and ReLU
    let train = g.peak_memory(b, true, 0) as f64 / (b as f64 * map);
    assert!((train - 4.0).abs() < 0.01, "{train} maps");
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

#[test]
fn moves_keep_sizes_that_depend_on_the_batch() {
    let b = Size::batch();
    let (mut g, x) = graph(&[vec![&b + &b, 6.into()], vec![b.clone(), 6.into()]]);
    let halves = g.split(x[0], 0, 2).unwrap();
    assert_eq!(halves.len(), 2);
    assert_eq!(show(g.shape(halves[1])), "[B, 6]");
    assert!(g.split(x[1], 0, 2).is_err());
    let next = g.roll(x[1], 0, 1).unwrap();
    assert_eq!(show(g.shape(next)), "[B, 6]");
    assert!(g.roll(x[1], 0, 2).is_err());
    let stacked = g.stack(&[x[1], x[1], x[1]], 1).unwrap();
    assert_eq!(show(g.shape(stacked)), "[B, 3, 6]");
    let padded = g.pad(x[1], 0, 1, 2, Padding::Edge).unwrap();
    assert_eq!(show(g.shape(padded)), "[B + 3, 6]");
    let repeated = g.repeat(x[1], 0, 3).unwrap();
    assert_eq!(show(g.shape(repeated)), "[3*B, 6]");
    let turned = g.rotate(x[1], 1).unwrap();
    assert_eq!(show(g.shape(turned)), "[6, B]");
    let variance = g.reduce(Reduction::Variance { correction: 1 }, x[1], &[0], false);
    assert_eq!(show(g.shape(variance.unwrap())), "[6]");
    let scores = g.matmul(x[0], turned).unwrap();
    assert_eq!(show(g.shape(scores)), "[2*B, B]");
    let index = g.arange(b.clone());
    let hot = g.one_hot(index, b).unwrap();
    assert_eq!(show(g.shape(hot)), "[B, B]");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (mut g, x) = graph(&[
        shape(&[2, 6]),
        shape(&[2, 3, 4, 4]),
        shape(&[2, 5, 6]),
        shape(&[4, 3, 3, 3]),
    ]);
    let (flat, map, tokens, weight) = (x[0], x[1], x[2], x[3]);
    let index = g.arange(2.into());
    let said = |problem: Result<Var, Problem>, words: &str| {
        let problem = problem.unwrap_err();
        assert!(problem.message.contains(words), "{problem}");
    };
    said(g.attention(tokens, tokens, map, None, None), "do not fit");
    said(
        g.attention(tokens, tokens, tokens, Some(flat), None),
        "a mask of [2, 6]",
    );
    said(g.interpolate(map, 0, 3, Resampling::Nearest), "no pixels");
    said(g.interpolate(flat, 2, 2, Resampling::Nearest), "[2, 6]");
    said(g.patchify(map, 3), "patches of 3 px");
    said(g.unpatchify(tokens, 2, 2), "not 2 rows");
    said(g.group_norm(map, None, None, 2, 1e-5), "2 groups");
    said(g.topk(flat, 7, 1).map(|(best, _)| best), "no elements 0..7");
    said(g.gather(flat, index, 0), "by indices of [2]");
    said(g.take(flat, flat, 0), "labels or indices");
    said(g.add(flat, index), "the other indices");
    said(g.add_scalar(index, 0.5), "stay whole");
    said(g.clamp(flat, 1.0, 0.0), "between 1 and 0");
    said(g.squeeze(flat, 1), "can't go");
    said(g.pad(flat, 1, 6, 0, Padding::Reflect), "can't be mirrored");
    said(g.full(shape(&[1; 7]), 0.0), "1 to 6");
    said(g.reshape(flat, Vec::new()), "elements against");
    said(g.mse(flat, tokens, None), "can't mse");
    said(g.nt_xent(tokens, 0.5).map(|(loss, _)| loss), "[2 B, d]");
    said(
        g.nt_xent(flat, 0.0).map(|(loss, _)| loss),
        "positive number",
    );
    said(
        g.reduce(Reduction::Variance { correction: 6 }, flat, &[1], true),
        "too few",
    );
    let conv = |stride, output_padding| ConvTranspose {
        stride,
        padding: 0,
        output_padding,
        groups: 1,
    };
    said(
        g.conv_transpose2d(map, weight, None, conv(1, 0)),
        "does not fit a weight",
    );
    let kernel = g.parameter("kernel", &[3, 4, 3, 3], Init::Constant(0.0));
    said(
        g.conv_transpose2d(map, kernel, None, conv(2, 2)),
        "less than the stride",
    );
}

#[test]
fn costs_of_products() {
    let (mut g, x) = graph(&[
        vec![Size::batch(), 4.into(), 3.into(), 3.into()],
        shape(&[4, 6, 3, 3]),
        vec![Size::batch(), 2.into(), 5.into(), 8.into()],
        vec![Size::batch(), 2.into(), 7.into(), 8.into()],
    ]);
    let conv = ConvTranspose {
        stride: 2,
        padding: 1,
        output_padding: 1,
        groups: 1,
    };
    let y = g.conv_transpose2d(x[0], x[1], None, conv).unwrap();
    assert_eq!(show(g.shape(y)), "[B, 6, 6, 6]");
    // each pixel meets each weight of its channel once
    assert_eq!(g.cost(y.0 as usize, 2).flops, 2.0 * 36.0 * 54.0);
    let y = g.attention(x[2], x[3], x[3], None, None).unwrap();
    assert_eq!(g.cost(y.0 as usize, 3).flops, 3.0 * 2.0 * 5.0 * 7.0 * 16.0);
    let y = g.interpolate(x[0], 6, 5, Resampling::Bicubic).unwrap();
    // rows of 3 to 5 pixels, then columns of 3 to 6
    let across = 4.0 * 3.0 * 3.0 * 5.0;
    let down = 4.0 * 5.0 * 3.0 * 6.0;
    assert_eq!(g.cost(y.0 as usize, 1).flops, across + down);
}

/// Only a mask that is learnt makes an attention lay its scores out.
#[test]
fn attention_keeps_no_scores() {
    let peak = |mask: &str| {
        let sizes = vec![Size::batch(), 3.into(), 64.into(), 16.into()];
        let (mut g, x) = graph(&[sizes, shape(&[1, 1, 64, 64])]);
        let weight = g.parameter("weight", &[16, 16], Init::Normal(0.1));
        let q = g.matmul(x[0], weight).unwrap();
        let learnt = g.parameter("mask", &[1, 1, 64, 64], Init::Constant(1.0));
        let mask = match mask {
            "" => None,
            "given" => Some(x[1]),
            _ => Some(learnt),
        };
        let y = g.attention(q, q, q, mask, None).unwrap();
        let loss = g.mean_all(y).unwrap();
        g.objective("loss", loss);
        g.peak_memory(32, true, 0) as f64
    };
    let scores = 4.0 * 32.0 * 3.0 * 64.0 * 64.0;
    assert!(peak("learnt") - peak("") >= scores);
    assert!(peak("given") - peak("") < scores / 3.0);
}
