//! From a checked recipe to a [`Plan`]: opens data, types sample graphs, traces tensor graphs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::identity;
use super::statistics::{Normalized, StatisticsOrigin};
use super::types::*;
use crate::augment::SampleGraph;
use crate::catalog::{At, Call, Catalog, Kind, Problem, Value};
use crate::data::{Fields, Found, Normalization, OnBadSample, Places, Splits};
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
        encoders: BTreeMap::new(),
        augments: BTreeMap::new(),
        doubted: BTreeMap::new(),
        statistics: BTreeMap::new(),
        found: Vec::new(),
        diagnostics: Vec::new(),
    };
    planner.open_datasets();
    let mut stages: Vec<StagePlan> = Vec::new();
    let mut nodes = 0;
    let first = |stage: &&Stage| stage.kind == Kind::Fit;
    let fits = recipe.stages.iter().filter(first);
    for stage in fits.chain(recipe.stages.iter().filter(|stage| !first(stage))) {
        let before = planner.diagnostics.len();
        if let Some(planned) = planner.stage(stage, &stages) {
            nodes += planned.nodes();
            stages.push(planned);
        }
        planner.doubt(stage, before);
        if nodes > MAX_NODES {
            planner
                .diagnostics
                .push(too_many(stage, stages.len(), nodes));
            break;
        }
    }
    if recipe.failed.items.is_empty() {
        // what is too large is not looked at closer
        let looked = if nodes > MAX_NODES { &[] } else { &stages[..] };
        super::lints::lint(&mut planner.diagnostics, recipe, catalog, looked);
    } else {
        // a warning may come from a default that stands in for a wrong value
        planner
            .diagnostics
            .retain(|d| d.severity == Severity::Error);
    }
    let mut diagnostics = planner.diagnostics;
    diagnostics.sort_by_key(|d| (d.primary.span.file, d.primary.span.start));
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    let plan = (!failed).then(|| Plan {
        recipe: resolved(recipe, &stages),
        stages,
        found: planner.found,
    });
    (plan, diagnostics)
}

/// Operations of all graphs of a recipe: what a plan holds of them takes some hundred megabytes.
const MAX_NODES: usize = 600_000;

/// The stage with which the graphs of a recipe grow too large. Those below it are not looked at.
fn too_many(stage: &Stage, stages: usize, nodes: usize) -> Diagnostic {
    Diagnostic::error(
        Code::TooManyNodes,
        stage.name_span,
        format!(
            "with `{}` the graphs of {stages} stage{} have {nodes} operations; at most {MAX_NODES} are planned",
            stage.name,
            if stages == 1 { "" } else { "s" }
        ),
    )
    .note("Every stage has graphs of its own, for training and for evaluation.")
    .help("use fewer stages or less deep networks, or write several recipes")
}

/// The recipe with the values that the stages train with: a batch is not larger than the data.
fn resolved(recipe: &Recipe, stages: &[StagePlan]) -> Recipe {
    let mut recipe = recipe.clone();
    for planned in stages {
        let Some((_, settings)) = planned.training_graph() else {
            continue;
        };
        let stage = recipe
            .stages
            .iter_mut()
            .find(|stage| stage.name == planned.name);
        if let Some(stage) = stage {
            set_batch(stage, settings.batch);
        }
    }
    recipe
}

/// Writes the batch that a stage trains with into its fields.
fn set_batch(stage: &mut Stage, batch: usize) {
    for args in [&mut stage.call.args, &mut stage.fields] {
        if let Some(argument) = args.values.get_mut("batch")
            && matches!(argument.value, Value::Integer(n) if n != batch as i64)
        {
            argument.value = Value::Integer(batch as i64);
        }
    }
}

/// What may be wrong about a stage because something that it stands on has an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// The size of its pictures, or what it finds in the batch.
    Augment,
    /// Its layers too.
    Net,
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
    /// The encoders of pretext stages, also of those that failed later.
    pub encoders: BTreeMap<String, Reader>,
    /// Augments that were read from text, by it.
    augments: BTreeMap<String, Augment>,
    /// Stages that stand on something with an error.
    pub doubted: BTreeMap<String, Doubt>,
    pub statistics: BTreeMap<(String, OnBadSample), Option<Normalized>>,
    /// What data sets of the user's own files found, by their names.
    pub found: Vec<(String, Arc<Found>)>,
    pub diagnostics: Vec<Diagnostic>,
}

impl Planner<'_> {
    /// In a recipe with errors: takes back what was found, from `before` on, in a stage that may owe it to another error. A
    /// wrong number of classes, unless the stage's own layers are wrong, and missing files are what they are; so is an unknown place, unless a layer is left out.
    fn doubt(&mut self, stage: &Stage, before: usize) {
        let failed = &self.recipe.failed;
        let (mut names, from) = names_of(stage);
        // data sets give records of one kind whatever their arguments
        names.retain(|name| self.recipe.datasets.iter().all(|item| item.name != *name));
        let of_from = from.iter().find_map(|from| self.doubted.get(from).copied());
        let short = names
            .iter()
            .chain([&stage.name])
            .any(|name| failed.nets.contains(name));
        let doubt = match of_from {
            Some(Doubt::Net) => Doubt::Net,
            _ if short => Doubt::Net,
            Some(Doubt::Augment) => Doubt::Augment,
            None if failed.replaced.contains(&stage.name) => Doubt::Augment,
            None if names.iter().any(|name| failed.items.contains(name)) => Doubt::Augment,
            None => return,
        };
        self.doubted.insert(stage.name.clone(), doubt);
        let found = self.diagnostics.split_off(before);
        let own = failed.nets.contains(&stage.name);
        self.diagnostics.extend(found.into_iter().filter(|d| {
            (d.code == Code::Classes && !own)
                || is_about_files(d.code)
                || (d.code == Code::UnknownPart && doubt == Doubt::Augment)
        }));
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
        let text = format!("ssl 1\n\naugment {head} {{\n{body}\n}}\n");
        // stages are judged by the same view again and again
        if let Some(augment) = self.augments.get(&text) {
            return Some(augment.clone());
        }
        let mut sources = Sources::default();
        let file: FileId = sources.add("<default augment>", text.clone());
        let stages = self.recipe.stages.iter();
        let known: Vec<_> = stages.filter_map(|stage| stage.artifact.clone()).collect();
        let (recipe, diagnostics) =
            crate::language::check_part(&mut sources, file, self.catalog, &known);
        match recipe.and_then(|recipe| recipe.augments.into_iter().next()) {
            Some(augment) => {
                self.augments.insert(text, augment.clone());
                Some(augment)
            }
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
                    .note(format!(
                        "The default is:\n{}",
                        body.lines().take(12).collect::<Vec<_>>().join("\n")
                    ))
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
            Kind::Fit => Body::Fit(Box::new(self.fitting(stage)?)),
            Kind::Task => Body::Train(Box::new(self.pretext(stage, before)?)),
            Kind::Evaluator | Kind::Finetune => {
                Body::Evaluate(Box::new(self.evaluate(stage, before)?))
            }
            Kind::Export => Body::Export(Box::new(self.export(stage, before)?)),
            _ => return None,
        };
        let mut planned = StagePlan {
            name: stage.name.clone(),
            span: stage.name_span,
            body,
            meaning: Default::default(),
            identity: String::new(),
            fits: Vec::new(),
        };
        let read = match &planned.body {
            Body::Train(training) => Some(&training.encoder.module),
            _ => planned.from().map(|from| &from.module),
        };
        let read = read.map_or(ENCODER, String::as_str);
        // by what it trains with, not by what was cut to that
        let mut trained = stage.clone();
        if let Some((_, settings)) = planned.training_graph() {
            set_batch(&mut trained, settings.batch);
        }
        let (mut meaning, fits) = identity::meaning(self.recipe, &trained, seed, read);
        identity::bound(&mut meaning, &planned);
        if let Some(bytes) = given(&planned.body) {
            meaning.note("file", blake3::hash(bytes).to_hex().to_string());
        }
        if let Body::Train(training) = &planned.body {
            for begins in &training.begins {
                if let Origin::File(file) = &begins.from {
                    // what it holds counts, not where it lies
                    let hash = file.weights.hash.clone();
                    meaning.note(&format!("file of {}", begins.into), hash);
                }
            }
        }
        if let Body::Train(training) = &planned.body
            && let Some(normalized) = &training.normalized
            && let StatisticsOrigin::Measured { .. } = normalized.origin
        {
            // the recipe does not say by what pictures are normalised: the pictures do
            meaning.note("normalize", identity::measured(&normalized.by));
        }
        planned.identity = meaning.hash();
        planned.meaning = meaning;
        planned.fits = fits;
        Some(planned)
    }
}

/// The file that decides a stage's result beside its data.
fn given(body: &Body) -> Option<&[u8]> {
    let evaluation = match body {
        Body::Fit(fitting) => return fitting.given.as_deref(),
        Body::Train(training) => {
            let monitor = training.monitor.as_ref();
            &monitor.filter(|_| training.settings.watches())?.evaluation
        }
        Body::Evaluate(evaluation) => evaluation,
        Body::Export(_) => return None,
    };
    let file = evaluation.file.as_slice();
    (!file.is_empty()).then_some(file)
}

pub(super) fn is_about_files(code: Code) -> bool {
    matches!(code, Code::MissingFile | Code::BadFile | Code::MissingData)
}

/// Items whose values a stage takes, and the stages it starts from.
fn names_of(stage: &Stage) -> (BTreeSet<String>, Vec<String>) {
    let mut names = BTreeSet::new();
    let mut from = Vec::new();
    for args in [&stage.call.args, &stage.fields] {
        for argument in args.values.values() {
            super::lints::collect(&argument.value, &mut names);
            match &argument.value {
                Value::Net(net) => names.extend(net.name.clone()),
                Value::Stage(name) => from.extend(name.split('.').next().map(str::to_owned)),
                _ => {}
            }
        }
    }
    (names, from)
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
