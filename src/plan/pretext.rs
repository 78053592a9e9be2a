//! Planning a pretext stage: data, sample graph, binding, training graph, settings.

use super::Schedule;
use super::build::{Planner, describe};
use super::types::*;
use crate::catalog::{Args, Call, Duration, Kind, Make, Value};
use crate::data::{Fields, SampleType};
use crate::graph::{DType, Graph, Mode, Size};
use crate::language::checked::{Augment, SampleExpr, SampleHead, SampleStep, Stage};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span};

impl Planner<'_> {
    /// A pretext stage.
    pub(super) fn pretext(&mut self, stage: &Stage) -> Option<Training> {
        let Make::Task { build, augment } = &stage.call.spec.make else {
            return None;
        };
        let args = with_fields(stage);
        let data = self.view(&args, "data")?;
        let statistics = self.statistics(&data);
        let fields = data.dataset.fields().clone();

        let (block, all, fallback) = match args.values.get("augment").map(|a| &a.value) {
            Some(Value::Augment(name)) => {
                let block = self
                    .recipe
                    .augments
                    .iter()
                    .find(|a| a.name == *name)?
                    .clone();
                (block, self.recipe.augments.clone(), None)
            }
            _ => {
                let span = stage.call.name_span;
                let Some(body) = augment(&stage.call.args, &fields) else {
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
                let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                let head = format!(
                    "default({})",
                    image_field(&fields).unwrap_or(names.first().copied().unwrap_or("image"))
                );
                (
                    self.augment_from_text(&head, &body, span)?,
                    Vec::new(),
                    Some(span),
                )
            }
        };
        let samples = self.samples(&block, &all, &fields, statistics.as_ref(), fallback)?;
        let normalization = normalization_of(&block, &all, statistics.as_ref());

        let mut graph = Graph::new(Mode::Train);
        let (bindings, image) =
            self.bind(stage, samples.outputs(), &block, fallback, &mut graph)?;
        let encoder = EncoderView {
            net: args.maybe_net("encoder")?.clone(),
            image: image?,
            normalization,
        };
        // a wrong head does not keep the stages that judge the encoder from being checked
        self.encoders.insert(stage.name.clone(), encoder.clone());
        if let Err(problem) = build(&mut graph, &args) {
            self.problem(stage, &problem);
            return None;
        }
        let settings = self.settings(stage, &args, &data)?;
        let monitor = match args.maybe_call("monitor") {
            Some(call) => Some(self.monitor(stage, call, &data, &encoder, &settings)?),
            None => None,
        };
        Some(Training {
            data,
            task: stage.call.clone(),
            samples,
            bindings,
            graph,
            settings,
            encoder,
            monitor,
        })
    }

    /// Binds the batch to the task's inputs and declares them in the graph: by name; where exactly one field has the type,
    /// by type; a list also takes all fields of its element's type. The second value is the shape of the first picture.
    #[allow(clippy::type_complexity)]
    fn bind(
        &mut self,
        stage: &Stage,
        outputs: &Fields,
        augment: &Augment,
        fallback: Option<Span>,
        graph: &mut Graph,
    ) -> Option<(Vec<(String, String)>, Option<[usize; 3]>)> {
        let mut bindings = Vec::new();
        let mut image = None;
        let mut failed = false;
        for input in &stage.call.spec.inputs {
            // a task that takes one value also takes a list of them, and the other way round
            let element = match &input.ty {
                SampleType::List { element, .. } => element.as_ref(),
                other => other,
            };
            let wants_list = matches!(input.ty, SampleType::List { .. });
            let fits = |ty: &SampleType| match ty {
                SampleType::List { element: own, .. } => own.fits(element),
                other => other.fits(element),
            };
            let by_name: Vec<&(String, SampleType)> = outputs
                .iter()
                .filter(|(name, ty)| *name == input.name && fits(ty))
                .collect();
            let by_type: Vec<&(String, SampleType)> =
                outputs.iter().filter(|(_, ty)| fits(ty)).collect();
            let found = if !by_name.is_empty() {
                by_name
            } else if by_type.len() == 1 || (wants_list && !by_type.is_empty()) {
                by_type
            } else {
                Vec::new()
            };
            let count: usize = found
                .iter()
                .map(|(_, ty)| match ty {
                    SampleType::List { count, .. } => count.unwrap_or(1),
                    _ => 1,
                })
                .sum();
            if found.is_empty() || count < input.at_least {
                failed = true;
                let wanted: Vec<String> = stage
                    .call
                    .spec
                    .inputs
                    .iter()
                    .map(|i| {
                        if i.at_least > 1 {
                            format!("{}: {} of at least {}", i.name, i.ty, i.at_least)
                        } else {
                            format!("{}: {}", i.name, i.ty)
                        }
                    })
                    .collect();
                let emitted: Vec<String> = outputs
                    .iter()
                    .map(|(name, ty)| format!("{name}: {ty}"))
                    .collect();
                let mut diagnostic = Diagnostic::error(
                    if found.is_empty() {
                        Code::Unbound
                    } else {
                        Code::LintOneView
                    },
                    stage.fields.span("augment").unwrap_or(stage.call.name_span),
                    format!(
                        "`{}` finds no `{}` in the batch",
                        stage.call.spec.name, input.name
                    ),
                );
                diagnostic.code = Code::Unbound;
                if fallback.is_none() {
                    diagnostic =
                        diagnostic.label(augment.name_span, "this `augment` makes the batch");
                }
                self.diagnostics.push(
                    diagnostic
                        .note(format!("The task wants {}.", wanted.join(", ")))
                        .note(format!("The `augment` emits {}.", emitted.join(", ")))
                        .help(format!(
                            "emit a field named `{}` of type {}",
                            input.name, input.ty
                        )),
                );
                continue;
            }
            let mut index = 0;
            for (field, ty) in found.iter().map(|f| (&f.0, &f.1)) {
                let (one, many) = match ty {
                    SampleType::List { element, count } => {
                        (element.as_ref(), Some(count.unwrap_or(0)))
                    }
                    other => (other, None),
                };
                for i in 0..many.unwrap_or(1) {
                    let source = if many.is_some() {
                        format!("{field}/{i}")
                    } else {
                        field.clone()
                    };
                    let listed = wants_list || many.is_some();
                    let name = if listed {
                        format!("{}/{index}", input.name)
                    } else {
                        input.name.clone()
                    };
                    index += 1;
                    match one {
                        SampleType::Image {
                            channels: Some(c),
                            height: Some(h),
                            width: Some(w),
                        } => {
                            image = image.or(Some([*c, *h, *w]));
                            graph.declare_input(
                                &name,
                                vec![Size::batch(), (*c).into(), (*h).into(), (*w).into()],
                                DType::F32,
                                None,
                            );
                        }
                        SampleType::Label { classes } => {
                            graph.declare_input(&name, vec![Size::batch()], DType::Int, *classes);
                        }
                        other => {
                            failed = true;
                            self.diagnostics.push(
                                Diagnostic::error(Code::SampleType, augment.name_span, format!("`{field}` is {other}: a batch needs pictures of one size"))
                                    .help("add `random_resized_crop(32px)`, or `resize(32px) |> center_crop(32px)`, before it is emitted"),
                            );
                        }
                    }
                    bindings.push((source, name));
                }
            }
        }
        (!failed).then_some((bindings, image))
    }

    /// The settings of a training stage.
    pub(super) fn settings(
        &mut self,
        stage: &Stage,
        args: &Args,
        data: &DataView,
    ) -> Option<Settings> {
        let records = data.dataset.len();
        let mut batch = args.size("batch");
        let batch_span = args.span("batch").unwrap_or(stage.call.name_span);
        if records == 0 {
            self.diagnostics.push(Diagnostic::error(
                Code::TooFewSamples,
                data.span,
                format!("`{}` has no records", data.text),
            ));
            return None;
        }
        if batch > records {
            let written = stage
                .fields
                .values
                .get("batch")
                .or(stage.call.args.values.get("batch"));
            // a default that is too large for a few labels is nobody's mistake
            if written.is_some_and(|a| a.origin != crate::catalog::Origin::Default) {
                self.diagnostics.push(
                    Diagnostic::warning(
                        Code::LintBatch,
                        batch_span,
                        format!(
                            "a batch of {batch} is larger than the {records} records of `{}`",
                            data.text
                        ),
                    )
                    .note(format!("The stage trains with batches of {records}."))
                    .help(format!("write `batch = {records}` or less")),
                );
            }
            batch = records;
        }
        let accumulate = args.size("accumulate");
        let batches_per_epoch = (records / batch) as u64;
        let per_epoch = batches_per_epoch as f64 / accumulate as f64;
        let in_steps = |duration: Duration| match duration {
            Duration::Epochs(n) => (n * per_epoch).round() as u64,
            Duration::Steps(n) => n,
        };
        let steps = in_steps(args.duration("length")).max(1);
        let schedule_call = args.call("schedule");
        let Make::Schedule(make) = &schedule_call.spec.make else {
            return None;
        };
        let schedule: Schedule = make(&schedule_call.args);
        if let Some(warmup) = schedule.warmup
            && in_steps(warmup) > steps
        {
            self.diagnostics.push(
                Diagnostic::warning(
                    Code::LintWarmup,
                    schedule_call
                        .args
                        .span("warmup")
                        .unwrap_or(schedule_call.span),
                    format!(
                        "the warmup of {} steps is longer than the run of {steps}",
                        in_steps(warmup)
                    ),
                )
                .note("The rate would never reach its base value.")
                .help("shorten the warmup, or lengthen the run"),
            );
        }
        let Make::Optimizer(make) = &args.call("optimizer").spec.make else {
            return None;
        };
        let optimizer = make(&args.call("optimizer").args);
        let clip = match args.maybe_call("clip") {
            Some(call) if call.spec.name == "norm" => Some(call.args.number("limit")),
            Some(call) => {
                self.wrong_setting(call, "clip", "norm(1.0)");
                return None;
            }
            None => None,
        };
        let mut groups = Vec::new();
        for value in args.maybe_list("groups").unwrap_or(&[]) {
            match value {
                Value::Call(call) if call.spec.name == "group" => groups.push(Group {
                    pattern: call.args.text("pattern").to_owned(),
                    decay: call.args.maybe_number("decay"),
                    rate: call.args.maybe_number("rate"),
                }),
                Value::Call(call) => {
                    self.wrong_setting(call, "groups", "group(\"*.bias\", decay = 0)");
                    return None;
                }
                _ => {}
            }
        }
        let checkpoint = args.call("checkpoint");
        if checkpoint.spec.name != "every" {
            self.wrong_setting(checkpoint, "checkpoint", "every(500 steps, keep = 2)");
            return None;
        }
        Some(Settings {
            batch,
            accumulate,
            batches_per_epoch,
            steps,
            optimizer,
            schedule,
            clip,
            groups,
            checkpoint_every: in_steps(checkpoint.args.duration("period")).max(1),
            keep: checkpoint.args.size("keep"),
            skip_bad: args.word("on_bad_sample") == "skip",
        })
    }

    fn wrong_setting(&mut self, call: &Call, field: &str, example: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                Code::WrongKind,
                call.span,
                format!("`{}` is not a value of `{field}`", call.spec.name),
            )
            .help(format!("write `{field} = {example}`")),
        );
    }

    fn monitor(
        &mut self,
        stage: &Stage,
        call: &Call,
        data: &DataView,
        encoder: &EncoderView,
        settings: &Settings,
    ) -> Option<Monitor> {
        if call.spec.kind != Kind::Evaluator {
            self.wrong_setting(
                call,
                "monitor",
                "knn(fashion.valid, k = 20, every = 1 epoch)",
            );
            return None;
        }
        if call.args.maybe_data("test").is_none() {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::MissingField,
                    call.span,
                    "the monitor names no split to predict",
                )
                .help("write `monitor = knn(NAME.valid)`"),
            );
            return None;
        }
        let test = self.view(&call.args, "test")?;
        let knn = match self.knn(call, &stage.name, encoder, data.clone(), test) {
            Ok(knn) => knn?,
            Err(problem) => {
                let diagnostic = describe(&problem, call.span, Some(call));
                self.diagnostics.push(diagnostic);
                return None;
            }
        };
        let every = match call.args.duration("every") {
            Duration::Epochs(n) => (n * settings.steps_per_epoch()).round() as u64,
            Duration::Steps(n) => n,
        };
        Some(Monitor {
            knn,
            every: every.max(1),
            bank: call.args.size("bank"),
        })
    }
}

/// The call's arguments together with the stage's common fields.
pub(super) fn with_fields(stage: &Stage) -> Args {
    let mut args = stage.call.args.clone();
    for (name, argument) in &stage.fields.values {
        args.values
            .entry(name.clone())
            .or_insert_with(|| argument.clone());
    }
    args
}

/// The name of the only, or first, picture of a record.
pub(super) fn image_field(fields: &Fields) -> Option<&str> {
    fields.iter().find_map(|(name, ty)| match ty {
        SampleType::Image { .. } => Some(name.as_str()),
        _ => None,
    })
}

/// What an augment normalises by: the arguments of its `normalize`, else the data set's statistics; `None` without one.
fn normalization_of(
    augment: &Augment,
    all: &[Augment],
    statistics: Option<&crate::data::Normalization>,
) -> Option<crate::data::Normalization> {
    fn search<'a>(expr: &'a SampleExpr, all: &'a [Augment], depth: usize) -> Option<&'a Call> {
        let inner = match &expr.head {
            SampleHead::Group(inner) => search(inner, all, depth),
            SampleHead::Name(..) => None,
        };
        inner.or_else(|| {
            expr.steps.iter().find_map(|step| match step {
                SampleStep::Transform(call) if call.spec.name == "normalize" => Some(call),
                SampleStep::Transform(_) => None,
                SampleStep::Augment { name, .. } => all
                    .iter()
                    .find(|a| a.name == *name)
                    .and_then(|a| block(a, all, depth + 1)),
            })
        })
    }
    fn block<'a>(augment: &'a Augment, all: &'a [Augment], depth: usize) -> Option<&'a Call> {
        if depth > all.len() + 1 {
            return None;
        }
        augment
            .bindings
            .iter()
            .map(|binding| &binding.value)
            .chain(augment.emits.iter().map(|emit| &emit.value))
            .find_map(|expr| search(expr, all, depth))
    }
    let call = block(augment, all, 0)?;
    let list = |name: &str| -> Option<Vec<f32>> {
        let values = call.args.maybe_list(name)?;
        Some(
            values
                .iter()
                .filter_map(|value| match value {
                    Value::Number(x) => Some(*x as f32),
                    Value::Integer(n) => Some(*n as f32),
                    _ => None,
                })
                .collect(),
        )
    };
    match (list("mean"), list("std")) {
        (Some(mean), Some(std)) => Some(crate::data::Normalization { mean, std }),
        _ => statistics.cloned(),
    }
}
