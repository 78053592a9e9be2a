//! Graphs of heads that are trained to judge: what they answer, and what they are told.

use super::metric::ACCURACY;
use crate::catalog::{Net, Result};
use crate::graph::{DType, Graph, Mode, Module, Size, Var};

/// The name that every evaluation graph calls its encoder by, whatever part of a stage it is.
pub const ENCODER: &str = "encoder";
/// The field of a view that an encoder reads.
pub const INPUT: &str = "image";
/// The field of a view that says the class.
pub const LABEL: &str = "label";
/// The place of a head's outputs.
const LOGITS: &str = "logits";

/// Heads on vectors, one for each `(input, d)`: logits `[B, classes]` under the place of the input's name; one objective, the
/// sum of the losses, and an accuracy for each.
///
/// # Errors
/// The head does not fit the vectors or the classes.
pub fn on_rows(
    mode: Mode,
    inputs: &[(String, usize)],
    head: &Net,
    classes: usize,
) -> Result<Graph> {
    let mut g = Graph::new(mode);
    let label = g.declare_input(LABEL, vec![Size::batch()], DType::Int, Some(classes));
    let mut total = None;
    for (name, dim) in inputs {
        let x = g.declare_input(name, vec![Size::batch(), (*dim).into()], DType::F32, None);
        let module = Module {
            name: name.clone(),
            net: head.clone(),
        };
        let logits = g.call(&module, x)?; // [B, classes]
        g.place(&format!("{name}/{LOGITS}"), logits);
        let loss = g.cross_entropy(logits, label)?;
        let accuracy = g.accuracy(logits, label)?;
        let metric = if inputs.len() == 1 {
            ACCURACY.to_owned()
        } else {
            format!("{ACCURACY}.{name}")
        };
        g.metric(&metric, accuracy);
        total = Some(match total {
            None => loss,
            Some(total) => g.add(total, loss)?,
        });
    }
    if let Some(total) = total {
        g.objective("loss", total);
    }
    Ok(g)
}

/// A head on `features [B, d]` of a graph with what it is told: logits under the place `logits`, one objective, an accuracy.
///
/// # Errors
/// The head does not fit the features or the classes.
pub fn behind(g: &mut Graph, features: Var, head: &Net, classes: usize) -> Result<()> {
    let module = Module {
        name: "classifier".into(),
        net: head.clone(),
    };
    let logits = g.call(&module, features)?; // [B, classes]
    g.place(LOGITS, logits);
    let label = g.declare_input(LABEL, vec![Size::batch()], DType::Int, Some(classes));
    let loss = g.cross_entropy(logits, label)?;
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, label)?;
    g.metric(ACCURACY, accuracy);
    Ok(())
}

/// What the heads of a graph answer, in their order.
pub fn answers(graph: &Graph) -> Vec<Var> {
    let named = |fits: &dyn Fn(&str) -> bool| -> Vec<Var> {
        let places = graph.places.iter().filter(|place| fits(&place.name));
        places.map(|place| place.var).collect()
    };
    let own = named(&|name| name == LOGITS);
    match own.is_empty() {
        true => named(&|name| {
            name.strip_suffix(LOGITS)
                .is_some_and(|of| of.ends_with('/'))
        }),
        false => own,
    }
}
