//! Planning what judges an encoder: kNN, probes, the classifier.

use super::build::Planner;
use super::pretext::with_fields;
use super::trace::{self, Pool, about};
use super::types::*;
use crate::catalog::{Args, Call, Net, Result, Value};
use crate::data::OnBadSample;
use crate::graph::Mode;
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

/// The places that `at` names.
fn places(args: &Args) -> Vec<String> {
    args.maybe_list("at")
        .unwrap_or(&[])
        .iter()
        .filter_map(|value| match value {
            Value::Place(name) | Value::Word(name) | Value::Text(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

/// Which part of its stage is judged, where it is not the encoder itself.
fn of(encoder: &Reader) -> String {
    match encoder.part == ENCODER {
        true => String::new(),
        false => format!("{}, ", encoder.part),
    }
}

impl Planner<'_> {
    /// An `evaluate … = knn` stage.
    pub(super) fn knn_stage(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<Knn> {
        let args = with_fields(stage);
        let (from, encoder) = self.from(stage, before)?;
        if args.maybe_data("test").is_none() {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::MissingField,
                    stage.call.name_span,
                    "`knn` names no split to predict",
                )
                .help("add `test = NAME.test`"),
            );
            return None;
        }
        let (train, test) = self.splits(stage, &args, &encoder)?;
        match self.knn(&stage.call, &from, &encoder, train, test) {
            Ok(knn) => knn.map(|mut knn| {
                knn.reading.on_bad = OnBadSample::from_word(args.word("on_bad_sample"));
                knn
            }),
            Err(problem) => {
                self.problem(stage, &problem);
                None
            }
        }
    }

    /// A kNN evaluation of an encoder, as a stage or as a monitor. `Ok(None)`: the error is noted.
    pub(super) fn knn(
        &mut self,
        call: &Call,
        from: &Start,
        encoder: &Reader,
        train: DataView,
        test: DataView,
    ) -> Result<Option<Knn>> {
        let Some(classes) = self.classes(&train, &test) else {
            return Ok(None);
        };
        let Some(reading) = self.reading(&call.args, encoder, &train, call.name_span)? else {
            return Ok(None);
        };
        Ok(Some(Knn {
            from: from.clone(),
            reading,
            train,
            test,
            classes,
            k: call.args.size("k"),
            temperature: call.args.number("temperature"),
        }))
    }

    /// `data` and `test`. Where one of them can't be had the places that the stage reads are still looked at.
    fn splits(
        &mut self,
        stage: &Stage,
        args: &Args,
        encoder: &Reader,
    ) -> Option<(DataView, DataView)> {
        let (train, test) = (self.view(args, "data"), self.view(args, "test"));
        if (train.is_none() || test.is_none())
            && let Err(problem) = trace::reading_graph(encoder, &places(args), Pool::new(args))
        {
            self.problem(stage, &problem);
        }
        train.zip(test)
    }

    fn reading(
        &mut self,
        args: &Args,
        encoder: &Reader,
        data: &DataView,
        span: Span,
    ) -> Result<Option<Reading>> {
        let pool = Pool::new(args);
        let (graph, places) = trace::reading_graph(encoder, &places(args), pool)?;
        let Some((samples, view)) = self.evaluation_view(encoder, data, span) else {
            return Ok(None);
        };
        Ok(Some(Reading {
            graph,
            places,
            samples,
            protocol: format!("{}pool {}, {view}", of(encoder), pool.show()),
            on_bad: OnBadSample::from_word(args.maybe_word("on_bad_sample").unwrap_or_default()),
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
                format!("no classifier can be made: {why}"),
            ));
        }
        for step in net.iter_mut().flat_map(|net| &mut net.steps) {
            step.call.span = span;
        }
        net
    }

    /// A `finetune … = linear_probe` or `mlp_probe` stage.
    pub(super) fn probe(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<Probe> {
        let args = with_fields(stage);
        let (from, encoder) = self.from(stage, before)?;
        let (train, test) = self.splits(stage, &args, &encoder)?;
        let classes = self.classes(&train, &test)?;
        let reading = match self.reading(&args, &encoder, &train, stage.call.name_span) {
            Ok(reading) => reading?,
            Err(problem) => {
                self.problem(stage, &problem);
                return None;
            }
        };
        let text = match args.maybe_size("hidden") {
            Some(hidden) => {
                let layer = format!("linear({hidden}) |> batch_norm() |> relu() |> ");
                format!("{}linear({classes})", layer.repeat(args.size("layers")))
            }
            None => format!("linear({classes})"),
        };
        let head = self.head(&text, stage.call.span)?;
        let inputs: Vec<(String, usize)> = reading
            .places
            .iter()
            .map(|(name, _, dim)| (name.clone(), *dim))
            .collect();
        self.fits_in_memory(stage, &inputs, train.dataset.len() + test.dataset.len())?;
        let pixels = vec![("pixels".to_owned(), encoder.sample.numbers())];
        let trace = || -> Result<_> {
            Ok((
                trace::head_graph(Mode::Train, &inputs, &head, classes)?,
                trace::head_graph(Mode::Eval, &inputs, &head, classes)?,
                trace::head_graph(Mode::Train, &pixels, &head, classes)?,
                trace::head_graph(Mode::Eval, &pixels, &head, classes)?,
            ))
        };
        let (head, head_eval, raw, raw_eval) = match trace() {
            Ok(graphs) => graphs,
            Err(problem) => {
                self.problem(stage, &about(problem, "at"));
                return None;
            }
        };
        let valid = match args.maybe_data("valid") {
            Some(_) => Some(self.view(&args, "valid")?),
            None => None,
        };
        let readings = valid
            .as_ref()
            .map_or_else(Vec::new, |_| Self::valid_readings(&head_eval));
        let settings = self.settings(stage, &args, &train, &readings)?;
        self.suits(stage, &settings, &head)?;
        Some(Probe {
            from,
            evaluator: stage.call.spec.name.clone(),
            reading,
            train,
            test,
            valid,
            classes,
            head,
            head_eval,
            raw,
            raw_eval,
            settings,
        })
    }

    /// Frozen features are computed once and held; too many of them are an error before anything runs.
    fn fits_in_memory(
        &mut self,
        stage: &Stage,
        inputs: &[(String, usize)],
        records: usize,
    ) -> Option<()> {
        let largest = inputs.iter().max_by_key(|(_, dim)| *dim)?;
        let bytes = inputs.iter().map(|(_, dim)| dim * 4).sum::<usize>() * records;
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
                largest.1
            ))
            .help("use `pool = avg` or `pool = grid(4)`, fewer places, or fewer records"),
        );
        None
    }

    /// A `finetune … = classifier` stage.
    pub(super) fn classifier(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<Classifier> {
        let args = with_fields(stage);
        let (from, encoder) = self.from(stage, before)?;
        let train = self.view(&args, "data")?;
        let test = self.view(&args, "test")?;
        let classes = self.classes(&train, &test)?;
        let (view, protocol) = self.evaluation_view(&encoder, &train, stage.call.name_span)?;
        let protocol = of(&encoder) + &protocol;
        let samples = match args.values.get("augment").map(|a| &a.value) {
            Some(Value::Augment(name)) => self.labelled_augment(name, &train, &encoder, stage)?,
            _ => view.clone(),
        };
        let valid = match args.maybe_data("valid") {
            Some(_) => Some(self.view(&args, "valid")?),
            None => None,
        };
        let frozen = args.word("unfreeze") == "none";
        let head = self.head(&format!("linear({classes})"), stage.call.span)?;
        let trace = || -> Result<_> {
            Ok((
                trace::classifier_graph(Mode::Train, &encoder, &head, classes, frozen)?,
                trace::classifier_graph(Mode::Eval, &encoder, &head, classes, frozen)?,
                trace::pixel_graph(Mode::Train, &encoder, &head, classes)?,
                trace::pixel_graph(Mode::Eval, &encoder, &head, classes)?,
            ))
        };
        let (graph, eval, raw, raw_eval) = match trace() {
            Ok(graphs) => graphs,
            Err(problem) => {
                self.problem(stage, &problem);
                return None;
            }
        };
        let readings = valid
            .as_ref()
            .map_or_else(Vec::new, |_| Self::valid_readings(&eval));
        let settings = self.settings(stage, &args, &train, &readings)?;
        self.suits(stage, &settings, &graph)?;
        Some(Classifier {
            from,
            train,
            test,
            valid,
            classes,
            graph,
            eval,
            raw,
            raw_eval,
            samples,
            view,
            protocol,
            frozen,
            settings,
        })
    }
}
