//! Everything that is known of a text in an editor: what is wrong with it, what each word is, and, from its plan, what flows where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::lines::Lines;
use super::outline::Outline;
use super::read::{Reading, read};
use super::scope::{Import, Scope};
use super::shapes::{Shape, shapes};
use super::token::Tokens;
use crate::catalog::{Catalog, Spec};
use crate::data::{Kept, Places};
use crate::extend::{Loader, Options};
use crate::language::checked::{Recipe, Use};
use crate::language::{
    Checked, Diagnostic, Doors, FileId, Severity, Sources, Span, check_all, decode, in_order,
};
use crate::plan::Purpose;

/// Recipes inside one another whose names are known.
const DEPTH: usize = 16;

/// The texts that are open, by where they lie, whatever links lead there: they are read in the place of their files.
pub type OpenTexts = BTreeMap<PathBuf, Arc<str>>;

/// What all texts of an editor share.
pub struct Workshop {
    catalog: Catalog,
    kept: Kept,
    options: Options,
}

impl Default for Workshop {
    fn default() -> Self {
        Self {
            catalog: Catalog::builtin(),
            kept: Kept::open(),
            options: Options::default(),
        }
    }
}

/// A text as far as the language understands it.
pub struct Analysis {
    /// Where it lies.
    pub path: PathBuf,
    /// The text.
    pub text: Arc<str>,
    /// Its lines.
    pub lines: Lines,
    /// Byte ranges of comments.
    pub comments: Vec<std::ops::Range<usize>>,
    /// What it may name.
    pub scope: Arc<Scope>,
    /// What each word is, once somebody asks.
    reading: OnceLock<Reading>,
    /// It and all that it is made of.
    pub sources: Sources,
    /// Its own file.
    pub file: FileId,
    /// The recipe as far as it can be understood, and what is wrong with it.
    pub recipe: Arc<Recipe>,
    /// What the language says, in no order.
    pub said: Vec<Diagnostic>,
    /// Errors that were only counted.
    pub dropped: usize,
    /// The files that it is made of.
    pub made_of: Vec<PathBuf>,
}

/// What a plan adds.
#[derive(Clone, Debug, Default)]
pub struct Planned {
    /// What is wrong beyond the language.
    pub said: Vec<Diagnostic>,
    /// What flows where; `None` where there is no plan.
    pub shapes: Option<Vec<Shape>>,
}

/// Recipes and scripts of a text, open texts first.
struct Reads<'a> {
    loader: Loader,
    open: &'a OpenTexts,
    texts: BTreeMap<PathBuf, Arc<str>>,
}

impl Doors for Reads<'_> {
    fn open(&mut self, used: &Use, sources: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        self.loader.open(used, sources)
    }

    fn recipe(
        &mut self,
        path: &Path,
        span: Span,
        sources: &mut Sources,
    ) -> Result<(PathBuf, FileId), Box<Diagnostic>> {
        let (place, mut file) = self.loader.recipe(path, span, sources)?;
        if let Some(text) = self.open.get(&place) {
            let shown = sources.file(file).path.clone();
            file = sources.add(shown, text.clone());
        }
        let text = sources.file(file).text.clone();
        self.texts.insert(place.clone(), text);
        Ok((place, file))
    }
}

impl Workshop {
    /// What the language says of a text that lies at `path`.
    pub fn analyse(&self, path: &Path, text: &Arc<str>, open: &OpenTexts) -> Analysis {
        let mut catalog = self.catalog.clone();
        let (mut sources, file, mut said) = decode(path, text.as_bytes());
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut reads = Reads {
            // native code is not run because somebody looks at a text
            loader: Loader::new(&folder, self.options.clone()).without_plugins(),
            open,
            texts: BTreeMap::new(),
        };
        let checked = match file {
            Some(file) => check_all(&mut sources, file, &mut catalog, &mut reads, &[]),
            None => Checked::default(),
        };
        said.extend(checked.diagnostics);
        let tokens = Tokens::new(text);
        let outline = Arc::new(Outline::new(&tokens));
        let mut imports = Vec::new();
        bring(&outline, &folder, &reads.texts, 0, true, &mut imports);
        let scope = Scope {
            catalog: Arc::new(catalog),
            outline,
            imports,
        };
        Analysis {
            path: path.to_owned(),
            text: text.clone(),
            lines: Lines::new(text),
            comments: tokens.comments,
            scope: Arc::new(scope),
            reading: OnceLock::new(),
            sources,
            file: file.unwrap_or_default(),
            recipe: Arc::new(checked.recipe),
            said,
            dropped: checked.dropped,
            made_of: reads.texts.into_keys().collect(),
        }
    }

    /// What its plan adds. Takes as long as its graphs take to trace.
    pub fn plan(&self, recipe: &Recipe, catalog: &Catalog, file: FileId, path: &Path) -> Planned {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let places = match Places::new(folder, BTreeMap::new(), true) {
            Ok(places) => Places {
                kept: self.kept.clone(),
                ..places
            },
            Err(problem) => {
                let first = Span::new(file, 0, 0);
                return Planned {
                    said: vec![Diagnostic::error(problem.code, first, problem.message)],
                    shapes: None,
                };
            }
        };
        let (plan, said) = crate::plan::plan(recipe, catalog, &places, Purpose::Check);
        let shapes = plan.map(|plan| shapes(recipe, &plan, &places, file));
        Planned { said, shapes }
    }

    /// All that is wrong with a text, as `pretext check` would say it.
    pub fn check(&self, path: &Path, text: &Arc<str>, open: &OpenTexts) -> Vec<Diagnostic> {
        let analysis = self.analyse(path, text, open);
        let planned = self.plan(
            &analysis.recipe,
            &analysis.scope.catalog,
            analysis.file,
            path,
        );
        analysis.all(&planned.said)
    }
}

impl Analysis {
    /// What each word is.
    pub fn reading(&self) -> &Reading {
        let read = || read(&Tokens::new(&self.text), &self.scope, None);
        self.reading.get_or_init(read)
    }

    /// All that is wrong, in the order of the text, with what a plan says.
    pub fn all(&self, planned: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut all = self.said.clone();
        all.extend(planned.iter().cloned());
        in_order(all, self.dropped)
    }

    /// Whether the text itself could be read.
    pub fn parses(&self) -> bool {
        let errors = self.said.iter().filter(|d| d.severity == Severity::Error);
        let syntax = |d: &&Diagnostic| d.code.number().starts_with("E01");
        !errors.into_iter().any(|d| syntax(&d))
    }
}

/// The recipes that a text is made of, with the names that they bring.
fn bring(
    outline: &Outline,
    folder: &Path,
    texts: &BTreeMap<PathBuf, Arc<str>>,
    depth: usize,
    uses: bool,
    found: &mut Vec<Import>,
) {
    if depth > DEPTH {
        return;
    }
    let import = |named: &super::outline::Named, space: Option<String>| {
        let path = folder.join(&named.path).canonicalize().ok()?;
        let text = texts.get(&path)?.clone();
        let outline = Arc::new(Outline::new(&Tokens::new(&text)));
        Some(Import {
            path,
            text,
            outline,
            space,
        })
    };
    for named in outline.recipes.iter().filter(|_| uses) {
        found.extend(import(named, Some(named.space().to_owned())));
    }
    if let Some(named) = &outline.extends
        && let Some(parent) = import(named, None)
    {
        let inner = parent.path.parent().unwrap_or(Path::new("")).to_owned();
        let outline = parent.outline.clone();
        found.push(parent);
        // what a parent uses is called by its children, too
        bring(&outline, &inner, texts, depth + 1, true, found);
    }
}
