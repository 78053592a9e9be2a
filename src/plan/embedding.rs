//! Reading records with an encoder that is there already, without a recipe: a file of features, neighbours, duplicates.

use std::sync::Arc;

use super::trace::{self, Pool};
use super::types::{FromFile, Reader, Reading};
use super::{begin_file, view};
use crate::augment::{SampleGraph, compile};
use crate::catalog::{Catalog, Problem, Result};
use crate::data::{Dataset, Fields, OnBadSample, Weights};
use crate::evaluation::INPUT;
use crate::graph::{Graph, Var};
use crate::language::codes::Code;
use crate::language::{Sources, check_part};

/// Numbers of a batch that is read: of large pictures fewer are read at once.
const MOST_NUMBERS: usize = 1 << 26;

/// How a place becomes a vector, as somebody writes it: `avg`, `flatten`, `grid(4)`.
///
/// # Errors
/// It is none of them.
pub fn pool(text: &str) -> std::result::Result<Pool, String> {
    let cells = || {
        let inside = text.strip_prefix("grid(")?.strip_suffix(')')?;
        inside.trim().parse().ok().filter(|n| (1..=64).contains(n))
    };
    match text {
        "avg" => Ok(Pool::Avg),
        "flatten" => Ok(Pool::Flatten),
        _ => cells()
            .map(Pool::Grid)
            .ok_or_else(|| "it must be `avg`, `flatten` or `grid(N)`, N from 1 to 64".into()),
    }
}

/// How an encoder reads the records of `dataset`, which messages call `text`: at `place`, as a vector by `pool`.
///
/// # Errors
/// It has no such place, or takes nothing that the records have.
pub fn embedding(
    reader: &Reader,
    catalog: &Catalog,
    (dataset, text): (&dyn Dataset, &str),
    place: &str,
    pool: Pool,
) -> Result<Reading> {
    let encoder = reader.seeing(dataset.fields());
    let (graph, places) = trace::reading_graph(&encoder, &[place.to_owned()], pool)?;
    let (samples, words) = shown(&encoder, catalog, dataset.fields(), text)?;
    Ok(Reading {
        graph,
        places,
        shorter: Vec::new(),
        raw: None,
        samples,
        protocol: format!("pool {}, {words}", pool.show()),
        on_bad: OnBadSample::Skip,
        batch: (MOST_NUMBERS / encoder.sample.numbers().max(1)).clamp(1, Reading::BATCH),
    })
}

/// The view of evaluation without classes: a record that has none is read as well.
fn shown(
    encoder: &Reader,
    catalog: &Catalog,
    fields: &Fields,
    text: &str,
) -> Result<(Arc<SampleGraph>, String)> {
    let Some((field, found)) = view::field_of(encoder, fields) else {
        let noun = encoder.sample.noun();
        return Err(
            Problem::new(Code::Unbound, format!("records of {text} have no {noun}"))
                .note(format!("The encoder reads {noun}s: `{}`.", encoder.sample)),
        );
    };
    let view = encoder.sample.view(&encoder.prepared, found, text)?;
    let block = format!(
        "ssl 1\n\naugment view({field}) {{\nemit {INPUT} = {field}{}\n}}\n",
        view.steps
    );
    let unfit = |why: String| {
        Problem::new(
            Code::SampleType,
            format!("records of {text} can't be shown to the encoder: {why}"),
        )
    };
    let mut sources = Sources::default();
    let file = sources.add("<view>", block);
    let (recipe, diagnostics) = check_part(&mut sources, file, catalog, &[]);
    let augment = recipe.and_then(|recipe| recipe.augments.into_iter().next());
    let Some(augment) = augment else {
        let why = diagnostics.into_iter().next().map(|d| d.message);
        return Err(unfit(why.unwrap_or_default()));
    };
    let samples = compile(&augment, &[], fields, None).map_err(|problems| {
        let why = problems.into_iter().next().map(|(_, p)| p.message);
        unfit(why.unwrap_or_default())
    })?;
    Ok((Arc::new(samples), view::in_words(&view.words)))
}

/// What an encoder makes of what it was trained on, at `place`, as a vector by `pool`: the graph, the vectors `[B, d]` in it, and d.
///
/// # Errors
/// It has no such place.
pub fn alone(reader: &Reader, place: &str, pool: Pool) -> Result<(Graph, Var, usize)> {
    let (graph, places) = trace::reading_graph(reader, &[place.to_owned()], pool)?;
    let unknown = || {
        Problem::new(
            Code::UnknownPart,
            format!("the encoder has no place `{place}`"),
        )
    };
    let (_, var, width) = places.into_iter().next().ok_or_else(unknown)?;
    Ok((graph, var, width))
}

/// The weights of an encoder in a file of its own, as this program exports them, or torchvision, timm and open_clip have them.
///
/// # Errors
/// They are not those of this encoder.
pub fn weights_of(reader: &Reader, weights: Weights) -> Result<FromFile> {
    let (graph, _) = trace::encoder_graph(reader)?;
    begin_file::alone(weights, reader, &graph)
}
