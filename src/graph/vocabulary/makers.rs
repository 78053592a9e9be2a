//! 100: tensors from nothing, parameters, fields of the batch.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::{Problem, Result};
use crate::graph::Init;
use crate::language::codes::Code;

const NAME: AttrSpec = attr("name", AttrType::Text, Preset::Required, "Its name.");
const SHAPE: AttrSpec = attr("shape", AttrType::Sizes, Preset::Required, "The sizes.");

fn init(a: &Attrs) -> Result<Init> {
    let scale = a.float("scale")? as f32;
    let init = match a.text("init")? {
        "constant" => Init::Constant(scale),
        "uniform" => Init::Uniform(scale),
        "normal" => Init::Normal(scale),
        _ => Init::TruncatedNormal(scale),
    };
    match init.fault() {
        None => Ok(init),
        Some(fault) => {
            let message = format!("parameter `{}`: {fault}", a.text("name")?);
            Err(Problem::new(Code::Shape, message))
        }
    }
}

fn fixed(a: &Attrs) -> Result<Vec<usize>> {
    let sizes = a.sizes("shape")?;
    let known: Option<Vec<usize>> = sizes.iter().map(|size| size.known()).collect();
    known.filter(|sizes| !sizes.is_empty()).ok_or_else(|| {
        Problem::new(
            Code::Shape,
            "parameter: its sizes are fixed, and there is at least one",
        )
    })
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        100,
        "eye",
        "Ones on the diagonal: [n, n]",
        0,
        &[attr("n", AttrType::Size, Preset::Required, "Side.")],
        |g, _, a| Ok(vec![g.eye(a.size("n")?)]),
    ),
    op(
        101,
        "arange",
        "0, 1, …, n - 1, whole numbers: [n]",
        0,
        &[attr("n", AttrType::Size, Preset::Required, "How many.")],
        |g, _, a| Ok(vec![g.arange(a.size("n")?)]),
    ),
    op(
        102,
        "full",
        "One number everywhere",
        0,
        &[
            SHAPE,
            attr("value", AttrType::Float, Preset::Required, "The number."),
        ],
        |g, _, a| one(g.full(a.sizes("shape")?, a.float("value")?)),
    ),
    op(
        103,
        "count",
        "A size as a number, such as the batch's: [1]",
        0,
        &[attr("n", AttrType::Size, Preset::Required, "The size.")],
        |g, _, a| Ok(vec![g.count(a.size("n")?)]),
    ),
    op(
        110,
        "parameter",
        "A trained tensor of the current scope; the same one when it is asked for again",
        0,
        &[
            NAME,
            SHAPE,
            attr(
                "init",
                AttrType::Word(&["constant", "uniform", "normal", "truncated_normal"]),
                Preset::Text("normal"),
                "How it starts; a truncated normal is drawn again outside ±2.",
            ),
            attr(
                "scale",
                AttrType::Float,
                Preset::Float(0.02),
                "The constant, the bound or the standard deviation.",
            ),
        ],
        |g, _, a| {
            let (shape, init) = (fixed(a)?, init(a)?);
            g.want_rank("parameter", &a.sizes("shape")?)?;
            Ok(vec![g.parameter(a.text("name")?, &shape, init)])
        },
    ),
    op(
        120,
        "input",
        "A field of the batch",
        0,
        &[NAME],
        |g, _, a| one(g.input(a.text("name")?)),
    ),
    op(
        121,
        "input_list",
        "The elements of a field that is a list, one result each",
        0,
        &[NAME],
        |g, _, a| g.input_list(a.text("name")?),
    ),
    op(
        122,
        "input_stacked",
        "A field of the batch; the elements of a list one after the other along the batch",
        0,
        &[NAME],
        |g, _, a| one(g.input_stacked(a.text("name")?)),
    ),
];
