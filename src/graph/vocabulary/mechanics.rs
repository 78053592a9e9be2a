//! 1100: what lives between steps, numbers that change with the step, random tensors, what is made small and what is watched.
//! Slow copies, objectives with modules of their own, parts and work before epochs take modules, not tensors: they are methods of
//! [`Graph`] that each door offers on its own.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::Result;
use crate::graph::{Curve, DType, Graph, Init, Moment, Op, Scalar, StateId, Var, show};

const SCALAR: &[AttrSpec] = &[
    attr(
        "from",
        AttrType::Float,
        Preset::Float(0.0),
        "Its first value.",
    ),
    attr("to", AttrType::Float, Preset::Float(1.0), "Its last value."),
    attr(
        "curve",
        AttrType::Word(&["constant", "linear", "cosine", "step"]),
        Preset::Text("constant"),
        "Stays at `from`; a line; half a cosine; `from` until `end`, then `to`.",
    ),
    attr(
        "start",
        AttrType::Float,
        Preset::Float(0.0),
        "When it leaves `from`.",
    ),
    attr(
        "end",
        AttrType::Float,
        Preset::Float(1.0),
        "When it reaches `to`.",
    ),
    attr(
        "unit",
        AttrType::Word(&["run", "epochs", "steps"]),
        Preset::Text("run"),
        "What `start` and `end` count: fractions of the run, epochs, steps.",
    ),
];

const SHAPE: &[AttrSpec] = &[attr(
    "shape",
    AttrType::Sizes,
    Preset::Required,
    "Its sizes.",
)];

const EXHIBIT: &[AttrSpec] = &[
    attr("name", AttrType::Text, Preset::Required, "Its name."),
    attr(
        "titles",
        AttrType::Text,
        Preset::Text(""),
        "What stands under each: `picture, hole, filled`.",
    ),
];

const NAME: &[AttrSpec] = &[attr("name", AttrType::Text, Preset::Required, "Its name.")];

/// The scalar that the attributes `from`, `to`, `curve`, `start`, `end` and `unit` describe.
pub fn scalar(a: &Attrs) -> Result<Scalar> {
    let moment = |name: &str| -> Result<Moment> {
        let x = a.float(name)?;
        Ok(match a.text("unit")? {
            "epochs" => Moment::Epochs(x),
            "steps" => Moment::Steps(x.round().max(0.0) as u64),
            _ => Moment::Fraction(x),
        })
    };
    let (from, to) = (a.float("from")?, a.float("to")?);
    let (start, end) = (moment("start")?, moment("end")?);
    Ok(match a.text("curve")? {
        "linear" | "cosine" => Scalar::Ramp {
            from,
            to,
            curve: match a.text("curve")? {
                "linear" => Curve::Linear,
                _ => Curve::Cosine,
            },
            start,
            end,
        },
        "step" if (from, to) == (0.0, 1.0) => Scalar::After(end),
        // a ramp of no length is a step
        "step" => Scalar::Ramp {
            from,
            to,
            curve: Curve::Linear,
            start: end,
            end,
        },
        _ => Scalar::Constant(from),
    })
}

fn state_of(g: &Graph, name: &str, x: Var) -> Result<StateId> {
    match g.node(x).op {
        Op::Read(id) => Ok(id),
        _ => Err(g.shape_problem(format!("{name}: its first operand is what `state` gave"))),
    }
}

fn number(g: &Graph, name: &str, x: Var) -> Result<()> {
    if g.shape(x).len() == 1 && g.shape(x)[0].known() == Some(1) && g.node(x).dtype == DType::F32 {
        return Ok(());
    }
    Err(g.shape_problem(format!(
        "{name} takes one number, [1], not {}",
        show(g.shape(x))
    )))
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        1100,
        "scalar",
        "A number that changes with the step, the same for the whole batch: [1]",
        0,
        SCALAR,
        |g, _, a| {
            let scalar = scalar(a)?;
            Ok(vec![g.scalar(scalar)])
        },
    ),
    op(
        1101,
        "when",
        "The value; its gradient flows only while the scalar that the attributes describe is above 0: [..] → [..]",
        1,
        SCALAR,
        |g, x, a| {
            let gate = scalar(a)?;
            Ok(vec![g.when(gate, x[0])])
        },
    ),
    op(
        1102,
        "random_uniform",
        "Uniform numbers in 0..1, another draw in each batch.",
        0,
        SHAPE,
        |g, _, a| Ok(vec![g.random_uniform(a.sizes("shape")?)]),
    ),
    op(
        1103,
        "random_normal",
        "Standard normal numbers, another draw in each batch.",
        0,
        SHAPE,
        |g, _, a| Ok(vec![g.random_normal(a.sizes("shape")?)]),
    ),
    op(
        1104,
        "random_order",
        "0..n in a random order, another one in each batch: [n] whole numbers",
        0,
        &[attr("n", AttrType::Size, Preset::Required, "How many.")],
        |g, _, a| Ok(vec![g.random_order(a.size("n")?)]),
    ),
    op(
        1105,
        "index",
        "Where each sample of the batch stands in the split: [B] whole numbers",
        0,
        &[],
        |g, _, _| Ok(vec![g.index()]),
    ),
    op(
        1110,
        "state",
        "A tensor that lives between steps, as it was when the batch began.",
        0,
        &[
            attr("name", AttrType::Text, Preset::Required, "Its name."),
            attr("shape", AttrType::Ints, Preset::Required, "Its sizes."),
            attr(
                "init",
                AttrType::Word(&["constant", "normal", "uniform", "unit_rows"]),
                Preset::Text("constant"),
                "All `value`; normal with deviation `value`; uniform in ±`value`; normal rows of length 1.",
            ),
            attr("value", AttrType::Float, Preset::Float(0.0), "For `init`."),
            attr(
                "whole",
                AttrType::Switch,
                Preset::Switch(false),
                "Whole numbers.",
            ),
        ],
        |g, _, a| {
            let value = a.float("value")? as f32;
            let init = match a.text("init")? {
                "normal" => Init::Normal(value),
                "uniform" => Init::Uniform(value),
                "unit_rows" => Init::UnitRows,
                _ => Init::Constant(value),
            };
            let dtype = match a.switch("whole")? {
                true => DType::Int,
                false => DType::F32,
            };
            let shape: Vec<usize> = a
                .ints("shape")?
                .iter()
                .map(|n| usize::try_from(*n).unwrap_or(0))
                .collect();
            let id = g.state(a.text("name")?, &shape, init, dtype)?;
            Ok(vec![g.read(id)])
        },
    ),
    op(
        1111,
        "assign",
        "What a state is from the next batch on: [state, value] → nothing",
        2,
        &[],
        |g, x, _| {
            let id = state_of(g, "assign", x[0])?;
            g.assign(id, x[1]).map(|()| Vec::new())
        },
    ),
    op(
        1112,
        "assign_rows",
        "Rows of a state from the next batch on: [state, index [R], rows [R, ..]] → nothing",
        3,
        &[],
        |g, x, _| {
            let id = state_of(g, "assign_rows", x[0])?;
            g.assign_rows(id, x[1], x[2]).map(|()| Vec::new())
        },
    ),
    op(
        1120,
        "objective",
        "A number to be made small: [1] → nothing",
        1,
        NAME,
        |g, x, a| {
            number(g, "objective", x[0])?;
            g.objective(a.text("name")?, x[0]);
            Ok(Vec::new())
        },
    ),
    op(
        1121,
        "metric",
        "A number to be watched: [1] → nothing",
        1,
        NAME,
        |g, x, a| {
            number(g, "metric", x[0])?;
            g.metric(a.text("name")?, x[0]);
            Ok(Vec::new())
        },
    ),
    op(
        1122,
        "place",
        "Names a value so that probes can read it: [..] → [..]",
        1,
        NAME,
        |g, x, a| {
            g.place(a.text("name")?, x[0]);
            one(Ok(x[0]))
        },
    ),
    op(
        1123,
        "exhibit",
        "Pictures that are shown side by side after training, a row for each record: [B, C, H, W] each → nothing. Or texts by ids of their words, [B, n]: one, or a text, what was hidden and what was filled in",
        1,
        EXHIBIT,
        |g, x, a| {
            let titles = a.text("titles")?;
            let titles: Vec<&str> = match titles.trim().is_empty() {
                true => Vec::new(),
                false => titles.split(',').map(str::trim).collect(),
            };
            let name = a.text("name")?;
            g.exhibit_of(name, &titles, |_| Ok(x.to_vec()))?;
            Ok(Vec::new())
        },
    )
    .any()
    .since(2),
];
