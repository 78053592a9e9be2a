//! Planning a pretext stage: data, sample graph, binding, training graph, settings.

use std::borrow::Cow;
use std::sync::Arc;

use super::build::Planner;
use super::default::read_by;
use super::fields::with_fields;
use super::monitor::monitored;
use super::statistics::{normalized_by, wants_statistics};
use super::suspects::Collapse;
use super::types::*;
use crate::augment::SampleGraph;
use crate::catalog::{Args, Make, Value};
use crate::data::{OnBadSample, Prepared};
use crate::graph::{Graph, INDEX, Mode, Op};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// A pretext stage.
    pub(super) fn pretext(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<Training> {
        let Make::Task { build, augment } = &stage.call.spec.make else {
            return None;
        };
        let args = with_fields(stage);
        let data = self.view(&args, "data")?;
        let fields = data.dataset.fields().clone();

        let recipe = self.recipe;
        let (block, all, fallback) = match args.values.get("augment").map(|a| &a.value) {
            Some(Value::Augment(name)) => {
                let block = recipe.augments.iter().find(|a| a.name == *name)?;
                (Cow::Borrowed(block), &recipe.augments[..], None)
            }
            _ => {
                let span = stage.call.name_span;
                // the defaults of this catalog suit the encoder as well
                let given = match stage.call.spec.provider {
                    Some(_) => &stage.call.args,
                    None => &args,
                };
                let body = match augment(given, &fields) {
                    Ok(body) => body,
                    Err(problem) => {
                        self.problem(stage, &problem);
                        return None;
                    }
                };
                let Some(body) = body else {
                    self.diagnostics.push(
                        Diagnostic::error(
                            Code::MissingField,
                            span,
                            format!(
                                "`{}` has no default `augment` for this data set",
                                stage.call.spec.name
                            ),
                        )
                        .help("write an `augment` block and name it in the stage"),
                    );
                    return None;
                };
                let head = format!("default({})", read_by(&body, &fields).join(", "));
                let block = self.augment_from_text(&head, &body, span)?;
                (Cow::Owned(block), &[][..], Some(span))
            }
        };
        let on_bad = OnBadSample::from_word(args.word("on_bad_sample"));
        let statistics = if wants_statistics(&block, all) {
            self.statistics(&data, on_bad).ok()?
        } else {
            None
        };
        let by = statistics.as_ref().map(|statistics| &statistics.by);
        let samples = self.samples(&block, all, &fields, by, fallback)?;
        let normalized = normalized_by(&block, all, statistics.as_ref());

        let mut graph = Graph::new(Mode::Train);
        graph.set_records(data.dataset.len());
        let lent = self.lent(stage, &mut graph, before)?;
        let (bindings, read) = self.bind(stage, samples.outputs(), &block, fallback, &mut graph)?;
        let main = stage.call.spec.main_encoder();
        let net = args.maybe_net(main)?;
        let sample = self.taken(stage, &args, net, &read)?;
        let mut encoder = Reader {
            part: main.into(),
            module: main.into(),
            net: net.clone(),
            sample: match stage.call.spec.pieces {
                true => sample.whole(&fields),
                false => sample,
            },
            prepared: Prepared {
                normalization: normalized.as_ref().map(|n| n.by.clone()),
                lab: samples.lab().to_vec(),
                learnt: samples.learnt().to_vec(),
            },
        };
        for (from, other, span) in &lent {
            self.same_words(stage, &encoder, (&from.stage, other), *span)?;
        }
        // a wrong head does not keep the stages that judge the encoder from being checked
        self.encoders.insert(stage.name.clone(), encoder.clone());
        if let Err(problem) = build(&mut graph, &args).and_then(|()| graph.verify()) {
            self.problem(stage, &problem);
            // an encoder that fails on whole pictures too has been told of
            if super::trace::encoder_graph(&encoder).is_err() {
                self.encoders.remove(&stage.name);
            }
            return None;
        }
        let shorter = match args.maybe_word("batches") {
            Some("by_length") => self.shorter(stage, &args, &samples, &bindings, &graph)?,
            _ => Vec::new(),
        };
        let parts = super::parts::parts(&graph, stage, &args, &encoder, &read);
        let begins = self.begins(stage, &args, &graph, &parts, before)?;
        if let Some(first) = parts.first() {
            encoder = first.clone();
        }
        let fillings = self.fillings(stage, &graph, &encoder, &data, on_bad)?;
        let valid = match args.maybe_data("valid") {
            Some(_) => {
                let valid = self.view(&args, "valid")?;
                // the same views, of records that may have other fields beside those that are used
                let own = match valid.dataset.fields() == &fields {
                    true => samples.clone(),
                    false => self.samples(&block, all, valid.dataset.fields(), by, fallback)?,
                };
                self.alike(&valid, &own, &samples, &bindings)?;
                let mut valid = self.validation(stage, &args, valid, own, &graph)?;
                if !shorter.is_empty() {
                    valid.shorter =
                        self.shorter(stage, &args, &valid.samples, &bindings, &valid.graph)?;
                }
                Some(valid)
            }
            None => None,
        };
        let exhibits = match graph.exhibits.is_empty() {
            true => None,
            false => {
                let (data, samples) = match &valid {
                    Some(valid) => (&valid.data, &valid.samples),
                    None => (&data, &samples),
                };
                Some(Exhibits {
                    data: data.clone(),
                    samples: samples.clone(),
                    graph: self.evaluated(stage, &args, Graph::to_show(), &graph)?,
                })
            }
        };
        let mut readings = valid
            .as_ref()
            .map_or_else(Vec::new, |valid| Self::valid_readings(&valid.graph));
        let monitored = args.maybe_call("monitor").map(monitored);
        readings.extend(monitored.into_iter().flatten().map(|(_, watched)| watched));
        let settings = self.settings(stage, &args, &data, &readings)?;
        self.suits(stage, &settings, &graph)?;
        if settings.batch == 1 && graph.batch_statistic().is_some() {
            let span = args.span("batch").unwrap_or(stage.call.name_span);
            let message = format!(
                "`{}` compares the records of a batch, and this one has 1",
                stage.call.spec.name
            );
            self.diagnostics.push(
                Diagnostic::error(Code::TooFewSamples, span, message)
                    .help("write a larger `batch`, and train on more records"),
            );
            return None;
        }
        if let Some(state) = graph.outgrown(settings.batch) {
            let (name, rows) = (&state.name, state.shape.first().copied().unwrap_or(0));
            self.diagnostics.push(
                Diagnostic::error(
                    Code::OutOfRange,
                    args.span("batch").unwrap_or(stage.call.name_span),
                    match settings.batch == rows {
                        true => {
                            format!("a batch of {rows} leaves none of the {rows} rows of `{name}`")
                        }
                        false => format!(
                            "a batch of {} does not fit into the {rows} rows of `{name}`",
                            settings.batch
                        ),
                    },
                )
                .note("Each step puts its batch in and takes as many of the oldest rows out.")
                .help(format!("lower `batch` below {rows}, or raise `{name}`")),
            );
            return None;
        }
        let monitor = match args.maybe_call("monitor") {
            Some(call) => {
                Some(self.monitor(stage, call, &data, (&encoder, &samples), &settings)?)
            }
            None => None,
        };
        let mut training = Training {
            data,
            task: stage.call.clone(),
            samples,
            normalized,
            bindings,
            graph,
            shorter,
            begins,
            asks: lent.into_iter().map(|(from, ..)| from).collect(),
            settings,
            collapse: Default::default(),
            encoder,
            parts,
            fillings,
            monitor,
            valid,
            exhibits,
        };
        training.collapse = Collapse::of(stage, &training);
        self.can_collapse(stage, &training)?;
        Some(training)
    }

    /// Refuses to end by a collapse what can't be watched for one.
    fn can_collapse(&mut self, stage: &Stage, training: &Training) -> Option<()> {
        let encoders = training.collapse.encoders.iter().map(String::as_str);
        let encoders: Vec<&str> = encoders.collect();
        if !training.settings.stop_collapsed || !training.graph.embeddings(&encoders).is_empty() {
            return Some(());
        }
        self.diagnostics.push(
            Diagnostic::error(
                Code::UnknownPart,
                stage.fields.span("stop").unwrap_or(stage.name_span),
                "nothing of this stage can be watched for a collapse",
            )
            .note("No objective reads what an encoder makes of the samples.")
            .help("remove `stop`, or call the encoder by its parameter"),
        );
        None
    }

    /// Refuses a split whose records give the task other values than those that are trained on.
    fn alike(
        &mut self,
        valid: &DataView,
        own: &SampleGraph,
        trained: &SampleGraph,
        bindings: &[(String, String)],
    ) -> Option<()> {
        // of a list each element is bound: `views/0`
        let value = |graph: &SampleGraph, name: &str| {
            let name = name.split('/').next().unwrap_or(name);
            let found = graph.outputs().iter().find(|(field, _)| field == name);
            found.map(|(_, ty)| ty.to_string())
        };
        let differs = bindings.iter().find_map(|(field, _)| {
            let (a, b) = (value(trained, field), value(own, field));
            (a != b).then(|| (field, a.unwrap_or_default(), b.unwrap_or_default()))
        });
        let Some((field, a, b)) = differs else {
            return Some(());
        };
        let message = format!(
            "`{field}` of `{}` is {b}, and {a} where it is trained on",
            valid.text
        );
        self.diagnostics.push(
            Diagnostic::error(Code::SampleType, valid.span, message)
                .help("take a split of the same data set, or an `augment` that makes both alike"),
        );
        None
    }

    /// The split whose loss is read, and the graph that reads it: the same task in evaluation.
    fn validation(
        &mut self,
        stage: &Stage,
        args: &Args,
        data: DataView,
        samples: Arc<SampleGraph>,
        train: &Graph,
    ) -> Option<Validation> {
        let graph = self.evaluated(stage, args, Graph::new(Mode::Eval), train)?;
        if train
            .nodes
            .iter()
            .any(|node| node.op == Op::Input(INDEX.into()))
        {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::Unbound,
                    data.span,
                    format!("`{}` knows each record of the training split by its number; another split has no loss", stage.call.spec.name),
                )
                .help("remove `valid`; a `monitor` can judge the encoder"),
            );
            return None;
        }
        Some(Validation {
            data,
            samples,
            graph,
            shorter: Vec::new(),
        })
    }

    /// The task in an empty graph of evaluation, with the inputs of its training graph.
    pub(super) fn evaluated(
        &mut self,
        stage: &Stage,
        args: &Args,
        empty: Graph,
        train: &Graph,
    ) -> Option<Graph> {
        let Make::Task { build, .. } = &stage.call.spec.make else {
            return None;
        };
        let mut graph = empty;
        graph.lend_from(train);
        if let Ok(records) = train.records() {
            graph.set_records(records);
        }
        for node in &train.nodes {
            if let Op::Input(name) = &node.op
                && name != INDEX
            {
                let classes = train.classes(name);
                graph.declare_input(name, node.shape.clone(), node.dtype, classes);
            }
        }
        if let Err(problem) = build(&mut graph, args) {
            self.problem(stage, &problem);
            return None;
        }
        Some(graph)
    }
}
