//! From a checked recipe to a [`Plan`]: opens data, types sample graphs, traces tensor graphs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::types::*;
use super::{identity, trace};
use crate::augment::SampleGraph;
use crate::catalog::{Args, At, Call, Catalog, Data, DataSource, Kind, Problem};
use crate::data::{Fields, Normalization, Places, SampleType, Source, Splits};
use crate::language::checked::{Augment, Recipe, Stage};
use crate::language::codes::Code;
use crate::language::{Diagnostic, FileId, Severity, Sources, Span};

/// What the plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Headers only: nothing is downloaded, no sample is read.
    Check,
    /// Data may be fetched; statistics that no publisher states are computed.
    Run,
}

/// Plans a recipe. The plan is there unless a diagnostic is an error.
pub fn plan(
    recipe: &Recipe,
    catalog: &Catalog,
    places: &Places,
    purpose: Purpose,
) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut planner = Planner {
        catalog,
        places,
        recipe,
        purpose,
        opened: BTreeMap::new(),
        poisoned: Vec::new(),
        statistics: BTreeMap::new(),
        diagnostics: Vec::new(),
    };
    planner.open_datasets();
    let mut stages: Vec<StagePlan> = Vec::new();
    for stage in &recipe.stages {
        if let Some(planned) = planner.stage(stage, &stages) {
            stages.push(planned);
        }
    }
    super::lints::lint(&mut planner.diagnostics, recipe, &stages);
    let mut diagnostics = planner.diagnostics;
    diagnostics.sort_by_key(|d| (d.primary.span.file, d.primary.span.start));
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    let plan = (!failed).then(|| Plan {
        recipe: recipe.clone(),
        stages,
    });
    (plan, diagnostics)
}

/// Everything a stage needs while it is planned.
pub(super) struct Planner<'a> {
    pub catalog: &'a Catalog,
    pub places: &'a Places,
    pub recipe: &'a Recipe,
    pub purpose: Purpose,
    pub opened: BTreeMap<String, Splits>,
    /// Data sets that could not be opened: what uses them gives no second error.
    pub poisoned: Vec<String>,
    pub statistics: BTreeMap<String, Option<Normalization>>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Planner<'_> {
    fn open_datasets(&mut self) {
        for item in &self.recipe.datasets {
            match crate::data::open(&item.data, &self.opened, self.places) {
                Ok(Source::All(splits)) => {
                    for remark in &splits.remarks {
                        self.diagnostics.push(Diagnostic::warning(
                            Code::Download,
                            item.name_span,
                            remark.clone(),
                        ));
                    }
                    self.opened.insert(item.name.clone(), splits);
                }
                Ok(Source::One(dataset)) => {
                    // `dataset few = fashion.train |> take(1%)` is a data set whose records are its training split
                    let mut splits = Splits::default();
                    splits.parts.insert(crate::catalog::Split::Train, dataset);
                    self.opened.insert(item.name.clone(), splits);
                }
                Err(problem) => {
                    self.poisoned.push(item.name.clone());
                    if !self.uses_poisoned(&item.data) {
                        self.data_problem(&item.data, problem);
                    }
                }
            }
        }
    }

    fn uses_poisoned(&self, data: &Data) -> bool {
        matches!(&data.source, DataSource::Named { dataset, .. } if self.poisoned.contains(dataset))
    }

    fn data_problem(&mut self, data: &Data, problem: Problem) {
        let call = match &data.source {
            DataSource::Call(call) => Some(call),
            DataSource::Named { .. } => data.pipes.last(),
        };
        let diagnostic = describe(&problem, data.span, call);
        self.diagnostics.push(diagnostic);
    }

    /// The split that a field names; `None` once the error is noted.
    pub fn view(&mut self, args: &Args, field: &str) -> Option<DataView> {
        let data = args.maybe_data(field)?;
        if self.uses_poisoned(data) {
            return None;
        }
        match crate::data::open(data, &self.opened, self.places) {
            Ok(Source::One(dataset)) => Some(DataView {
                text: squeeze(self.recipe.sources.text(data.span)),
                dataset,
                span: data.span,
            }),
            Ok(Source::All(splits)) => {
                let names: Vec<&str> = splits.parts.keys().map(|split| split.name()).collect();
                let text = squeeze(self.recipe.sources.text(data.span));
                let mut diagnostic = Diagnostic::error(
                    Code::UnknownPart,
                    data.span,
                    format!("`{field}` wants one split of `{text}`"),
                )
                .here("this is the whole data set");
                for name in names {
                    diagnostic = diagnostic.help(format!("write `{text}.{name}`"));
                }
                self.diagnostics.push(diagnostic);
                None
            }
            Err(problem) => {
                self.data_problem(data, problem);
                None
            }
        }
    }

    /// Statistics of a split's pictures: the publisher's, else computed from the records when running.
    pub fn statistics(&mut self, view: &DataView) -> Option<Normalization> {
        if let Some(known) = view.dataset.normalization() {
            return Some(known);
        }
        let channels = view.dataset.fields().iter().find_map(|(_, ty)| match ty {
            SampleType::Image { channels, .. } => Some(channels.unwrap_or(3)),
            _ => None,
        })?;
        if self.purpose == Purpose::Check {
            return Some(Normalization {
                mean: vec![0.5; channels],
                std: vec![0.25; channels],
            });
        }
        if let Some(known) = self.statistics.get(&view.text) {
            return known.clone();
        }
        match super::statistics::measure(&*view.dataset, channels) {
            Ok(found) => {
                self.statistics
                    .insert(view.text.clone(), Some(found.clone()));
                Some(found)
            }
            Err(error) => {
                self.statistics.insert(view.text.clone(), None);
                let mut diagnostic =
                    Diagnostic::error(Code::BadFile, view.span, error.message.clone());
                if let Some(help) = error.help {
                    diagnostic = diagnostic.help(help);
                }
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    /// Compiles an augment for a data set; notes what is wrong with it.
    pub fn samples(
        &mut self,
        augment: &Augment,
        all: &[Augment],
        fields: &Fields,
        statistics: Option<&Normalization>,
        fallback: Option<Span>,
    ) -> Option<Arc<SampleGraph>> {
        match crate::augment::compile(augment, all, fields, statistics) {
            Ok(graph) => Some(Arc::new(graph)),
            Err(problems) => {
                for (span, problem) in problems {
                    let span = fallback.unwrap_or(span);
                    self.diagnostics.push(describe(&problem, span, None));
                }
                None
            }
        }
    }

    /// An augment from `.ssl` text of its body: a task's default, an evaluation view.
    pub fn augment_from_text(&mut self, head: &str, body: &str, span: Span) -> Option<Augment> {
        let mut sources = Sources::default();
        let file: FileId = sources.add(
            "<default augment>",
            format!("ssl 1\n\naugment {head} {{\n{body}\n}}\n"),
        );
        let (recipe, diagnostics) = crate::language::check(sources, file, self.catalog, &[]);
        match recipe.and_then(|recipe| recipe.augments.into_iter().next()) {
            Some(augment) => Some(augment),
            None => {
                let why = diagnostics
                    .first()
                    .map_or("no reason given".to_owned(), |d| d.message.clone());
                self.diagnostics.push(
                    Diagnostic::error(
                        Code::Unbound,
                        span,
                        "the default `augment` does not fit this data set",
                    )
                    .note(why)
                    .help("write an `augment` block of your own and name it in the stage"),
                );
                None
            }
        }
    }

    /// Notes a problem of a stage's call.
    pub fn problem(&mut self, stage: &Stage, problem: &Problem) {
        let mut diagnostic = describe(problem, stage.call.name_span, Some(&stage.call));
        if let At::Argument(name) = &problem.at
            && let Some(span) = stage.fields.span(name)
        {
            diagnostic.primary.span = span;
        }
        // a place in another file, a script: the recipe's own line is said too
        let call = stage.call.name_span;
        if diagnostic.primary.span.file != call.file {
            diagnostic = diagnostic.label(call, format!("`{}` is planned here", stage.name));
        }
        self.diagnostics.push(diagnostic);
    }

    fn stage(&mut self, stage: &Stage, before: &[StagePlan]) -> Option<StagePlan> {
        let seed = self.recipe.run.integer("seed") as u64;
        let body = match stage.kind {
            Kind::Task => Body::Pretext(Box::new(self.pretext(stage)?)),
            Kind::Evaluator => Body::Knn(Box::new(self.knn_stage(stage, before)?)),
            Kind::Finetune if stage.call.spec.name == "classifier" => {
                Body::Classifier(Box::new(self.classifier(stage, before)?))
            }
            Kind::Finetune => Body::Probe(Box::new(self.probe(stage, before)?)),
            Kind::Export => {
                let from = self.from(stage, before)?;
                let encoder = from.1.clone();
                let graph = match trace::encoder_graph(&encoder) {
                    Ok((graph, _)) => graph,
                    Err(problem) => {
                        self.problem(stage, &problem);
                        return None;
                    }
                };
                Body::Export(Box::new(Export {
                    from: from.0,
                    path: stage.call.args.text("path").to_owned(),
                    graph,
                }))
            }
            _ => return None,
        };
        Some(StagePlan {
            name: stage.name.clone(),
            span: stage.name_span,
            body,
            identity: identity::identity(self.recipe, stage, seed),
        })
    }
}

/// One line of text without doubled blanks.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A problem as a diagnostic: at the argument it names, at its own span, or at `span`.
pub(super) fn describe(problem: &Problem, span: Span, call: Option<&Call>) -> Diagnostic {
    let span = match &problem.at {
        At::Span(own) if own.end > own.start => *own,
        At::Argument(name) => call
            .and_then(|call| call.args.span(name))
            .unwrap_or(call.map_or(span, |call| call.name_span)),
        _ => span,
    };
    let mut diagnostic = Diagnostic::error(problem.code, span, problem.message.clone());
    for (span, text) in &problem.labels {
        diagnostic = diagnostic.label(*span, text.clone());
    }
    diagnostic.notes.clone_from(&problem.notes);
    for help in &problem.helps {
        diagnostic = diagnostic.help(help.clone());
    }
    diagnostic
}
