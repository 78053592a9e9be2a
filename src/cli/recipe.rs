//! Arguments that name a recipe, and the way from its file to a plan.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::out::show;

use crate::catalog::Catalog;
use crate::data::{Found, Places};
use crate::extend::plugin::worker::{self, Early, Ended};
use crate::extend::{Loader, Options, Pin, Project};
use crate::language::checked::Recipe;
use crate::language::codes::Code;
use crate::language::{Checked, Diagnostic, FileId, Severity, Sources, Span};
use crate::plan::memory::Memory;
use crate::plan::units::bytes;
use crate::plan::{Plan, Purpose};

/// A recipe on the command line.
#[derive(Args, Clone)]
pub struct RecipeArgs {
    /// The recipe
    #[arg(value_name = "RECIPE.ssl")]
    pub recipe: PathBuf,
    /// Change a field that exists: `--set rotations.batch=64`
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Where a data set lies on this machine: `--data cifar10=/data/cifar10`
    #[arg(long, value_name = "NAME=PATH")]
    pub data: Vec<String>,
    /// Never download
    #[arg(long)]
    pub offline: bool,
    /// Refuse `use plugin`
    #[arg(long)]
    pub no_plugins: bool,
    /// Look for plugins here too, after the project's and the user's folder
    #[arg(long, value_name = "DIRECTORY")]
    pub plugin_path: Vec<PathBuf>,
    /// Seconds after which a call of a plugin that does not return is ended
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = super::seconds, allow_negative_numbers = true)]
    pub plugin_limit: f64,
    /// Pin what the recipe uses in `ssl.lock` as it is now
    #[arg(long)]
    pub update_lock: bool,
    /// Take recipes, scripts and plugins as `ssl.lock` pins them, and no others
    #[arg(long, conflicts_with = "update_lock")]
    pub locked: bool,
    /// Let the recipe read recipes and scripts outside its project and write exports outside the run directory
    #[arg(long)]
    pub allow_outside: bool,
    /// Which of its `seeds` the recipe has; the first where none is chosen.
    #[arg(skip)]
    pub seed: Option<u64>,
    /// Which point of its sweeps the recipe has, the first is 0; the first where none is chosen.
    #[arg(skip)]
    pub point: Option<usize>,
}

/// Which point of a recipe's sweep is meant.
#[derive(Args, Clone, Default)]
pub struct PointArgs {
    /// The point of the recipe's sweep that is looked at; the first where absent
    #[arg(long, value_name = "POINT")]
    point: Option<usize>,
}

impl PointArgs {
    /// The recipe at that point.
    ///
    /// # Errors
    /// There is no such point.
    pub fn of(&self, recipe: &RecipeArgs) -> anyhow::Result<RecipeArgs> {
        let Some(point) = self.point else {
            return Ok(recipe.clone());
        };
        let chosen = RecipeArgs {
            point: Some(point.saturating_sub(1)),
            ..recipe.clone()
        };
        let points = match chosen.load(None)?.recipe {
            Some(found) => found.points.len(),
            // it is told of when it is loaded
            None => return Ok(chosen),
        };
        match point {
            _ if points == 0 => anyhow::bail!("the recipe has no `sweep`: it has no point {point}"),
            point if (1..=points).contains(&point) => Ok(chosen),
            point => anyhow::bail!("the recipe has no point {point}: its points are 1 to {points}"),
        }
    }
}

/// What came of a recipe's text.
pub struct Loaded {
    /// All its files.
    pub sources: Sources,
    /// Errors and warnings so far, in order.
    pub diagnostics: Vec<Diagnostic>,
    /// The checked recipe, unless an error stands in its way.
    pub recipe: Option<Recipe>,
    /// The plan, where it was asked for and there is no error.
    pub plan: Option<Plan>,
    /// What the recipe uses and `ssl.lock` does not pin as it is.
    pins: Vec<Pin>,
}

impl Loaded {
    /// Pins what the recipe uses as it is: it has done what was wanted of it.
    pub fn pin(&self) -> anyhow::Result<()> {
        for pin in &self.pins {
            pin.keep()
                .map_err(|problem| anyhow::anyhow!("{}", problem.message))?;
        }
        Ok(())
    }

    /// Pins what the recipe uses as it is, for everybody: every later difference is to be wanted.
    pub fn pin_strictly(&self) -> anyhow::Result<()> {
        for pin in &self.pins {
            pin.keep_strictly()
                .map_err(|problem| anyhow::anyhow!("{}", problem.message))?;
        }
        Ok(())
    }

    /// How many files and plugins it uses.
    pub fn used(&self) -> usize {
        self.pins.len()
    }

    /// Number of errors.
    pub fn errors(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .count()
    }

    /// Prints every diagnostic to standard error.
    pub fn show(&self) {
        for diagnostic in &self.diagnostics {
            show(diagnostic, &self.sources);
        }
    }

    /// What data sets of the user's own files found, by their names, in lines.
    pub fn found_lines(&self) -> Vec<String> {
        let found = self.plan.iter().flat_map(|plan| &plan.found);
        found
            .map(|(name, found)| format!("{name}: {}", found.line))
            .collect()
    }

    /// The same for JSON.
    pub fn found(&self) -> BTreeMap<&str, &Found> {
        let found = self.plan.iter().flat_map(|plan| &plan.found);
        found
            .map(|(name, found)| (name.as_str(), &**found))
            .collect()
    }

    /// The summary's counts: `2 errors, 1 warning`.
    pub fn counts(&self) -> String {
        let errors = self.errors();
        let warnings = self.diagnostics.len() - errors;
        let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        match (errors, warnings) {
            (0, 0) => "no errors".into(),
            (0, n) => plural(n, "warning"),
            (n, 0) => plural(n, "error"),
            (e, w) => format!("{}, {}", plural(e, "error"), plural(w, "warning")),
        }
    }
}

/// A warning where the stage that needs most memory needs more than is free.
fn too_large(plan: &Plan) -> Option<Diagnostic> {
    let free = super::machine::free_memory()?;
    let memory = Memory::new(plan);
    let sizes = plan.stages.iter().map(|stage| (memory.stage(stage), stage));
    let (most, stage) = sizes.max_by_key(|(bytes, _)| *bytes)?;
    (most > free).then(|| {
        Diagnostic::warning(
            Code::LintMemory,
            stage.span,
            format!(
                "`{}` will need about {} of memory, {} is free",
                stage.name,
                bytes(most),
                bytes(free)
            ),
        )
        .note("The system may end the run, or slow it down by far.")
        .help("make `batch` smaller, or the pictures, or the network")
    })
}

/// What a recipe uses comes in by these doors; plugins, in a process that is no worker, by none.
fn loader(folder: &Path, options: Options, limit: Duration) -> Loader {
    let loader = Loader::new(folder, options);
    match worker::wanted() {
        true => loader.without_plugins(),
        false => loader.trying(limit),
    }
}

/// A worker did what was asked for, and ended with this exit code.
#[derive(Debug, thiserror::Error)]
#[error("a worker ended with exit code {0}")]
pub struct Elsewhere(pub u8);

/// Has a worker do all of it where the recipe uses plugins: an error with its exit code, or why it ended early.
fn elsewhere(doors: &Loader, limit: Duration) -> anyhow::Result<Option<Diagnostic>> {
    let Some((_, first)) = doors.left().first() else {
        return Ok(None);
    };
    let early = match worker::run(limit)? {
        Ended::Done(code) => return Err(Elsewhere(code).into()),
        Ended::Early(early) => early,
    };
    let Early {
        plugin,
        what,
        planned,
    } = early;
    // `plugin acme 0.3.1`, `the library /there/libacme.so`
    let inside = |name: &str| {
        let file = crate::extend::plugin::file_name(name);
        plugin.as_ref().is_some_and(|plugin| {
            plugin.split(' ').any(|word| word == name) || plugin.ends_with(&file)
        })
    };
    let mut left = doors.left().iter();
    let (name, span) = match left.find(|(name, _)| inside(name)) {
        Some((name, span)) => (name.as_str(), *span),
        None => (doors.left()[0].0.as_str(), *first),
    };
    let message = match &plugin {
        Some(_) => format!("plugin `{name}` {what}"),
        None => format!("the process that `{name}` was loaded into {what} before all was done"),
    };
    let help = format!(
        "`pretext plugin check {name}` says which call it is; tell its author, or do without it"
    );
    if planned {
        // it had begun to work: that it failed half-way is what counts
        anyhow::bail!(
            "{message}\n  note: what was finished before is kept; the same command goes on from there\n  help: {help}"
        );
    }
    let diagnostic = Diagnostic::error(Code::Plugin, span, message)
        .note("It worked in a process of its own, which is gone.")
        .help(help);
    Ok(Some(diagnostic))
}

/// The catalog, with what a recipe uses where one is named.
pub fn catalog_of(recipe: Option<&Path>) -> anyhow::Result<Catalog> {
    let mut catalog = Catalog::builtin();
    let Some(path) = recipe else {
        return Ok(catalog);
    };
    let bytes = std::fs::read(path)
        .map_err(|error| anyhow::anyhow!("can't read the recipe {}: {error}", path.display()))?;
    let (mut sources, file, mut diagnostics) = crate::language::decode(path, &bytes);
    if let Some(file) = file {
        let folder = path.parent().unwrap_or(Path::new(""));
        let limit = Duration::from_secs(10);
        let mut doors = loader(folder, Options::default(), limit);
        let (_, found) =
            crate::language::check_using(&mut sources, file, &mut catalog, &mut doors, &[]);
        diagnostics.extend(found);
        diagnostics.extend(elsewhere(&doors, limit)?);
    }
    // what is wrong elsewhere in the recipe does not matter here
    let wrong = [Code::Script, Code::Plugin, Code::Pinned, Code::Encoding];
    for diagnostic in diagnostics.iter().filter(|d| wrong.contains(&d.code)) {
        show(diagnostic, &sources);
    }
    Ok(catalog)
}

/// Splits `NAME=VALUE`.
pub fn pair(text: &str, flag: &str) -> anyhow::Result<(String, String)> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| anyhow::anyhow!("`{flag} {text}` has no `=`; write `{flag} NAME=VALUE`"))
}

impl RecipeArgs {
    /// Where the recipe runs: the directory that was given, else `runs/NAME`.
    pub fn directory(&self, given: Option<&Path>) -> PathBuf {
        let stem = self.recipe.file_stem().unwrap_or_default();
        given.map_or_else(|| PathBuf::from("runs").join(stem), Path::to_owned)
    }

    /// The project that the recipe belongs to.
    pub fn project(&self) -> Project {
        Project::of(&self.recipe)
    }

    /// Where data is looked for on behalf of this recipe.
    pub fn places(&self) -> anyhow::Result<Places> {
        let mut given = BTreeMap::new();
        for text in &self.data {
            let (name, path) = pair(text, "--data")?;
            if path.is_empty() {
                anyhow::bail!("`--data {text}` names no path; write `--data {name}=PATH`");
            }
            if given.insert(name.clone(), PathBuf::from(path)).is_some() {
                anyhow::bail!("`--data {name}=…` is given twice");
            }
        }
        let folder = self.recipe.parent().unwrap_or(Path::new("")).to_owned();
        let places = Places::new(folder, given, self.offline)
            .map_err(|problem| anyhow::anyhow!("{}", problem.message))?;
        Ok(Places {
            allow_outside: self.allow_outside,
            ..places
        })
    }

    /// What was given with `--data` under a name that the recipe never asked for. `all`: it was asked for all it needs; else only
    /// names that look like one of those are told of.
    fn not_asked_for(&self, places: &Places, sources: &mut Sources, all: bool) -> Vec<Diagnostic> {
        let asked = places.asked.names();
        let mut found = Vec::new();
        for text in &self.data {
            let name = text.split_once('=').map_or(text.as_str(), |(name, _)| name);
            let name = name.trim();
            if asked.iter().any(|known| known == name) {
                continue;
            }
            let near = crate::language::nearest(name, asked.iter().map(String::as_str));
            if near.is_none() && !all {
                continue;
            }
            let file = sources.add("--data", text.clone());
            let span = Span::new(file, 0, text.find('=').unwrap_or(text.len()));
            let message = format!("the recipe asks for no data `{name}`");
            let mut diagnostic = Diagnostic::error(Code::UnknownName, span, message);
            diagnostic = match asked.as_slice() {
                [] => diagnostic.note("It asks for no data by name."),
                names => diagnostic.note(format!("It asks for `{}`.", names.join("`, `"))),
            };
            found.push(match near {
                Some(near) => diagnostic.help(format!("did you mean `--data {near}=…`?")),
                None => diagnostic.help("leave it out"),
            });
        }
        found
    }

    /// What is wrong with the recipe were this its text; planned too where there are `places`.
    fn errors_of(
        &self,
        text: &str,
        set: &[(String, String)],
        places: Option<&Places>,
    ) -> Vec<(Code, String)> {
        let mut catalog = Catalog::builtin();
        let (mut sources, file, diagnostics) =
            crate::language::decode(&self.recipe, text.as_bytes());
        let Some(file) = file else {
            return crate::language::said(&diagnostics);
        };
        let options = Options {
            no_plugins: self.no_plugins,
            plugin_path: self.plugin_path.clone(),
            update_lock: false,
            allow_outside: self.allow_outside,
            locked: self.locked,
        };
        let mut doors = Loader::new(self.recipe.parent().unwrap_or(Path::new("")), options);
        let mut checked = self.checked((&mut sources, file), &mut catalog, &mut doors, set);
        if let Some(places) = places {
            let (_, found) = crate::plan::plan(&checked.recipe, &catalog, places, Purpose::Check);
            checked.diagnostics.extend(found);
        }
        let found = crate::language::in_order(checked.diagnostics, checked.dropped);
        crate::language::said(&found)
    }

    /// The recipe with the values that it runs with; `None` where it can't be planned here.
    pub fn resolved(&self) -> Option<Recipe> {
        let one = Self {
            point: Some(self.point.unwrap_or(0)),
            ..self.clone()
        };
        let loaded = one.load(Some(Purpose::Check)).ok()?;
        loaded.plan.map(|plan| plan.recipe)
    }

    /// The plan as a run makes it, with what is measured on the records before the first step; `None` where that can't be made of
    /// data on this machine.
    pub fn measured(&self) -> Option<Plan> {
        let here = Self {
            offline: true,
            point: Some(self.point.unwrap_or(0)),
            ..self.clone()
        };
        here.load(Some(Purpose::Run)).ok()?.plan
    }

    /// The recipe at the point that is chosen.
    fn checked(
        &self,
        (sources, file): (&mut Sources, FileId),
        catalog: &mut Catalog,
        doors: &mut Loader,
        set: &[(String, String)],
    ) -> Checked {
        let point = self.point.unwrap_or(0);
        crate::language::check_point(sources, file, catalog, doors, set, point)
    }

    /// What is wrong with the points of a sweep that come after the first, each thing once.
    fn other_points(
        &self,
        recipe: &Recipe,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> anyhow::Result<()> {
        let mut told: BTreeSet<(Span, Code, String)> = BTreeSet::new();
        for (number, point) in recipe.points.iter().enumerate().skip(1) {
            told.extend(
                diagnostics
                    .iter()
                    .map(|d| (d.primary.span, d.code, d.message.clone())),
            );
            let errors = diagnostics.iter().filter(|d| d.severity == Severity::Error);
            if errors.count() >= crate::language::MAX_ERRORS {
                break;
            }
            let one = Self {
                point: Some(number),
                ..self.clone()
            };
            // nothing is fetched for it before its turn
            for mut found in one.load(Some(Purpose::Check))?.diagnostics {
                if !told.contains(&(found.primary.span, found.code, found.message.clone())) {
                    let (number, text) = (number + 1, point.text());
                    found
                        .notes
                        .push(format!("At point {number} of `{}`: {text}.", point.sweep));
                    diagnostics.push(found);
                }
            }
        }
        Ok(())
    }

    /// Reads, parses and checks the recipe, and plans it for `purpose` if there is one.
    pub fn load(&self, purpose: Option<Purpose>) -> anyhow::Result<Loaded> {
        let mut set = Vec::new();
        for text in &self.set {
            set.push(pair(text, "--set")?);
        }
        let mut catalog = Catalog::builtin();
        let bytes = match std::fs::read(&self.recipe) {
            Ok(bytes) => bytes,
            Err(error) => anyhow::bail!("can't read the recipe {}: {error}", self.recipe.display()),
        };
        let (mut sources, file, diagnostics) = crate::language::decode(&self.recipe, &bytes);
        let Some(file) = file else {
            return Ok(Loaded {
                sources,
                diagnostics,
                recipe: None,
                plan: None,
                pins: Vec::new(),
            });
        };
        let limit = Duration::from_secs_f64(self.plugin_limit);
        let mut doors = loader(
            self.recipe.parent().unwrap_or(Path::new("")),
            Options {
                no_plugins: self.no_plugins,
                plugin_path: self.plugin_path.clone(),
                update_lock: self.update_lock,
                locked: self.locked,
                allow_outside: self.allow_outside,
            },
            limit,
        );
        let mut checked = self.checked((&mut sources, file), &mut catalog, &mut doors, &set);
        if let Some(early) = elsewhere(&doors, limit)? {
            // the worker would have said what else is wrong
            return Ok(Loaded {
                sources,
                diagnostics: vec![early],
                recipe: None,
                plan: None,
                pins: Vec::new(),
            });
        }
        if let Some(seed) = self.seed {
            checked.recipe.with_seed(seed);
        }
        let sound = checked.is_sound();
        let mut plan = None;
        if let Some(purpose) = purpose {
            // what a recipe with errors says of data is looked at, but nothing is read for it
            let purpose = if sound { purpose } else { Purpose::Check };
            let places = self.places()?;
            let (planned, found) = crate::plan::plan(&checked.recipe, &catalog, &places, purpose);
            checked.diagnostics.extend(found);
            let unasked = match sound {
                true => self.not_asked_for(&places, &mut sources, planned.is_some()),
                false => Vec::new(),
            };
            plan = planned.filter(|_| sound && unasked.is_empty());
            checked.diagnostics.extend(unasked);
            checked
                .diagnostics
                .extend(plan.as_ref().and_then(too_large));
        }
        let mut diagnostics = crate::language::in_order(checked.diagnostics, checked.dropped);
        if diagnostics.iter().any(|d| d.severity == Severity::Error) {
            let text = sources.file(file).text.clone();
            let places = self.places()?;
            let planned = purpose.is_some();
            crate::language::proven(&text, file, &mut diagnostics, &mut |text| {
                self.errors_of(text, &set, planned.then_some(&places))
            });
        }
        if purpose.is_some() && self.point.is_none() {
            self.other_points(&checked.recipe, &mut diagnostics)?;
        }
        plan = plan.filter(|_| diagnostics.iter().all(|d| d.severity != Severity::Error));
        worker::planned();
        let loaded = Loaded {
            sources,
            diagnostics,
            recipe: sound.then_some(checked.recipe),
            plan,
            pins: doors.pins().to_vec(),
        };
        if self.update_lock && loaded.errors() == 0 {
            loaded.pin()?;
        }
        Ok(loaded)
    }
}
