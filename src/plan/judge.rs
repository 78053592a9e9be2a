//! Planning what judges an encoder: the splits that an evaluator wants, what is read of them, what is trained.

use std::sync::Arc;

use super::build::Planner;
use super::fields::with_fields;
use super::from::FROM;
use super::trace::{self, Pool, about};
use super::types::*;
use crate::augment::SampleGraph;
use crate::catalog::{Args, Net, Result, Value};
use crate::data::{Fields, OnBadSample};
use crate::evaluation::{self, Form, INPUT, LABEL, On, RAW, Trains, Want};
use crate::graph::{Graph, Mode, Var};
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// Which part of its stage is judged, where it is not the encoder itself.
pub(super) fn of(encoder: &Reader) -> String {
    match encoder.part == ENCODER {
        true => String::new(),
        false => format!("{}, ", encoder.part),
    }
}

/// What is judged.
pub(super) struct Subject<'e> {
    /// Where it comes from.
    pub from: Start,
    /// The encoder.
    pub encoder: &'e Reader,
    /// At most so many records of the first split are read.
    pub most: usize,
    /// What makes the batches that it is trained on, and the fields of the records that they are made of.
    pub seen: Option<(&'e Arc<SampleGraph>, &'e Fields)>,
}

/// What a stage's encoder was trained on, of the stages that are planned.
pub(super) fn seen<'e>(
    from: &Start,
    before: &'e [StagePlan],
) -> Option<(&'e Arc<SampleGraph>, &'e Fields)> {
    let planned = before.iter().find(|planned| planned.name == from.stage)?;
    match &planned.body {
        Body::Train(training) => Some((&training.samples, training.data.dataset.fields())),
        _ => None,
    }
}

impl Planner<'_> {
    /// An `evaluate` or `finetune` stage.
    pub(super) fn evaluate(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<Evaluation> {
        let args = with_fields(stage);
        let (from, encoder) = self.from(stage, FROM, before)?;
        let wants = stage.call.spec.evaluator()?.wants(&args);
        // what a stage of this kind must name has been asked for; what the evaluator alone wants has not
        let spec = &stage.call.spec;
        let forgotten = wants.iter().find(|want| {
            want.required
                && want.is_of_records()
                && args.maybe_data(want.field).is_none()
                && spec.find(want.field).is_some()
        });
        if let Some(want) = forgotten {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::MissingField,
                    stage.call.name_span,
                    format!("`{}` names no split to predict", spec.name),
                )
                .help(format!("add `{0} = NAME.{0}`", want.field)),
            );
            return None;
        }
        let splits = self.splits(stage, &args, &encoder, &wants)?;
        if wants.iter().any(Want::is_told) {
            return self.told(stage, args, from, splits, &wants, before);
        }
        let subject = Subject {
            seen: seen(&from, before),
            from,
            encoder: &encoder,
            most: usize::MAX,
        };
        let mut evaluation = self.judged(stage, &args, &subject, splits)?;
        evaluation.taught = self.taught(stage, &args, &subject, &evaluation)?;
        evaluation.beside = self.beside(stage, &args, &encoder, &evaluation, before)?;
        Some(evaluation)
    }

    /// The splits that must be there. Where one of them can't be had the places that the stage reads are still looked at.
    fn splits(
        &mut self,
        stage: &Stage,
        args: &Args,
        encoder: &Reader,
        wants: &[Want],
    ) -> Option<Vec<Asked>> {
        let required = wants
            .iter()
            .filter(|want| want.required && want.is_of_records());
        let splits: Vec<Option<Asked>> = required
            .map(|want| {
                let data = self.view(args, want.field)?;
                Some(Asked { want: *want, data })
            })
            .collect();
        if splits.iter().any(Option::is_none)
            && wants.iter().any(|want| want.form == Form::Rows)
            && let Err(problem) =
                trace::reading_graph(encoder, &evaluation::places(args), Pool::new(args))
        {
            self.problem(stage, &problem);
        }
        splits.into_iter().collect()
    }

    /// What an evaluator reads and trains, given the splits that it must have. `stage` is its own, or one made of a monitor's call.
    pub(super) fn judged(
        &mut self,
        stage: &Stage,
        args: &Args,
        subject: &Subject<'_>,
        mut splits: Vec<Asked>,
    ) -> Option<Evaluation> {
        let evaluator = stage.call.spec.evaluator()?;
        let file = self.asked(stage, args, evaluator)?;
        let wants = evaluator.wants(args);
        if wants.iter().any(Want::is_told) {
            self.told_later(stage);
            return None;
        }
        let mut table = match wants.iter().any(|want| !want.is_of_records()) {
            true => Some(self.table(stage, subject.encoder)?),
            false => None,
        };
        if let Some(table) = table.take_if(|_| splits.is_empty()) {
            let protocol = format!("{}rows of `{}`", of(subject.encoder), table.words.name);
            return Some(Evaluation {
                from: subject.from.clone(),
                call: stage.call.clone(),
                args: args.clone(),
                splits,
                classes: 0,
                reading: None,
                frames: None,
                table: Some(table),
                views: None,
                told: None,
                file,
                heads: None,
                protocol,
                raw_is: None,
                taught: None,
                beside: None,
            });
        }
        if wants.iter().any(Want::is_of_frames) {
            return self.frames(stage, args, subject, splits);
        }
        let shown = splits.first()?.data.dataset.fields();
        let encoder = &subject.encoder.seeing(shown);
        let of_views = |want: &Want| matches!(want.form, Form::Views { .. });
        let views = match wants.iter().any(of_views) {
            // another record can't go through the same augment
            true => (subject.seen.filter(|(_, fields)| *fields == shown))
                .and_then(|(samples, _)| Views::new(samples, &encoder.sample)),
            false => None,
        };
        for want in wants.iter().filter(|want| !want.required) {
            let data = if of_views(want) {
                match views {
                    Some(_) => splits.first()?.data.clone(),
                    None => continue,
                }
            } else if args.maybe_data(want.field).is_some() {
                self.view(args, want.field)?
            } else {
                continue;
            };
            splits.push(Asked { want: *want, data });
        }
        let labelled = splits.iter().filter(|split| split.want.labels);
        let labelled: Vec<&DataView> = labelled.map(|split| &split.data).collect();
        let classes = match labelled.as_slice() {
            [] => 0,
            [one] => self.classes(one, one)?,
            [one, other, ..] => self.classes(one, other)?,
        };
        let first = splits.first()?.data.clone();
        let span = stage.call.name_span;
        let rows = splits.iter().any(|split| split.want.form == Form::Rows);
        let (reading, view, protocol) = if rows {
            let reading = match self.reading(args, encoder, &first, span) {
                Ok(reading) => reading?,
                Err(problem) => {
                    self.problem(stage, &problem);
                    return None;
                }
            };
            let (view, protocol) = (reading.samples.clone(), reading.protocol.clone());
            (Some(reading), view, protocol)
        } else {
            let (view, protocol) = self.evaluation_view(encoder, &first, span)?;
            (None, view, of(encoder) + &protocol)
        };
        let protocol = match wants.iter().any(of_views) && views.is_none() {
            true => format!("{protocol}, no views of a record"),
            false => protocol,
        };
        let records = splits.iter().map(|split| split.data.dataset.len());
        let records: Vec<usize> = records.collect();
        let heads = match evaluator.trains(args, classes) {
            None => None,
            Some(trains) => {
                let head = self.head(&trains.head, stage.call.span)?;
                let kept = subject.most.min(records[0]);
                if let (On::Rows, Some(reading)) = (trains.on, &reading) {
                    let required = splits.iter().filter(|split| split.want.required).count();
                    let others = records[1..required].iter().sum::<usize>();
                    self.fits_in_memory(stage, &reading.places, kept + others)?;
                }
                let input = match args.values.get("augment").map(|a| &a.value) {
                    Some(Value::Augment(name)) if !rows => {
                        self.labelled_augment(name, &first, encoder, stage)?
                    }
                    _ => view.clone(),
                };
                let graphs = heads(&trains, encoder, reading.as_ref(), &head, classes);
                let (own, raw) = match graphs {
                    Ok(graphs) => graphs,
                    Err(problem) if rows => {
                        self.problem(stage, &about(problem, "at"));
                        return None;
                    }
                    Err(problem) => {
                        self.problem(stage, &problem);
                        return None;
                    }
                };
                let readings = match splits.iter().any(|split| !split.want.required) {
                    true => Self::valid_readings(&own.eval),
                    false => Vec::new(),
                };
                let settings = self.settings_of(stage, args, &first, kept, &readings)?;
                self.suits(stage, &settings, &own.train)?;
                let records = match trains.on {
                    On::Rows => None,
                    On::Encoder { frozen } => Some(Records {
                        shorter: shorter(encoder, &view, &own.eval, &head, (classes, frozen)),
                        samples: input,
                        view,
                        bindings: [INPUT, LABEL]
                            .map(|name| (name.to_owned(), name.to_owned()))
                            .to_vec(),
                        frozen: frozen.then(|| format!("{ENCODER}/*")),
                    }),
                };
                Some(Heads {
                    own,
                    raw,
                    settings,
                    records,
                })
            }
        };
        Some(Evaluation {
            from: subject.from.clone(),
            call: stage.call.clone(),
            args: args.clone(),
            splits,
            classes,
            reading,
            frames: None,
            table,
            views,
            told: None,
            file,
            heads,
            protocol,
            raw_is: encoder.sample.raw_is(),
            taught: None,
            beside: None,
        })
    }

    fn reading(
        &mut self,
        args: &Args,
        encoder: &Reader,
        data: &DataView,
        span: Span,
    ) -> Result<Option<Reading>> {
        let pool = Pool::new(args);
        let at = evaluation::places(args);
        let (graph, places) = trace::reading_graph(encoder, &at, pool)?;
        let Some((samples, view)) = self.evaluation_view(encoder, data, span) else {
            return Ok(None);
        };
        let mut shorter = Vec::new();
        for encoder in trace::shorter(encoder, samples.outputs()) {
            let on = Graph::on_parameters_of(&graph);
            let (graph, read) = trace::reading_on(on, &encoder, &at, pool)?;
            let widths = |places: &[(String, Var, usize)]| -> Vec<usize> {
                places.iter().map(|(_, _, width)| *width).collect()
            };
            // what is no mean over pieces is longer for longer texts
            if widths(&read) != widths(&places) {
                shorter.clear();
                break;
            }
            let vars = read.into_iter().map(|(_, var, _)| var).collect();
            shorter.push(Traced { graph, vars });
        }
        Ok(Some(Reading {
            graph,
            places,
            shorter,
            raw: trace::raw_rows(encoder)?,
            samples,
            protocol: format!("{}pool {}, {view}", of(encoder), pool.show()),
            on_bad: OnBadSample::from_word(args.maybe_word("on_bad_sample").unwrap_or_default()),
            batch: Reading::BATCH,
        }))
    }

    fn head(&mut self, text: &str, span: Span) -> Option<Net> {
        let mut sources = crate::language::Sources::default();
        let file = sources.add("<head>", format!("ssl 1\n\nencoder head = {text}\n"));
        let (recipe, diagnostics) = crate::language::check(sources, file, self.catalog, &[]);
        let mut net = recipe.and_then(|recipe| recipe.encoders.into_iter().next());
        if net.is_none() {
            let why = diagnostics
                .first()
                .map_or(String::new(), |d| d.message.clone());
            self.diagnostics.push(Diagnostic::error(
                Code::Shape,
                span,
                format!("no head can be made: {why}"),
            ));
        }
        for step in net.iter_mut().flat_map(|net| &mut net.steps) {
            step.call.span = span;
        }
        net
    }

    /// Frozen features are computed once and held; too many of them are an error before anything runs.
    pub(super) fn fits_in_memory(
        &mut self,
        stage: &Stage,
        places: &[(String, crate::graph::Var, usize)],
        records: usize,
    ) -> Option<()> {
        let largest = places.iter().max_by_key(|(_, _, dim)| *dim)?;
        let bytes = places.iter().map(|(_, _, dim)| dim * 4).sum::<usize>() * records;
        if bytes <= super::FEATURE_BYTES {
            return Some(());
        }
        let gib = |bytes: usize| bytes as f64 / f64::from(1 << 30);
        self.diagnostics.push(
            Diagnostic::error(
                Code::Unavailable,
                stage.call.args.span("at").unwrap_or(stage.call.name_span),
                format!("the features of {records} records would take {:.1} GiB", gib(bytes)),
            )
            .note(format!(
                "Frozen features are held in memory, up to {:.0} GiB; the largest place is `{}` with {} numbers a record.",
                gib(super::FEATURE_BYTES),
                largest.0,
                largest.2
            ))
            .help("use `pool = avg` or `pool = grid(4)`, fewer places, or fewer records"),
        );
        None
    }
}

/// The evaluation graph of encoder and head on shorter texts than `whole`, from the shortest.
fn shorter(
    encoder: &Reader,
    view: &SampleGraph,
    whole: &Graph,
    head: &Net,
    (classes, frozen): (usize, bool),
) -> Vec<Graph> {
    let readers = trace::shorter(encoder, view.outputs());
    let graphs = readers.iter().map(|reader| {
        let on = Graph::on_parameters_of(whole);
        trace::tuned_on(on, reader, head, classes, frozen)
    });
    // what fits the longest texts fits shorter ones
    graphs.collect::<Result<_>>().unwrap_or_default()
}

/// The graphs of what is trained: with the encoder, and on what it takes.
fn heads(
    trains: &Trains,
    encoder: &Reader,
    reading: Option<&Reading>,
    head: &Net,
    classes: usize,
) -> Result<(Graphs, Graphs)> {
    let both = |graph: &dyn Fn(Mode) -> Result<crate::graph::Graph>| -> Result<Graphs> {
        Ok(Graphs {
            train: graph(Mode::Train)?,
            eval: graph(Mode::Eval)?,
        })
    };
    match trains.on {
        On::Rows => {
            let places = reading.iter().flat_map(|reading| &reading.places);
            let places: Vec<_> = places.map(|(name, _, dim)| (name.clone(), *dim)).collect();
            let raw = reading.and_then(|reading| reading.raw.as_ref());
            let width = raw.map_or(encoder.sample.numbers(), |(_, _, width)| *width);
            let raw = [(RAW.to_owned(), width)];
            Ok((
                both(&|mode| evaluation::on_rows(mode, &places, head, classes))?,
                both(&|mode| evaluation::on_rows(mode, &raw, head, classes))?,
            ))
        }
        On::Encoder { frozen } => Ok((
            both(&|mode| trace::tuned_graph(mode, encoder, head, classes, frozen))?,
            both(&|mode| trace::raw_graph(mode, encoder, head, classes))?,
        )),
    }
}
