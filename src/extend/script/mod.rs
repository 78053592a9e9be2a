//! Scripts: a pretext task, or a number that changes while training, written in rhai beside the recipe.
//!
//! A task is a file with six functions, four of which may be left out:
//!
//! ```text
//! fn about()            what it is: summary, doc, paper, semantics, example
//! fn params()           its parameters: name, type, default, range, doc
//! fn inputs()           what it reads from the batch: name, type, doc
//! fn parts()            what later stages may start from: name, doc
//! fn augment(p, fields) the default `augment` as `.ssl` text
//! fn build(g, p)        the training graph, traced once while planning
//! ```
//!
//! A schedule is a file with one function, the factor on the rate in each step: `fn factor(step, total, epoch)`.
//!
//! A script sees scalars, lists, maps and nodes of the graph. It has no clock, no files and no way to grow without end
//! ([`sandbox`]). While training nothing of it runs but functions of the step.

mod clock;
mod declare;
mod entry;
mod explain;
pub mod limits;
mod operators;
mod raise;
pub mod sandbox;
mod scalar;
mod sizes;
mod sort;
mod source;
mod steps;
mod tape;
mod values;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use rhai::{AST, CallFnOptions, Dynamic, FuncArgs, Scope};

use crate::catalog::{Args, At, Kind, Make, Problem, Provider, Result, Spec};
use crate::data::Fields;
use crate::extend::words::{field_error, parts_error};
use crate::graph::Graph;
use crate::language::FileId;
use crate::language::codes::Code;
use crate::plan::{Decay, Schedule};
use limits::MAX_BYTES;
use source::Source;
use tape::Tape;

/// What a text in UTF-8 may begin with.
const MARK: char = '\u{feff}';

/// A script that was read and can be called.
pub struct Script {
    ast: AST,
    source: Source,
}

/// A value that leaves the sandbox is made of host values before it does.
type Reader<T> = fn(Dynamic, &Source) -> Result<T>;

impl Script {
    /// Reads the text and runs what stands outside of functions.
    fn new(path: &str, text: &str, file: FileId) -> Result<Self> {
        let source = Source {
            path: path.to_owned(),
            text: text.into(),
            file,
        };
        if text.len() > MAX_BYTES {
            return Err(Problem::new(
                Code::TooLarge,
                format!(
                    "the script has {} bytes; at most {MAX_BYTES} are read",
                    text.len()
                ),
            )
            .at(At::Span(source.function(""))));
        }
        // the mark that some editors put in front; a space keeps every place of the first line
        let unmarked = text.strip_prefix(MARK).map(|rest| format!(" {rest}"));
        let plain = unmarked.as_deref().unwrap_or(text);
        let ast = sandbox::run(|engine| {
            let ast = engine
                .compile(plain)
                .map_err(|error| explain::unreadable(error, &source))?;
            engine
                .run_ast(&ast)
                .map_err(|error| explain::explain(*error, &source))?;
            Ok(ast)
        })?;
        Ok(Self { ast, source })
    }

    /// The number of parameters of a function, if there is one of this name.
    fn arity(&self, name: &str) -> Option<usize> {
        let mut functions = self.ast.iter_functions();
        let found = functions.find(|function| function.name == name)?;
        Some(found.params.len())
    }

    /// Whether there is a function of this name; it must take exactly these parameters.
    fn has(&self, name: &str, params: &[&str]) -> Result<bool> {
        match self.arity(name) {
            None => Ok(false),
            Some(n) if n == params.len() => Ok(true),
            Some(n) => {
                let wanted = format!("{name}({})", params.join(", "));
                Err(self
                    .about(
                        name,
                        format!("`{name}` takes {n} parameters, not {}", params.len()),
                    )
                    .help(format!("write `fn {wanted} {{ … }}`")))
            }
        }
    }

    /// A problem with a function as a whole.
    fn about(&self, function: &str, message: String) -> Problem {
        Problem::new(Code::Script, message).at(At::Span(self.source.function(function)))
    }

    /// Calls a function within the limits.
    fn call<T: Send>(
        &self,
        name: &str,
        args: impl FuncArgs + Send,
        read: impl FnOnce(Dynamic, &Source) -> Result<T> + Send,
    ) -> Result<T> {
        sandbox::run(|engine| {
            let options = CallFnOptions::new().eval_ast(false);
            let scope = &mut Scope::new();
            let value = engine
                .call_fn_with_options::<Dynamic>(options, scope, &self.ast, name, args)
                .map_err(|error| explain::explain(*error, &self.source))?;
            read(value, &self.source)
        })
    }

    /// Calls a function without parameters; `None` where there is none.
    fn declared<T: Send>(&self, name: &str, read: Reader<T>) -> Result<Option<T>> {
        if !self.has(name, &[])? {
            return Ok(None);
        }
        self.call(name, (), read).map(Some)
    }

    /// Traces the task's graph.
    fn build(
        self: &Arc<Self>,
        exports: &[(String, String)],
        graph: &mut Graph,
        args: &Args,
    ) -> Result<()> {
        let tape = Tape::new(graph, self);
        let p = values::arguments(args);
        let built = self.call("build", (tape.clone(), p), |_, _| Ok(()));
        *graph = tape.release();
        built?;
        if graph.objectives.is_empty() {
            return Err(self
                .about("build", "the task has no objective".into())
                .help("end `build` with `g.objective(loss)`"));
        }
        if let Some(why) = parts_error(exports, graph) {
            return Err(self.about("parts", why));
        }
        Ok(())
    }

    /// The text of the default augment.
    fn augment(&self, args: &Args, fields: &Fields) -> Result<Option<String>> {
        let p = values::arguments(args);
        let fields = values::fields(fields);
        self.call("augment", (p, fields), |value, source| {
            if value.is_unit() {
                return Ok(None);
            }
            let ty = value.type_name();
            match value.try_cast::<rhai::ImmutableString>() {
                Some(text) => Ok(Some(text.to_string())),
                None => Err(Problem::new(
                    Code::Script,
                    format!(
                        "`augment` must give a string or (), not {}",
                        raise::noun(ty)
                    ),
                )
                .at(At::Span(source.function("augment")))),
            }
        })
    }
}

/// The hash of a script's text in hexadecimal digits: it is pinned, and a part of what a stage's result depends on.
pub fn hash(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// What a script brings: a task (`build`), or a schedule (`factor`). `path` is what the recipe says, the entry is called like its
/// file; `file` is where the text lies among the files of the recipe.
///
/// # Errors
/// Everything that is wrong with the script but what only shows when its graph is traced, at the script's own line.
pub fn entry(path: &str, text: &str, file: FileId) -> Result<Spec> {
    clock::together(|| declared(path, text, file))
}

fn declared(path: &str, text: &str, file: FileId) -> Result<Spec> {
    let script = Arc::new(Script::new(path, text, file)?);
    let name = std::path::Path::new(path)
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    if !declare::is_name(&name) {
        return Err(script
            .about("", format!("`{name}` can't be the name of what the script brings"))
            .note("It is called like its file. Names have ASCII letters, digits and `_`, and do not begin with a digit."));
    }
    let params = script.declared("params", declare::params)?;
    let mut spec = if script.has("build", &["g", "p"])? {
        script.task(&name)?
    } else if script.arity("factor").is_some() {
        script.schedule(&name, params.is_some())?
    } else {
        return Err(script
            .about("", "the script has no function `build`".into())
            .help(
                "a task is `fn build(g, p) { … }`, with `fn inputs()` and `fn params()` beside it",
            )
            .help("a schedule is `fn factor(step, total, epoch) { … }`"));
    };
    let about = script
        .declared("about", declare::about)?
        .unwrap_or_default();
    spec.summary = about
        .summary
        .or_else(|| first_comment(text))
        .unwrap_or_else(|| format!("What {path} brings."));
    if let Some(example) = about.example {
        spec.example = example;
    }
    spec.doc = about.doc;
    spec.paper = about.paper;
    spec.semantics = about.semantics.max(1);
    spec.params = params.unwrap_or_default();
    if let Some((name, why)) = field_error(&spec) {
        let at = At::Span(script.source.declared("params", &name));
        return Err(Problem::new(Code::Script, why)
            .at(at)
            .help("give the parameter another name"));
    }
    spec.provider = Some(Provider {
        name: format!("script {path}"),
        hash: hash(text),
    });
    Ok(spec)
}

impl Script {
    fn task(self: &Arc<Self>, name: &str) -> Result<Spec> {
        let inputs = self.declared("inputs", declare::inputs)?.ok_or_else(|| {
            self.about(
                "build",
                "the script does not say what it reads from the batch".into(),
            )
            .help("add `fn inputs() { [#{name: \"views\", type: \"list(image)\", doc: \"…\"}] }`")
        })?;
        let exports = self.declared("parts", declare::parts)?.unwrap_or_default();
        let has_augment = self.has("augment", &["p", "fields"])?;
        let (builder, augmenter, said) = (self.clone(), self.clone(), exports.clone());
        let make = Make::fallible_task(
            move |graph, args| builder.build(&said, graph, args),
            move |args, fields| match has_augment {
                true => augmenter.augment(args, fields),
                false => Ok(None),
            },
        );
        let mut spec = Spec::new(name, Kind::Task, "", make);
        spec.inputs = inputs;
        spec.exports = exports;
        spec.example = format!(
            "ssl 1\n\nuse script \"{}\"\n\ndataset figures = shapes()\n\npretext learnt = {name}() {{\n  data    = figures.train\n  encoder = small_cnn()\n}}\n",
            self.source.path
        );
        Ok(spec)
    }

    /// A schedule; with parameters they come first: `factor(p, step, total, epoch)`.
    fn schedule(self: &Arc<Self>, name: &str, has_params: bool) -> Result<Spec> {
        match has_params {
            true => self.has("factor", &["p", "step", "total", "epoch"])?,
            false => self.has("factor", &scalar::PARAMS)?,
        };
        let script = self.clone();
        let make = Make::schedule(move |args| {
            let carried = match has_params {
                true => vec![values::arguments(args).into()],
                false => Vec::new(),
            };
            Ok(Schedule {
                warmup: None,
                decay: Decay::Script(script.number("factor", carried)?),
            })
        });
        let mut spec = Spec::new(name, Kind::Schedule, "", make);
        spec.example = format!("script(\"{}\")", self.source.path);
        Ok(spec)
    }
}

/// The first line of the comment on top.
fn first_comment(text: &str) -> Option<String> {
    let line = text.trim_start_matches(MARK).lines().next()?;
    let line = line.trim().strip_prefix("//")?;
    let line = line.trim_start_matches(['/', '!']).trim();
    (!line.is_empty()).then(|| line.to_owned())
}
