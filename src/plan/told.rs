//! What the task that was trained tells of records: its whole graph is read, not an encoder.

use super::build::Planner;
use super::fields::with_fields;
use super::types::*;
use crate::catalog::Args;
use crate::data::OnBadSample;
use crate::evaluation::{Form, Tell, Want};
use crate::graph::{Graph, Mode, Shape, Size, Var, show};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Planner<'_> {
    /// What an evaluator reads that asks the task of a stage.
    pub(super) fn told(
        &mut self,
        stage: &Stage,
        args: Args,
        from: Start,
        mut splits: Vec<Asked>,
        wants: &[Want],
        before: &[StagePlan],
    ) -> Option<Evaluation> {
        // one that failed to plan has said why
        let planned = before.iter().find(|planned| planned.name == from.stage)?;
        let Body::Train(training) = &planned.body else {
            return None;
        };
        let stages = &self.recipe.stages;
        let own = stages.iter().find(|own| own.name == from.stage)?.clone();
        let empty = Graph::new(Mode::Eval);
        let graph = self.evaluated(&own, &with_fields(&own), empty, &training.graph)?;
        for want in wants {
            if let Form::Written(_) = want.form {
                let data = self.written(stage, &args, &splits)?;
                splits.push(Asked { want: *want, data });
            }
        }
        let mut vars: Vec<(&'static str, Var)> = Vec::new();
        let mut ways = Vec::new();
        let mut protocol = format!("as `{}` was trained", from.stage);
        for split in &splits {
            let Some(told) = split.want.tells() else {
                continue;
            };
            let mut read = Vec::new();
            for tell in told {
                if let Some(var) = self.place_of(stage, &own, &graph, tell)? {
                    if !vars.iter().any(|(name, _)| *name == tell.at) {
                        vars.push((tell.at, var));
                    }
                    read.push(var);
                }
            }
            let way = match split.want.form {
                Form::Told(_) => {
                    // the same batches can be made of both
                    if split.data.dataset.fields() != training.data.dataset.fields() {
                        self.another(&split.data, &training.data);
                        return None;
                    }
                    Way {
                        samples: training.samples.clone(),
                        bindings: training.bindings.clone(),
                    }
                }
                _ => {
                    let (way, words) = self.way_of(stage, training, (&graph, &read), split)?;
                    if ways.is_empty() {
                        protocol = words;
                    }
                    way
                }
            };
            ways.push(way);
        }
        let labelled: Vec<&Asked> = splits.iter().filter(|split| split.want.labels).collect();
        let classes = match labelled.as_slice() {
            [] => 0,
            [first, ..] => self.classes(&first.data, &first.data)?,
        };
        let on_bad = OnBadSample::from_word(args.maybe_word("on_bad_sample").unwrap_or_default());
        Some(Evaluation {
            protocol,
            from,
            call: stage.call.clone(),
            args,
            splits,
            classes,
            reading: None,
            frames: None,
            table: None,
            views: None,
            told: Some(Told {
                graph,
                vars,
                ways,
                on_bad,
            }),
            file: Vec::new(),
            heads: None,
            raw_is: None,
            taught: None,
            beside: None,
        })
    }

    /// What a task tells of each record; `None` in it: it need not.
    fn place_of(
        &mut self,
        stage: &Stage,
        own: &Stage,
        graph: &Graph,
        tell: &Tell,
    ) -> Option<Option<Var>> {
        let place = tell.at;
        let found = graph.placed(place);
        let fits = |shape: &Shape| match (shape.as_slice(), tell.several) {
            ([rows], false) => *rows == Size::batch(),
            ([rows, n], true) => *rows == Size::batch() && n.known().is_some(),
            _ => false,
        };
        let wanted = if tell.several {
            "several numbers"
        } else {
            "one number"
        };
        let why = match found.map(|var| (var, graph.shape(var))) {
            Some((var, shape)) if fits(shape) => return Some(Some(var)),
            Some((_, shape)) => format!("it is {}, not {wanted} a record", show(shape)),
            None if tell.maybe => return Some(None),
            None => "it names no such place".to_owned(),
        };
        let (task, judge) = (&own.call.spec.name, &stage.call.spec.name);
        let span = stage.fields.span("from").unwrap_or(stage.call.name_span);
        self.diagnostics.push(
            Diagnostic::error(
                Code::UnknownPart,
                span,
                format!("`{task}` tells no `{place}` of a record, which `{judge}` reads"),
            )
            .label(own.name_span, why)
            .help(format!(
                "take a stage whose task does: `pretext doc {judge}` says which"
            )),
        );
        None
    }

    /// Records that the stage's batches can't be made of.
    fn another(&mut self, found: &DataView, trained: &DataView) {
        let said = |view: &DataView| {
            let fields = view.dataset.fields().iter();
            let fields: Vec<String> = fields.map(|(name, ty)| format!("{name}: {ty}")).collect();
            format!("Records of `{}` hold {}.", view.text, fields.join(", "))
        };
        let message = format!(
            "records of `{}` have other fields than those that were trained on",
            found.text
        );
        self.diagnostics.push(
            Diagnostic::error(Code::SampleType, found.span, message)
                .note(said(found))
                .note(said(trained))
                .help("make both by the same pipes"),
        );
    }

    /// What asks a whole task can't while it trains.
    pub(super) fn told_later(&mut self, stage: &Stage) {
        let name = &stage.call.spec.name;
        self.diagnostics.push(
            Diagnostic::error(
                Code::WrongKind,
                stage.call.name_span,
                format!("`{name}` judges a task that has been trained, and can't be a monitor"),
            )
            .help(format!(
                "write a stage of its own: `evaluate {name} = {name}() {{ … }}`"
            ))
            .help("`valid` reads loss and metrics of another split after every epoch"),
        );
    }
}
