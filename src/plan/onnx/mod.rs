//! An encoder as ONNX, opset 18: what is computed between its input and one of its values, with any number of records.

mod ops;
mod proto;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{self, Problem};
use crate::graph::{BufferId, DType, Graph, Node, Op, Size, Var, show};
use crate::language::codes::Code;
use crate::language::visible_line;
use proto::{FLOAT, INT64, Message, Value, entry, node, tensor, value};

/// Operations are meant as this version of the standard has them.
const OPSET: i64 = 18;
/// The version of the file's format that goes with it.
const IR: i64 = 8;
/// Bytes of the largest message that protocol buffers allow.
const LARGEST: usize = (1 << 31) - (1 << 20);

/// How a model begins that is written here: the version of the format, the program.
const BEGIN: &[u8] = b"\x08\x08\x12\x07pretext";

/// What the input and the output are called.
pub const INPUT: &str = "input";
/// The same.
pub const OUTPUT: &str = "output";

/// A model that is being written.
struct Writer<'g> {
    graph: &'g Graph,
    nodes: Vec<Message>,
    tensors: Vec<Message>,
    bytes: usize,
    /// What each value of the graph is called.
    names: BTreeMap<Var, String>,
    /// Constants that are there, by what they hold.
    constants: BTreeMap<String, String>,
    input: Option<(String, Vec<Option<usize>>)>,
    /// Whether no numbers are wanted.
    dry: bool,
}

/// Whether a file that begins so was written here.
pub fn is_model(begin: &[u8]) -> bool {
    begin.starts_with(BEGIN)
}

/// Whether an evaluation graph can be written, without its numbers.
///
/// # Errors
/// As [`model`].
pub fn check(graph: &Graph, output: Var) -> catalog::Result<()> {
    let none = |_: &str| None;
    let made = written(graph, output, &none, &BTreeMap::new(), true);
    made.map(drop).map_err(|why| {
        Problem::new(Code::Unavailable, why)
            .help("export `safetensors`, which holds the weights of any encoder")
    })
}

/// The model that computes `output` of an evaluation graph with one input. `numbers` gives the numbers of a parameter or a buffer by its
/// name, row-major; `about` stands in the model's metadata.
///
/// # Errors
/// An operation, or a size, is none that ONNX has; or there is more than a file may hold.
pub fn model(
    graph: &Graph,
    output: Var,
    numbers: &dyn Fn(&str) -> Option<Vec<f32>>,
    about: &BTreeMap<String, String>,
) -> Result<Vec<u8>, String> {
    written(graph, output, numbers, about, false)
}

fn written(
    graph: &Graph,
    output: Var,
    numbers: &dyn Fn(&str) -> Option<Vec<f32>>,
    about: &BTreeMap<String, String>,
    dry: bool,
) -> Result<Vec<u8>, String> {
    let mut writer = Writer {
        graph,
        nodes: Vec::new(),
        tensors: Vec::new(),
        bytes: 0,
        names: BTreeMap::new(),
        constants: BTreeMap::new(),
        input: None,
        dry,
    };
    for var in needed(graph, output) {
        let name = writer.write(var, numbers)?;
        writer.names.insert(var, name);
        if writer.bytes > LARGEST {
            return Err(
                "the weights take more than 2 GB, which is more than such a file holds".into(),
            );
        }
    }
    let last = writer.name(output)?;
    let last_node = node("Identity", &[last], OUTPUT, &[]);
    writer.nodes.push(last_node);
    let Some((name, shape)) = &writer.input else {
        return Err("what is computed reads no record".into());
    };
    let first = value(name, FLOAT, shape);
    let result = value(OUTPUT, FLOAT, &sizes(graph.shape(output))?);
    let own = writer
        .nodes
        .iter()
        .fold(Message::default(), |own, node| own.inner(1, node));
    let own = own.text(2, "encoder");
    let own = writer
        .tensors
        .iter()
        .fold(own, |own, tensor| own.inner(5, tensor));
    let own = own.inner(11, &first).inner(12, &result);
    let opset = Message::default().text(1, "").int(2, OPSET);
    let model = Message::default()
        .int(1, IR)
        .text(2, "pretext")
        .inner(7, &own)
        .inner(8, &opset);
    let entries = about.iter().map(|(key, text)| entry(key, text));
    let model = entries.fold(model, |model, entry| model.inner(14, &entry));
    Ok(model.bytes())
}

/// The values that lead to one, in order.
fn needed(graph: &Graph, output: Var) -> BTreeSet<Var> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![output];
    while let Some(var) = waiting.pop() {
        if found.insert(var) {
            waiting.extend(graph.node(var).inputs.iter().copied());
        }
    }
    found
}

/// A shape of which each size is known or is the batch itself.
fn sizes(shape: &[Size]) -> Result<Vec<Option<usize>>, String> {
    let of = |size: &Size| match size.known() {
        Some(n) => Ok(Some(n)),
        None if *size == Size::batch() => Ok(None),
        None => Err(format!("ONNX has no shape {}", show(shape))),
    };
    shape.iter().map(of).collect()
}

impl Writer<'_> {
    fn name(&self, var: Var) -> Result<String, String> {
        let name = self.names.get(&var).cloned();
        name.ok_or_else(|| "a value is used before it is there".into())
    }

    fn inputs(&self, node: &Node) -> Result<Vec<String>, String> {
        node.inputs.iter().map(|var| self.name(*var)).collect()
    }

    /// Adds an operation; what its output is called.
    fn op(&mut self, op: &str, inputs: &[String], attributes: &[(&'static str, Value)]) -> String {
        let name = format!("v{}", self.nodes.len());
        self.nodes.push(node(op, inputs, &name, attributes));
        name
    }

    /// A tensor of floats.
    fn floats(&mut self, name: &str, shape: &[usize], numbers: &[f32]) -> String {
        let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.bytes += bytes.len();
        self.tensors.push(tensor(name, FLOAT, shape, &bytes));
        name.to_owned()
    }

    /// One number.
    fn number(&mut self, x: f64) -> String {
        let key = format!("{x:?}");
        if let Some(there) = self.constants.get(&key) {
            return there.clone();
        }
        let name = format!("c{}", self.constants.len());
        self.floats(&name, &[], &[x as f32]);
        self.constants.insert(key, name.clone());
        name
    }

    /// Whole numbers in a row.
    fn ints(&mut self, numbers: &[i64]) -> String {
        let key = format!("{numbers:?}");
        if let Some(there) = self.constants.get(&key) {
            return there.clone();
        }
        let name = format!("c{}", self.constants.len());
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.tensors
            .push(tensor(&name, INT64, &[numbers.len()], &bytes));
        self.constants.insert(key, name.clone());
        name
    }

    /// A parameter or a buffer.
    fn weight(
        &mut self,
        name: &str,
        shape: &[usize],
        numbers: &dyn Fn(&str) -> Option<Vec<f32>>,
    ) -> Result<String, String> {
        let own = format!("w:{name}");
        if self.constants.contains_key(&own) {
            return Ok(name.to_owned());
        }
        if self.dry {
            self.bytes += 4 * shape.iter().product::<usize>();
            self.constants.insert(own, name.to_owned());
            return Ok(name.to_owned());
        }
        let values = numbers(name).filter(|own| own.len() == shape.iter().product::<usize>());
        let values = values.ok_or_else(|| format!("the model has no tensor `{name}`"))?;
        self.floats(name, shape, &values);
        self.constants.insert(own, name.to_owned());
        Ok(name.to_owned())
    }

    fn buffer(
        &mut self,
        id: BufferId,
        numbers: &dyn Fn(&str) -> Option<Vec<f32>>,
    ) -> Result<String, String> {
        let buffer = &self.graph.buffers[id.0 as usize];
        let (name, shape) = (buffer.name.clone(), buffer.shape.clone());
        self.weight(&name, &shape, numbers)
    }

    /// The shape of a value as a tensor: whole numbers and multiples of the batch.
    fn shape_of(&mut self, shape: &[Size]) -> Result<String, String> {
        let known: Vec<Option<usize>> = shape.iter().map(Size::known).collect();
        if let Some(all) = known.iter().copied().collect::<Option<Vec<usize>>>() {
            let all: Vec<i64> = all.into_iter().map(|n| n as i64).collect();
            return Ok(self.ints(&all));
        }
        let batch = self.batch()?;
        let mut parts = Vec::new();
        for size in shape {
            parts.push(match size.coefficients() {
                [0, 1] => batch.clone(),
                [0, times] => {
                    let times = self.ints(&[*times]);
                    self.op("Mul", &[batch.clone(), times], &[])
                }
                [] => self.ints(&[0]),
                [n] => self.ints(&[*n]),
                _ => return Err(format!("ONNX has no shape {}", show(shape))),
            });
        }
        Ok(self.op("Concat", &parts, &[("axis", Value::Int(0))]))
    }

    /// How many records there are, `[1]`.
    fn batch(&mut self) -> Result<String, String> {
        if let Some(there) = self.constants.get("batch") {
            return Ok(there.clone());
        }
        let Some((input, _)) = self.input.clone() else {
            return Err("a size is wanted before the records are read".into());
        };
        let ends = [("start", Value::Int(0)), ("end", Value::Int(1))];
        let name = self.op("Shape", &[input], &ends);
        self.constants.insert("batch".into(), name.clone());
        Ok(name)
    }

    /// Adds what a value of the graph is made by.
    fn write(
        &mut self,
        var: Var,
        numbers: &dyn Fn(&str) -> Option<Vec<f32>>,
    ) -> Result<String, String> {
        let node = self.graph.node(var);
        match &node.op {
            Op::Input(name) => {
                if node.dtype != DType::F32 || self.input.is_some() {
                    return Err(format!(
                        "`{}` is no picture, and encoders of pictures are written as ONNX",
                        visible_line(name)
                    ));
                }
                self.input = Some((INPUT.to_owned(), sizes(&node.shape)?));
                Ok(INPUT.to_owned())
            }
            Op::Parameter(id) => {
                let parameter = &self.graph.parameters[id.0 as usize];
                let (name, shape) = (parameter.name.clone(), parameter.shape.clone());
                self.weight(&name, &shape, numbers)
            }
            Op::BatchNorm {
                epsilon,
                mean,
                variance,
                ..
            } => {
                let mut inputs = self.inputs(node)?;
                inputs.push(self.buffer(*mean, numbers)?);
                inputs.push(self.buffer(*variance, numbers)?);
                let epsilon = ("epsilon", Value::Float(*epsilon as f32));
                Ok(self.op("BatchNormalization", &inputs, &[epsilon]))
            }
            _ => ops::written(self, node),
        }
    }
}
