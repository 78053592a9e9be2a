//! A graph's nodes grouped by the modules they belong to, for tables and pictures.

use crate::graph::{Binary, Comparison, Graph, Moment, Node, Op, Scalar, Size, Unary, show};

/// A module with what it does, or one operation.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// The index of a node.
    Op(usize),
    /// A module: its last name (`conv1`) and what it holds, in order.
    Group(String, Vec<Item>),
}

impl Item {
    /// The nodes it holds, in order.
    pub(super) fn nodes(&self) -> Vec<usize> {
        match self {
            Item::Op(index) => vec![*index],
            Item::Group(_, items) => items.iter().flat_map(Item::nodes).collect(),
        }
    }
}

/// The operations of a graph as a tree; parameters are left out. A module that is called twice stands there twice.
pub(super) fn tree(graph: &Graph) -> Vec<Item> {
    let mut root = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if matches!(node.op, Op::Parameter(_)) {
            continue;
        }
        let path: Vec<&str> = node
            .path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        insert(&mut root, &path, index);
    }
    root
}

fn insert(items: &mut Vec<Item>, path: &[&str], index: usize) {
    let Some((first, rest)) = path.split_first() else {
        items.push(Item::Op(index));
        return;
    };
    if let Some(Item::Group(name, inside)) = items.last_mut()
        && name == first
    {
        return insert(inside, rest, index);
    }
    let mut inside = Vec::new();
    insert(&mut inside, rest, index);
    items.push(Item::Group((*first).to_owned(), inside));
}

/// What tells two items apart besides their names and their places: operations, shapes, sizes of parameters.
pub(super) fn signature(graph: &Graph, item: &Item) -> String {
    match item {
        Item::Op(index) => {
            let node = &graph.nodes[*index];
            format!("{} {};", title(graph, node), show(&node.shape))
        }
        Item::Group(_, items) => {
            let inside: String = items.iter().map(|item| signature(graph, item)).collect();
            format!("({inside})")
        }
    }
}

/// The parameters that a node reads, by index.
pub(super) fn parameters_of(graph: &Graph, node: &Node) -> Vec<usize> {
    let read = node.inputs.iter().map(|var| &graph.node(*var).op);
    read.filter_map(|op| match op {
        Op::Parameter(id) => Some(id.0 as usize),
        _ => None,
    })
    .collect()
}

/// A node in a few words: `conv 3×3, stride 2`.
pub(super) fn title(graph: &Graph, node: &Node) -> String {
    let with = |name: &str, kernel: Option<usize>, stride: usize, padding: Option<usize>| {
        let mut text = name.to_owned();
        if let Some(kernel) = kernel {
            text += &format!(" {kernel}×{kernel}");
        }
        if stride != 1 {
            text += &format!(", stride {stride}");
        }
        if let Some(padding) = padding.filter(|p| *p > 0) {
            text += &format!(", padding {padding}");
        }
        text
    };
    match &node.op {
        Op::Input(name) => format!("input {name}"),
        Op::Parameter(id) => graph.parameters[id.0 as usize].name.clone(),
        Op::Eye(_) => "eye".into(),
        Op::Arange(_) => "arange".into(),
        Op::Full(c) => number(*c),
        Op::Count(n) => format!("{n}"),
        Op::Unary(Unary::Relu) => "relu".into(),
        Op::Unary(Unary::Gelu) => "gelu".into(),
        Op::Unary(function) => format!("{function:?}").to_lowercase(),
        Op::Binary(Binary::Add) => "a + b".into(),
        Op::Binary(Binary::Sub) => "a − b".into(),
        Op::Binary(Binary::Mul) => "a × b".into(),
        Op::Binary(Binary::Div) => "a / b".into(),
        Op::AddScalar(c) => format!("x + {}", number(*c)),
        Op::Binary(Binary::Max) => "max(a, b)".into(),
        Op::Binary(Binary::Min) => "min(a, b)".into(),
        Op::MulScalar(c) => format!("{} x", number(*c)),
        Op::Pow(c) => format!("x ^ {}", number(*c)),
        Op::LeakyRelu(c) => format!("leaky relu {}", number(*c)),
        Op::Clamp { min, max } => format!("clamp {}..{}", number(*min), number(*max)),
        Op::Remainder(c) => format!("x mod {}", number(*c)),
        Op::ToFloat => "as numbers".into(),
        Op::ToInt => "as whole numbers".into(),
        Op::Compare(comparison) => match comparison {
            Comparison::Equal => "a = b",
            Comparison::NotEqual => "a ≠ b",
            Comparison::Less => "a < b",
            Comparison::LessEqual => "a ≤ b",
            Comparison::Greater => "a > b",
            Comparison::GreaterEqual => "a ≥ b",
        }
        .into(),
        Op::Where => "where".into(),
        Op::NegativeSampling { radius, .. } => format!("negative sampling, radius {radius}"),
        Op::Attention { .. } => "attention".into(),
        Op::MatMul => "matmul".into(),
        Op::Linear => "linear".into(),
        Op::Conv2d { stride, .. } => {
            let kernel = graph.shape(node.inputs[1]).last().and_then(Size::known);
            with("conv", kernel, *stride, None)
        }
        Op::ConvTranspose2d { stride, .. } => {
            let kernel = graph.shape(node.inputs[1]).last().and_then(Size::known);
            with("transposed conv", kernel, *stride, None)
        }
        Op::Resize(resampling) => format!("resize, {resampling:?}").to_lowercase(),
        Op::BatchNorm { .. } => "batch norm".into(),
        Op::LayerNorm { .. } => "layer norm".into(),
        Op::MaxPool {
            kernel,
            stride,
            padding,
        } => with("max pool", Some(*kernel), *stride, Some(*padding)),
        Op::AvgPool {
            kernel,
            stride,
            padding,
        } => with("avg pool", Some(*kernel), *stride, Some(*padding)),
        Op::Dropout(p) => format!("dropout {}%", number(100.0 * p)),
        Op::Reshape => "reshape".into(),
        Op::Permute(_) => "permute".into(),
        Op::Expand => "expand".into(),
        Op::Flip(_) => "flip".into(),
        Op::Concat(dim) => format!("concat, dim {dim}"),
        Op::Slice { dim, start } => format!("slice, dim {dim} from {start}"),
        Op::Sum(dim) => format!("sum, dim {dim}"),
        Op::Mean(dim) => format!("mean, dim {dim}"),
        Op::SumAll => "sum".into(),
        Op::MeanAll => "mean".into(),
        Op::Max(dim) => format!("max, dim {dim}"),
        Op::Min(dim) => format!("min, dim {dim}"),
        Op::Softmax(dim) => format!("softmax, dim {dim}"),
        Op::LogSoftmax(dim) => format!("log softmax, dim {dim}"),
        Op::Gather(dim) => format!("gather, dim {dim}"),
        Op::ScatterAdd(dim) => format!("scatter, dim {dim}"),
        Op::Take(dim) => format!("take, dim {dim}"),
        Op::Argsort { .. } => "argsort".into(),
        Op::Argmax(dim) => format!("argmax, dim {dim}"),
        Op::StopGradient => "stop gradient".into(),
        Op::Read(id) => format!("state {}", graph.states[id.0 as usize].name),
        Op::Scalar(scalar) => scalar_text(scalar),
        Op::When(gate) => format!("gradient while {} > 0", scalar_text(gate)),
        Op::Random(random) => format!("random {random:?}").to_lowercase(),
    }
}

/// A scalar in a few words.
fn scalar_text(scalar: &Scalar) -> String {
    let moment = |moment: &Moment| match moment {
        Moment::Fraction(part) => format!("{}% of the run", number(100.0 * part)),
        Moment::Epochs(epochs) => format!("{} epochs", number(*epochs)),
        Moment::Steps(steps) => format!("{steps} steps"),
    };
    match scalar {
        Scalar::Constant(value) => number(*value),
        Scalar::Ramp { from, to, end, .. } => {
            format!("{} to {} by {}", number(*from), number(*to), moment(end))
        }
        Scalar::After(when) => format!("1 after {}", moment(when)),
        Scalar::Script(script) => script.name.clone(),
    }
}

fn number(x: f64) -> String {
    if x != 0.0 && (x.abs() >= 1e5 || x.abs() < 1e-3) {
        return format!("{x:e}");
    }
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `11,689,512`
pub(super) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.82 G`; empty for 0.
pub(super) fn short(x: f64) -> String {
    let (value, unit) = match x {
        x if x >= 1e12 => (x / 1e12, " T"),
        x if x >= 1e9 => (x / 1e9, " G"),
        x if x >= 1e6 => (x / 1e6, " M"),
        x if x >= 1e3 => (x / 1e3, " k"),
        0.0 => return String::new(),
        x => return format!("{x:.0}"),
    };
    let digits = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.digits$}{unit}")
}
