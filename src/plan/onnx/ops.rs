//! Operations of the graph as those of ONNX.

use super::Writer;
use super::proto::{BOOL, FLOAT, INT64, Value};
use crate::graph::{Binary, Comparison, DType, Node, Op, Resampling, Size, Unary};

type Attributes = Vec<(&'static str, Value)>;

fn both(n: usize) -> Value {
    Value::Ints(vec![n as i64; 2])
}

fn pads(n: usize) -> Value {
    Value::Ints(vec![n as i64; 4])
}

/// Adds a node that is neither an input nor reads tensors by name; what its value is called.
pub(super) fn written(out: &mut Writer<'_>, node: &Node) -> Result<String, String> {
    let x = out.inputs(node)?;
    let first = || -> Result<String, String> {
        let first = x.first().cloned();
        first.ok_or_else(|| "an operation has no input".into())
    };
    let shape_at = |at: usize| node.inputs.get(at).map(|var| out.graph.shape(*var).clone());
    Ok(match &node.op {
        // evaluation: what is dropped, gated or cut off from gradients is there
        Op::Dropout(_) | Op::StopGradient | Op::When(_) => first()?,
        Op::Unary(function) => unary(out, *function, &first()?),
        Op::Binary(function) => {
            let name = match function {
                Binary::Add => "Add",
                Binary::Sub => "Sub",
                Binary::Mul => "Mul",
                Binary::Div => "Div",
                Binary::Max => "Max",
                Binary::Min => "Min",
            };
            out.op(name, &x, &[])
        }
        Op::AddScalar(c) => with_number(out, "Add", &first()?, *c),
        Op::MulScalar(c) => with_number(out, "Mul", &first()?, *c),
        Op::Pow(c) => with_number(out, "Pow", &first()?, *c),
        Op::LeakyRelu(c) => {
            let alpha = ("alpha", Value::Float(*c as f32));
            out.op("LeakyRelu", &x, &[alpha])
        }
        Op::Clamp { min, max } => {
            let mut bound = |x: f64| match x.is_finite() {
                true => out.number(x),
                false => String::new(),
            };
            let inputs = [first()?, bound(*min), bound(*max)];
            out.op("Clip", &inputs, &[])
        }
        Op::ToFloat => cast(out, &first()?, FLOAT),
        Op::ToInt => cast(out, &first()?, INT64),
        Op::Compare(comparison) => compare(out, *comparison, &x),
        Op::Where => {
            let [condition, a, b] = x.as_slice() else {
                return Err("`where` has three inputs".into());
            };
            let condition = cast(out, condition, BOOL);
            out.op("Where", &[condition, a.clone(), b.clone()], &[])
        }
        Op::MatMul => out.op("MatMul", &x, &[]),
        Op::Attention { scale } => {
            let rank = node.shape.len();
            attention(out, &x, *scale, rank)?
        }
        Op::Linear => {
            let product = out.op("MatMul", &x[..2.min(x.len())], &[]);
            match x.get(2) {
                Some(bias) => out.op("Add", &[product, bias.clone()], &[]),
                None => product,
            }
        }
        Op::Conv2d {
            stride,
            padding,
            groups,
        } => {
            let attributes = [
                ("group", Value::Int(*groups as i64)),
                ("pads", pads(*padding)),
                ("strides", both(*stride)),
            ];
            out.op("Conv", &x, &attributes)
        }
        Op::ConvTranspose2d {
            stride,
            padding,
            output_padding,
            groups,
        } => {
            let attributes = [
                ("group", Value::Int(*groups as i64)),
                ("output_padding", both(*output_padding)),
                ("pads", pads(*padding)),
                ("strides", both(*stride)),
            ];
            out.op("ConvTranspose", &x, &attributes)
        }
        Op::LayerNorm { epsilon } => {
            let mut inputs = x.clone();
            if inputs.len() == 1 {
                let width = node.shape.last().and_then(Size::known).unwrap_or(1);
                let name = format!("ones{width}");
                if !out.constants.contains_key(&name) {
                    out.floats(&name, &[width], &vec![1.0; width]);
                    out.constants.insert(name.clone(), name.clone());
                }
                inputs.push(name);
            }
            let attributes = [
                ("axis", Value::Int(-1)),
                ("epsilon", Value::Float(*epsilon as f32)),
            ];
            out.op("LayerNormalization", &inputs, &attributes)
        }
        Op::MaxPool {
            kernel,
            stride,
            padding,
        } => out.op("MaxPool", &x, &window(*kernel, *stride, *padding)),
        Op::AvgPool {
            kernel,
            stride,
            padding,
        } => {
            let mut attributes = window(*kernel, *stride, *padding);
            attributes.insert(0, ("count_include_pad", Value::Int(1)));
            out.op("AveragePool", &x, &attributes)
        }
        Op::Resize(way) => resize(out, node, *way, &first()?, &shape_at(0).unwrap_or_default())?,
        Op::Reshape => {
            let target = reshaped(out, &node.shape)?;
            out.op("Reshape", &[first()?, target], &[])
        }
        Op::Permute(order) => {
            let order = order.iter().map(|n| *n as i64).collect();
            out.op("Transpose", &x, &[("perm", Value::Ints(order))])
        }
        Op::Expand => {
            let target = out.shape_of(&node.shape)?;
            out.op("Expand", &[first()?, target], &[])
        }
        Op::Flip(dims) => {
            let ones = vec![-1; dims.len()];
            let axes: Vec<i64> = dims.iter().map(|n| *n as i64).collect();
            let ends = out.ints(&vec![i64::MIN + 1; dims.len()]);
            let (starts, axes) = (out.ints(&ones), out.ints(&axes));
            out.op(
                "Slice",
                &[first()?, starts.clone(), ends, axes, starts],
                &[],
            )
        }
        Op::Concat(dim) => out.op("Concat", &x, &[("axis", Value::Int(*dim as i64))]),
        Op::Slice { dim, start } => {
            let known = |size: &Size| {
                let known = size.known().map(|n| n as i64);
                known.ok_or_else(|| "ONNX is not given slices along the batch".to_owned())
            };
            let start = known(start)?;
            let size = node.shape.get(*dim).map_or(Ok(0), known)?;
            let (from, to) = (out.ints(&[start]), out.ints(&[start + size]));
            let axes = out.ints(&[*dim as i64]);
            out.op("Slice", &[first()?, from, to, axes], &[])
        }
        Op::Sum(dim) => reduced(out, "ReduceSum", &first()?, *dim),
        Op::Mean(dim) => reduced(out, "ReduceMean", &first()?, *dim),
        Op::Max(dim) => reduced(out, "ReduceMax", &first()?, *dim),
        Op::Min(dim) => reduced(out, "ReduceMin", &first()?, *dim),
        Op::Softmax(dim) => out.op("Softmax", &x, &[("axis", Value::Int(*dim as i64))]),
        Op::LogSoftmax(dim) => out.op("LogSoftmax", &x, &[("axis", Value::Int(*dim as i64))]),
        Op::Gather(dim) => out.op("GatherElements", &x, &[("axis", Value::Int(*dim as i64))]),
        Op::Take(dim) => out.op("Gather", &x, &[("axis", Value::Int(*dim as i64))]),
        Op::Argmax(dim) => {
            let attributes = [
                ("axis", Value::Int(*dim as i64)),
                ("keepdims", Value::Int(1)),
            ];
            out.op("ArgMax", &x, &attributes)
        }
        Op::Arange(size) if size.known().is_some() => {
            let all: Vec<i64> = (0..size.known().unwrap_or(0) as i64).collect();
            out.ints(&all)
        }
        Op::Full(c) if node.dtype == DType::F32 => {
            let one = out.number(*c);
            let target = out.shape_of(&node.shape)?;
            out.op("Expand", &[one, target], &[])
        }
        other => {
            let said = format!("{other:?}");
            let name = said.split([' ', '(', '{']).next().unwrap_or_default();
            return Err(format!(
                "the encoder computes `{name}` ({}), which is not written as ONNX",
                node.path
            ));
        }
    })
}

fn cast(out: &mut Writer<'_>, x: &str, kind: u64) -> String {
    out.op("Cast", &[x.to_owned()], &[("to", Value::Int(kind as i64))])
}

fn with_number(out: &mut Writer<'_>, op: &str, x: &str, c: f64) -> String {
    let c = out.number(c);
    out.op(op, &[x.to_owned(), c], &[])
}

fn reduced(out: &mut Writer<'_>, op: &str, x: &str, dim: usize) -> String {
    let axes = out.ints(&[dim as i64]);
    out.op(op, &[x.to_owned(), axes], &[("keepdims", Value::Int(1))])
}

fn window(kernel: usize, stride: usize, padding: usize) -> Attributes {
    vec![
        ("kernel_shape", both(kernel)),
        ("pads", pads(padding)),
        ("strides", both(stride)),
    ]
}

fn unary(out: &mut Writer<'_>, function: Unary, x: &str) -> String {
    let own = [x.to_owned()];
    let name = match function {
        Unary::Relu => "Relu",
        Unary::Exp => "Exp",
        Unary::Log => "Log",
        Unary::Sqrt => "Sqrt",
        Unary::Abs => "Abs",
        Unary::Tanh => "Tanh",
        Unary::Sigmoid => "Sigmoid",
        Unary::Softplus => "Softplus",
        Unary::Sin => "Sin",
        Unary::Cos => "Cos",
        Unary::Gelu => {
            // x / 2 (1 + erf(x / √2))
            let scaled = with_number(out, "Mul", x, std::f64::consts::FRAC_1_SQRT_2);
            let erf = out.op("Erf", &[scaled], &[]);
            let more = with_number(out, "Add", &erf, 1.0);
            let product = out.op("Mul", &[x.to_owned(), more], &[]);
            return with_number(out, "Mul", &product, 0.5);
        }
        Unary::Silu => {
            let gate = out.op("Sigmoid", &own, &[]);
            return out.op("Mul", &[x.to_owned(), gate], &[]);
        }
        Unary::LogSigmoid => {
            let turned = out.op("Neg", &own, &[]);
            let soft = out.op("Softplus", &[turned], &[]);
            return out.op("Neg", &[soft], &[]);
        }
    };
    out.op(name, &own, &[])
}

fn compare(out: &mut Writer<'_>, comparison: Comparison, x: &[String]) -> String {
    let name = match comparison {
        Comparison::Equal | Comparison::NotEqual => "Equal",
        Comparison::Less => "Less",
        Comparison::LessEqual => "LessOrEqual",
        Comparison::Greater => "Greater",
        Comparison::GreaterEqual => "GreaterOrEqual",
    };
    let mut is = out.op(name, x, &[]);
    if comparison == Comparison::NotEqual {
        is = out.op("Not", &[is], &[]);
    }
    cast(out, &is, FLOAT)
}

/// softmax(scale q kᵀ) v
fn attention(
    out: &mut Writer<'_>,
    x: &[String],
    scale: f64,
    rank: usize,
) -> Result<String, String> {
    let [q, k, v, mask @ ..] = x else {
        return Err("`attention` has three inputs".into());
    };
    let mut order: Vec<i64> = (0..rank as i64).collect();
    order.swap(rank - 2, rank - 1);
    let turned = out.op(
        "Transpose",
        std::slice::from_ref(k),
        &[("perm", Value::Ints(order))],
    );
    let scores = out.op("MatMul", &[q.clone(), turned], &[]);
    let mut scores = with_number(out, "Mul", &scores, scale);
    if let Some(mask) = mask.first() {
        let looks = cast(out, mask, BOOL);
        let nothing = out.number(f64::from(f32::MIN));
        scores = out.op("Where", &[looks, scores, nothing], &[]);
    }
    let weights = out.op("Softmax", &[scores], &[("axis", Value::Int(-1))]);
    Ok(out.op("MatMul", &[weights, v.clone()], &[]))
}

/// The shape of a reshape: one size may depend on the batch, which follows from the others.
fn reshaped(out: &mut Writer<'_>, shape: &[Size]) -> Result<String, String> {
    let unknown = shape.iter().filter(|size| size.known().is_none());
    if unknown.count() > 1 {
        return out.shape_of(shape);
    }
    let sizes = shape
        .iter()
        .map(|size| size.known().map_or(-1, |n| n as i64));
    let sizes: Vec<i64> = sizes.collect();
    Ok(out.ints(&sizes))
}

fn resize(
    out: &mut Writer<'_>,
    node: &Node,
    way: Resampling,
    x: &str,
    from: &[Size],
) -> Result<String, String> {
    let known = |shape: &[Size]| -> Option<[usize; 2]> {
        let [_, _, h, w] = shape else {
            return None;
        };
        Some([h.known()?, w.known()?])
    };
    let (Some(from), Some(to)) = (known(from), known(&node.shape)) else {
        return Err("ONNX is not given maps whose size is not known".into());
    };
    if way == Resampling::Average {
        let [h, w] = [0, 1].map(|at| from[at].checked_div(to[at]).unwrap_or(0));
        if h * to[0] != from[0] || w * to[1] != from[1] {
            return Err(format!(
                "a map of {} × {} averaged to {} × {} is not written as ONNX",
                from[0], from[1], to[0], to[1]
            ));
        }
        let sides = || Value::Ints(vec![h as i64, w as i64]);
        let attributes = [("kernel_shape", sides()), ("strides", sides())];
        return Ok(out.op("AveragePool", &[x.to_owned()], &attributes));
    }
    let sizes = out.ints(&[to[0] as i64, to[1] as i64]);
    let mut attributes = vec![("axes", Value::Ints(vec![2, 3]))];
    match way {
        Resampling::Nearest => attributes.extend([
            ("coordinate_transformation_mode", Value::Text("asymmetric")),
            ("mode", Value::Text("nearest")),
            ("nearest_mode", Value::Text("floor")),
        ]),
        Resampling::Bilinear => attributes.extend([
            ("coordinate_transformation_mode", Value::Text("half_pixel")),
            ("mode", Value::Text("linear")),
        ]),
        Resampling::Bicubic | Resampling::Average => attributes.extend([
            ("coordinate_transformation_mode", Value::Text("half_pixel")),
            ("cubic_coeff_a", Value::Float(-0.75)),
            ("mode", Value::Text("cubic")),
        ]),
    }
    let none = String::new();
    Ok(out.op(
        "Resize",
        &[x.to_owned(), none.clone(), none, sizes],
        &attributes,
    ))
}
