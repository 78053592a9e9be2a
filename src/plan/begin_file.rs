//! Weights of a file that a stage begins with: as this program exports them, as torchvision and timm, open_clip or Hugging Face's
//! `transformers` have them. Every tensor of the encoder must be there with its sizes, and nothing else may be, but other parts of the same model.

use std::collections::{BTreeMap, BTreeSet};

use super::begin::fresh;
use super::build::{Planner, describe};
use super::layout::Layout;
use super::open_clip::OpenClip;
use super::types::*;
use super::{open_clip, transformers};
use crate::catalog::{Args, Problem, Result};
use crate::data::Weights;
use crate::graph::{Graph, TorchSource};
use crate::language::checked::Stage;
use crate::language::codes::Code;

/// Names that an error lists.
const LISTED: usize = 12;

impl Planner<'_> {
    /// What a stage takes of the file at `path`, which its field `field` names: all of the encoder `into`, and of what stands on it what
    /// the file has, where the whole stage begins so. Proved to fit.
    pub(super) fn begins_with_file(
        &mut self,
        stage: &Stage,
        args: &Args,
        graph: &Graph,
        parts: &[Reader],
        (field, into): (&str, &str),
        path: &str,
    ) -> Option<Beginning> {
        let span = args.span(field)?;
        let planned = Weights::open(&self.places.recipe, path).and_then(|weights| {
            let layout = layout(&weights, stage, args, graph, parts, (field, into))?;
            fitted(weights, layout, &format!("`{into}` of `{}`", stage.name))
        });
        let file = match planned {
            Ok(file) => file,
            Err(mut problem) => {
                if let Some(named) = self.recipe.stages.iter().find(|s| s.name == path) {
                    problem = problem.help(format!(
                        "names of stages stand without quotes: `{field} = {}`",
                        named.name
                    ));
                }
                self.diagnostics.push(describe(&problem, span, None));
                return None;
            }
        };
        Some(Beginning {
            whole: false,
            into: into.to_owned(),
            taken: file.tensors.keys().cloned().collect(),
            fresh: fresh(graph, &|own| file.tensors.contains_key(own)),
            from: Origin::File(Box::new(file)),
        })
    }
}

/// The library's model that a file holds, as its names tell.
fn layout(
    weights: &Weights,
    stage: &Stage,
    args: &Args,
    graph: &Graph,
    parts: &[Reader],
    (field, into): (&str, &str),
) -> Result<Layout> {
    let spec = &stage.call.spec;
    let own = graph.torch_tensors(into);
    let has = |name: &str| weights.shape(name).is_some();
    let net = args.maybe_net(into);
    let sides = open_clip::sides(&has);
    let of_pair = spec.provider.is_none() && matches!(spec.name.as_str(), "clip" | "siglip");
    if field == START && of_pair && !sides.is_empty() {
        let trained = open_clip::Trained {
            stage: &stage.name,
            task: spec,
            args,
            graph,
            picture: parts.iter().find_map(Reader::picture),
            by: None,
            words: None,
        };
        return open_clip::of(&trained).map(OpenClip::layout);
    }
    if let Some((side, layout)) = net.and_then(|net| open_clip::tower(net, &own))
        && sides.contains(&side)
    {
        return Ok(layout);
    }
    if let Some(net) = net
        && let Some(prefix) = transformers::prefix(net, &has)
    {
        let heads = match field == START && spec.provider.is_none() {
            true => graph.torch_tensors("head"),
            false => Vec::new(),
        };
        return Ok(transformers::layout(prefix, own, heads, &has));
    }
    Ok(Layout::plain(own))
}

/// Where each tensor of an encoder comes from that stands alone, under [`ENCODER`] in `graph`.
///
/// # Errors
/// As [`fitted`].
pub(super) fn alone(weights: Weights, reader: &Reader, graph: &Graph) -> Result<FromFile> {
    let own = graph.torch_tensors(ENCODER);
    let has = |name: &str| weights.shape(name).is_some();
    let sides = open_clip::sides(&has);
    let layout = match open_clip::tower(&reader.net, &own) {
        Some((side, layout)) if sides.contains(&side) => layout,
        _ => Layout::plain(own),
    };
    fitted(weights, layout, "the encoder that its header describes")
}

/// Where each tensor of a stage comes from.
///
/// # Errors
/// The file lacks some, has others, or has them in other sizes: all of them are listed.
fn fitted(weights: Weights, layout: Layout, whose: &str) -> Result<FromFile> {
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    let mut tensors: BTreeMap<String, Given> = BTreeMap::new();
    for tensor in &layout.wanted {
        known.insert(tensor.name.as_str());
        let (own, given): (&String, fn(String) -> Given) = match &tensor.source {
            TorchSource::Same(own) => (own, Given::Same),
            TorchSource::Transposed(own) => (own, Given::Turned),
            // how many batches were seen moves nothing here
            TorchSource::Batches => continue,
        };
        let name = &tensor.name;
        match (weights.shape(name), weights.no_number(name)) {
            (None, _) => missing.push(format!("`{name}` {:?}", tensor.shape)),
            (Some(_), Some(word)) => wrong.push(format!("`{name}` holds {word}")),
            (Some(shape), None) if shape != tensor.shape => {
                wrong.push(format!(
                    "`{name}` is {shape:?} there and {:?} here",
                    tensor.shape
                ));
            }
            _ => {
                tensors.insert(own.clone(), given(name.clone()));
            }
        }
    }
    let rest = weights.tensors().map(|(name, _)| name);
    let rest = rest.filter(|name| !known.contains(name));
    let (aside, left): (Vec<&str>, Vec<&str>) = rest.partition(|name| (layout.aside)(name));
    let left: Vec<String> = left
        .iter()
        .map(|name| format!("`{}`", crate::language::visible_line(name)))
        .collect();
    if missing.is_empty() && wrong.is_empty() && left.is_empty() && !tensors.is_empty() {
        let zeros = layout.zeros.into_iter().map(|own| (own, Given::Zeros));
        tensors.extend(zeros);
        let aside = aside.into_iter().map(str::to_owned).collect();
        return Ok(FromFile {
            weights,
            tensors,
            aside,
        });
    }
    let mut problem = Problem::new(
        Code::Shape,
        format!("the weights of {} are not those of {whose}", weights.shown),
    );
    for (names, said) in [
        (wrong, "In other sizes"),
        (missing, "Not in the file"),
        (left, "In the file, and nothing here takes it"),
    ] {
        if !names.is_empty() {
            problem = problem.note(format!("{said}: {}.", some(&names)));
        }
    }
    Err(problem.help("give the stage the encoder that the file was written of, in its sizes; names are those of this program's exports, of torchvision, timm, open_clip, or of BERT in transformers"))
}

/// At most [`LISTED`] of them.
fn some(names: &[String]) -> String {
    let listed = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}
