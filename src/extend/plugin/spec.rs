//! Catalog entries of a plugin's tasks and transforms.

use pretext_plugin::abi::{self, Str};

use super::applied::{Applied, Made};
use super::host::HOST;
use super::read::{list, text};
use super::session::Session;
use crate::augment::Transform;
use crate::catalog::{Args, Input, Kind, Make, Paper, Param, Preset, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::extend::words::{KINDS, TYPES, default_error, param_type, parts_error};
use crate::graph::Graph;
use crate::language::codes::Code;

/// Who brings the entries.
#[derive(Clone)]
pub struct By {
    /// `plugin acme 0.3.1`
    pub plugin: String,
    /// The least minor of the ABI that it says will do.
    pub minor: u32,
}

impl By {
    fn session(&self, args: &Args) -> Session {
        let mut session = Session::new(&self.plugin, args);
        session.minor = self.minor;
        session
    }
}

/// A description that may be used by any thread.
#[derive(Clone, Copy)]
struct Shared<T>(T);

// SAFETY: the ABI: a description is not changed after the entry function has given it, and its functions may be called by any
// thread
unsafe impl<T> Send for Shared<T> {}
// SAFETY: the same
unsafe impl<T> Sync for Shared<T> {}

/// # Safety
/// The text stays.
unsafe fn given(from: Str, what: &str) -> Result<String, String> {
    // SAFETY: the caller's
    match unsafe { text(from)? }.trim() {
        "" => Err(format!("{what} is empty")),
        said => Ok(said.to_owned()),
    }
}

/// A name that a recipe can write.
///
/// # Safety
/// The text stays.
unsafe fn word(from: Str, what: &str) -> Result<String, String> {
    // SAFETY: the caller's
    let name = unsafe { given(from, what)? };
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !first || name.len() > 64 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(format!(
            "{what} is {name:?}: names have letters, digits and `_`, and do not begin with a digit"
        ));
    }
    Ok(name)
}

/// What tasks and transforms have in common.
struct Common {
    name: Str,
    summary: Str,
    doc: Str,
    paper: [Str; 3],
    example: Str,
    semantics: u64,
    params: *const abi::Param,
    param_count: u64,
}

macro_rules! common {
    ($from:expr) => {
        Common {
            name: $from.name,
            summary: $from.summary,
            doc: $from.doc,
            paper: [$from.cite, $from.title, $from.link],
            example: $from.example,
            semantics: $from.semantics,
            params: $from.params,
            param_count: $from.param_count,
        }
    };
}

impl Common {
    /// # Safety
    /// What it leads to stays.
    unsafe fn spec(&self, kind: Kind, make: Make) -> Result<Spec, String> {
        let noun = kind.singular();
        // SAFETY: the caller's, here and below
        let name = unsafe { word(self.name, &format!("the name of a {noun}"))? };
        let inside = |why: String| format!("{noun} `{name}`: {why}");
        let summary = unsafe { given(self.summary, "its summary") }.map_err(inside)?;
        let mut spec = Spec::new(&name, kind, &summary, make);
        spec.doc = unsafe { text(self.doc) }.map_err(inside)?.to_owned();
        let example = unsafe { text(self.example) }.map_err(inside)?;
        if !example.trim().is_empty() {
            spec.example = example.to_owned();
        }
        spec.semantics = u32::try_from(self.semantics)
            .ok()
            .filter(|n| *n > 0)
            .ok_or_else(|| inside(format!("its `semantics` is {}", self.semantics)))?;
        let mut paper = Vec::new();
        for part in self.paper {
            paper.push(unsafe { text(part) }.map_err(inside)?.to_owned());
        }
        if let [cite, title, link] = &paper[..]
            && !cite.is_empty()
        {
            spec.paper = Some(Paper {
                cite: cite.clone().into(),
                title: title.clone().into(),
                link: link.clone().into(),
            });
        }
        for param in unsafe { list(self.params, self.param_count) }.map_err(inside)? {
            let param = unsafe { parameter(&param) }.map_err(inside)?;
            if spec.find(&param.name).is_some() {
                return Err(inside(format!("it has two parameters `{}`", param.name)));
            }
            spec.params.push(param);
        }
        Ok(spec)
    }
}

/// # Safety
/// What it leads to stays.
unsafe fn parameter(from: &abi::Param) -> Result<Param, String> {
    // SAFETY: the caller's, here and below
    let name = unsafe { word(from.name, "the name of a parameter")? };
    let inside = |why: String| format!("parameter `{name}`: {why}");
    let choices: Vec<String> = unsafe { text(from.choices) }
        .map_err(inside)?
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let written = unsafe { given(from.ty, "its type") }.map_err(inside)?;
    let ty = param_type(&written, &choices).ok_or_else(|| {
        inside(format!(
            "`{written}` is no type; types are {}, and list(…) of one of them",
            TYPES.join(", ")
        ))
    })?;
    let preset = match unsafe { text(from.preset) }.map_err(inside)?.trim() {
        "" if from.optional != 0 => Preset::Optional,
        "" => Preset::Required,
        default => Preset::Text(default.to_owned()),
    };
    let range = match (from.low, from.high) {
        (0.0, 0.0) => None,
        (low, high) if low <= high => Some((low, high)),
        (low, high) => return Err(inside(format!("its range is {low} to {high}"))),
    };
    if let (Preset::Text(text), Type::Number | Type::Integer) = (&preset, &ty) {
        let number = text
            .parse::<f64>()
            .ok()
            .filter(|x| x.is_finite() && range.is_none_or(|(low, high)| (low..=high).contains(x)));
        if number.is_none() {
            return Err(inside(format!(
                "its default `{text}` is no {written} within its range"
            )));
        }
    }
    if let (Preset::Text(text), Type::Choice(words)) = (&preset, &ty)
        && !words.contains(&text.as_str())
    {
        return Err(inside(format!(
            "its default `{text}` is not one of {}",
            words.join(", ")
        )));
    }
    let doc = unsafe { given(from.doc, "its doc") }.map_err(inside)?;
    let param = Param {
        name: name.clone(),
        ty,
        preset,
        range,
        doc,
    };
    match default_error(&param) {
        None => Ok(param),
        Some(why) => Err(inside(format!("its default can't be: {why}"))),
    }
}

/// # Safety
/// What it leads to stays.
unsafe fn wanted(from: &abi::Input) -> Result<Input, String> {
    // SAFETY: the caller's, here and below
    let name = unsafe { word(from.name, "the name of an input")? };
    let written = unsafe { given(from.ty, "its type") }?;
    let ty = SampleType::parse(&written).ok_or_else(|| {
        format!(
            "input `{name}`: `{written}` is no type; types are {}",
            KINDS
        )
    })?;
    Ok(Input {
        name,
        ty,
        at_least: from.at_least.clamp(1, 1 << 20) as usize,
        or_list: from.or_list != 0,
        doc: unsafe { text(from.doc)? }.to_owned(),
    })
}

/// The entry of a task.
///
/// # Safety
/// What it leads to stays.
pub unsafe fn task(by: &By, task: abi::Task) -> Result<Spec, String> {
    let shared = Shared(task);
    let (builder, asked) = (by.clone(), by.clone());
    let mut exports: Vec<(String, String)> = Vec::new();
    // SAFETY: the caller's, here and below
    for part in unsafe { list(task.parts, task.part_count)? } {
        let name = unsafe { word(part.name, "the name of a part")? };
        let doc = unsafe { given(part.doc, &format!("the doc of the part `{name}`"))? };
        exports.push((name, doc));
    }
    let said = exports.clone();
    let make = Make::fallible_task(
        move |graph, args| build(&builder, &shared.get(), &said, graph, args),
        move |args, fields| augment(&asked, &shared.get(), args, fields),
    );
    // SAFETY: the caller's, here and below
    let mut spec = unsafe { common!(task).spec(Kind::Task, make)? };
    if task.build.is_none() {
        return Err(format!("task `{}` has no function `build`", spec.name));
    }
    for input in unsafe { list(task.inputs, task.input_count)? } {
        let input =
            unsafe { wanted(&input) }.map_err(|why| format!("task `{}`: {why}", spec.name))?;
        if spec.inputs.iter().any(|other| other.name == input.name) {
            return Err(format!(
                "task `{}`: it has two inputs `{}`",
                spec.name, input.name
            ));
        }
        spec.inputs.push(input);
    }
    for (i, (name, _)) in exports.iter().enumerate() {
        if exports[..i].iter().any(|(other, _)| other == name) {
            return Err(format!("task `{}`: it has two parts `{name}`", spec.name));
        }
    }
    spec.exports = exports;
    if spec.inputs.is_empty() {
        return Err(format!("task `{}` reads nothing from the batch", spec.name));
    }
    Ok(spec)
}

impl<T: Copy> Shared<T> {
    fn get(&self) -> T {
        self.0
    }
}

fn build(
    by: &By,
    task: &abi::Task,
    exports: &[(String, String)],
    graph: &mut Graph,
    args: &Args,
) -> Result<()> {
    let Some(build) = task.build else {
        return Ok(());
    };
    by.session(args)
        .run("build", Some(graph), |ctx| build(task.data, &HOST, ctx))?;
    if graph.objectives.is_empty() {
        return Err(Problem::new(
            Code::Plugin,
            format!("{} built a graph in which nothing is made small", by.plugin),
        )
        .help("its `build` must declare an objective"));
    }
    if let Some(why) = parts_error(exports, graph) {
        return Err(Problem::new(Code::Plugin, format!("{}: {why}", by.plugin)));
    }
    Ok(())
}

fn augment(by: &By, task: &abi::Task, args: &Args, fields: &Fields) -> Result<Option<String>> {
    let Some(augment) = task.augment else {
        return Ok(None);
    };
    let mut session = by.session(args);
    session.fields = fields
        .iter()
        .map(|(name, ty)| (name.clone(), ty.to_string()))
        .collect();
    let session = session.run("augment", None, |ctx| augment(task.data, &HOST, ctx))?;
    Ok((!session.answers.is_empty()).then(|| session.answers.join("\n")))
}

/// The entry of a transform.
///
/// # Safety
/// What it leads to stays.
pub unsafe fn transform(by: &By, transform: abi::Transform) -> Result<Spec, String> {
    let shared = Shared(transform);
    let (asked, maker) = (by.clone(), by.clone());
    // SAFETY: the caller's
    let name = unsafe { text(transform.name)? }.to_owned();
    let make = Make::transform(
        move |args, input| types(&asked, &shared.get(), args, input),
        move |args, input| made(&maker, &name, &shared.get(), args, input),
    );
    // SAFETY: the caller's
    let mut spec = unsafe { common!(transform).spec(Kind::Transform, make)? };
    if transform.whole_clips != 0 {
        spec.takes = Some(SampleType::CLIP);
    }
    if transform.types.is_none() || transform.apply.is_none() {
        return Err(format!(
            "transform `{}` has no function `types` or `apply`",
            spec.name
        ));
    }
    Ok(spec)
}

fn types(
    by: &By,
    transform: &abi::Transform,
    args: &Args,
    input: &SampleType,
) -> Result<Vec<SampleType>> {
    let Some(types) = transform.types else {
        return Ok(Vec::new());
    };
    crosses(by, input).map_err(|why| {
        let message = format!("`{input}` can't go to a transform of {}", by.plugin);
        Problem::new(Code::SampleType, message).note(why)
    })?;
    let text = input.to_string();
    let session = by
        .session(args)
        .run("types", None, |ctx| {
            types(transform.data, &HOST, ctx, Str::new(&text))
        })
        .map_err(|problem| match problem.code {
            Code::Plugin => Problem {
                code: Code::SampleType,
                ..problem
            },
            _ => problem,
        })?;
    session
        .answers
        .iter()
        .map(|answer| {
            let says = format!("{} says that it emits `{answer}`", by.plugin);
            let Some(promised) = SampleType::parse(answer) else {
                return Err(Problem::new(
                    Code::Plugin,
                    format!("{says}, which is no type"),
                ));
            };
            crosses(by, &promised).map_err(|why| Problem::new(Code::Plugin, says).note(why))?;
            let refused = |why| Problem::new(Code::SampleType, format!("{}: {why}", by.plugin));
            promised.back(input).map_err(refused)
        })
        .collect()
}

/// Whether values of a type go through a plugin's door; why they do not.
fn crosses(by: &By, ty: &SampleType) -> Result<(), String> {
    match ty.crosses() {
        None => {
            Err("Lists of lists and pairs of texts do not go through the door of plugins.".into())
        }
        Some(since) if since > by.minor => {
            let (major, minor) = (abi::MAJOR, by.minor);
            Err(format!(
                "It goes through the door of plugins since ABI {major}.{since}, and this one says that {major}.{minor} will do."
            ))
        }
        Some(_) => Ok(()),
    }
}

fn made(
    by: &By,
    name: &str,
    transform: &abi::Transform,
    args: &Args,
    input: &SampleType,
) -> Result<Box<dyn Transform>> {
    let promised = types(by, transform, args, input)?;
    let mut state = std::ptr::null_mut();
    if let Some(make) = transform.make {
        let text = input.to_string();
        by.session(args).run("make", None, |ctx| {
            make(transform.data, &HOST, ctx, Str::new(&text), &mut state)
        })?;
    }
    Ok(Box::new(Applied {
        name: name.to_owned(),
        made: Made {
            plugin: by.plugin.clone(),
            table: *transform,
            state,
        },
        promised,
    }))
}
