//! The process that tries a plugin: it loads it and calls all that it exports.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{Candidate, Library};
use super::report::{Line, Tried};
use crate::augment::Scratch;
use crate::catalog::{Catalog, Kind, Make, Problem, Result, Spec};
use crate::data::{Image, Philox, Pieces, Places, Sample, SampleType, Spelling};
use crate::graph::Graph;
use crate::language::checked::{SampleStep, Use};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Doors, Sources, check_using, render};
use crate::plan::{Body, Purpose};

/// How often it is told that calls come back.
const OFTEN: Duration = Duration::from_millis(25);

/// The library's own entries, whatever a recipe says it uses.
struct Only<'a>(&'a Library);

impl Doors for Only<'_> {
    fn open(&mut self, used: &Use, _: &mut Sources) -> Result<Vec<Spec>, Vec<Diagnostic>> {
        if used.name.text == self.0.name {
            return Ok(self.0.specs.clone());
        }
        let message = format!("`{}` is not loaded for this check", used.name.text);
        Err(vec![Diagnostic::error(Code::Plugin, used.span, message)])
    }
}

/// Loads a plugin's file and tries all it exports, telling `say` before and after each step. Runs the plugin's code: meant for
/// a process of its own. With `blake3`, only this content is loaded.
pub fn inspect(path: &Path, build: bool, blake3: Option<&str>, say: &mut dyn FnMut(Line)) {
    say(Line::Trying("it was loaded".into()));
    let loaded = Candidate::read(path).map(|candidate| {
        let own = blake3::hash(candidate.bytes()).to_hex();
        let same = blake3.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&own));
        same.then(|| candidate.load())
    });
    let library = match loaded {
        Ok(Some(Ok(library))) => library,
        Ok(None) => {
            return say(Line::Bad(
                "it was not loaded: the file changed while it was looked at; try again".into(),
            ));
        }
        Ok(Some(Err(problem))) | Err(problem) => return say(Line::Bad(told(&problem))),
    };
    say(Line::Plugin {
        name: library.name.clone(),
        version: library.version.to_string(),
        abi: format!("{}.{}", library.abi.0, library.abi.1),
        blake3: library.hash.clone(),
    });
    for spec in &library.specs {
        say(Line::Trying(format!(
            "{} `{}` was tried",
            spec.kind.singular(),
            spec.name
        )));
        let tried = match (build, spec.kind) {
            (false, _) => Ok(String::new()),
            (true, Kind::Task) => task(library, spec),
            (true, _) => transform(library, spec, say),
        };
        let sound = tried.is_ok();
        say(Line::Entry(Tried {
            kind: spec.kind.singular().into(),
            name: spec.name.clone(),
            summary: spec.summary.clone(),
            found: tried.unwrap_or_else(|why| why),
            sound,
        }));
    }
    say(Line::Done);
}

/// A problem that is not one of a recipe, with what is to be said of it.
pub fn told(problem: &Problem) -> String {
    let mut out = problem.message.clone();
    for note in &problem.notes {
        out += &format!("\n  note: {note}");
    }
    for help in &problem.helps {
        out += &format!("\n  help: {help}");
    }
    out
}

/// A recipe checked with the library's entries.
fn checked(
    library: &Library,
    text: &str,
) -> Result<(crate::language::checked::Recipe, Catalog, Sources), String> {
    let mut sources = Sources::default();
    let file = sources.add("example.ssl", text);
    let mut catalog = Catalog::builtin();
    for spec in &library.specs {
        catalog.register(spec.clone());
    }
    let (recipe, diagnostics) =
        check_using(&mut sources, file, &mut catalog, &mut Only(library), &[]);
    match recipe {
        Some(recipe) => Ok((recipe, catalog, sources)),
        None => Err(all(&diagnostics, &sources)),
    }
}

fn all(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let texts: Vec<String> = diagnostics
        .iter()
        .map(|d| render(d, sources, false))
        .collect();
    texts.join("\n\n")
}

/// Plans the task's example, or a recipe on `shapes()` where its example is none.
fn task(library: &Library, spec: &Spec) -> Result<String, String> {
    let own = spec.example.trim_start().starts_with("ssl ");
    let text = match own {
        true => spec.example.clone(),
        false => format!(
            "ssl 1\n\nuse plugin \"{}\" version \"{}\"\n\ndataset figures = shapes()\n\npretext learnt = {}() {{\n  data    = figures.train\n  encoder = small_cnn()\n}}\n",
            library.name, library.version, spec.name
        ),
    };
    let (recipe, catalog, sources) = checked(library, &text)?;
    if recipe
        .stages
        .iter()
        .all(|stage| stage.call.spec.name != spec.name)
    {
        return Err("its example does not use it".into());
    }
    let places = Places {
        offline: true,
        ..Places::default()
    };
    let (plan, diagnostics) = crate::plan::plan(&recipe, &catalog, &places, Purpose::Check);
    let Some(plan) = plan else {
        return Err(all(&diagnostics, &sources));
    };
    let graph = plan.stages.iter().find_map(|stage| match &stage.body {
        Body::Train(training) if training.task.spec.name == spec.name => Some(&training.graph),
        _ => None,
    });
    let graph: &Graph = graph.ok_or("its example trains nothing with it")?;
    let objectives: Vec<&str> = graph
        .objectives
        .iter()
        .map(|named| named.name.as_str())
        .collect();
    Ok(format!(
        "{} nodes, made small: {}, graph {}",
        graph.nodes.len(),
        objectives.join(", "),
        &graph.hash()[..16]
    ))
}

/// Values that a transform is tried with.
struct Trial {
    ty: SampleType,
    make: Box<dyn Fn(&mut Philox) -> Sample>,
    /// Whether all take it that take anything like it.
    first: bool,
}

fn image(rng: &mut Philox, [channels, height, width]: [usize; 3]) -> Image {
    let pixels = (0..channels * height * width).map(|_| rng.next_u32() as u8);
    Image::new(pixels.collect(), height, width, channels)
}

/// Pictures of three kinds, then one of each other type.
fn tried() -> Vec<Trial> {
    let sizes = [[3, 32, 32], [1, 28, 28], [3, 96, 96]];
    let mut all: Vec<Trial> = sizes
        .map(|[c, h, w]| Trial {
            ty: SampleType::image(c, h, w),
            make: Box::new(move |rng| Sample::image(image(rng, [c, h, w]))),
            first: true,
        })
        .into();
    let mut other = |ty: &str, make: Box<dyn Fn(&mut Philox) -> Sample>| {
        let ty = SampleType::parse(ty);
        all.extend(ty.map(|ty| Trial {
            ty,
            make,
            first: false,
        }));
    };
    const WORDS: &str = "what has been learnt from words is tried with a few of them";
    let fitted = Pieces::fit(&mut [Ok(WORDS.into())].into_iter(), 64, Spelling::default());
    let pieces = fitted.and_then(|(bytes, _)| Pieces::open(&bytes));
    if let Ok(pieces) = pieces.map(Arc::new) {
        let n = pieces.len();
        let text = move |rng: &mut Philox| {
            let ids = (0..16).map(|_| rng.below(n as u32)).collect();
            Sample::tokens(ids, pieces.clone())
        };
        other(&format!("tokens[16] of {n}"), Box::new(text));
    }
    other(
        "clip[4, 3, 32, 32]",
        Box::new(|rng| Sample::clip((0..4).map(|_| image(rng, [3, 32, 32])).collect())),
    );
    other(
        "boxes[4, 4]",
        Box::new(|rng| {
            let place = |rng: &mut Philox| [0.0, 0.0, rng.uniform() * 32.0, rng.uniform() * 32.0];
            Sample::boxes((0..4).map(|_| place(rng)).collect())
        }),
    );
    other("text", Box::new(|_| Sample::text(WORDS)));
    other("label(10)", Box::new(|rng| Sample::label(rng.below(10))));
    other(
        "image[3, 32, 32] * 2",
        Box::new(|rng| {
            let pair = (0..2).map(|_| Sample::image(image(rng, [3, 32, 32])));
            Sample::list(pair.collect())
        }),
    );
    all
}

/// Makes the transform that its example calls, for pictures or for the first of the other types that it takes, and applies it to some.
fn transform(library: &Library, spec: &Spec, say: &mut dyn FnMut(Line)) -> Result<String, String> {
    // the limit is one of a call; to tell of each would take longer than many calls do
    let mut told_at = Instant::now();
    let mut going = || {
        if told_at.elapsed() > OFTEN {
            say(Line::Going);
            told_at = Instant::now();
        }
    };
    let text = format!(
        "ssl 1\n\naugment tried(image) {{\n  made = image |> {}\n  emit made\n}}\n",
        spec.example
    );
    let (recipe, ..) = checked(library, &text)?;
    let call = recipe
        .augments
        .first()
        .and_then(|augment| augment.bindings.first())
        .and_then(|binding| binding.value.steps.last())
        .and_then(|step| match step {
            SampleStep::Transform(call) if call.spec.name == spec.name => Some(call),
            _ => None,
        })
        .ok_or("its example does not call it")?;
    let Make::Transform { types, make } = &spec.make else {
        return Err("it is no transform".into());
    };
    let mut found = Vec::new();
    let mut refused = String::new();
    for one in tried() {
        // what is no picture is for those that take none
        if !one.first && !found.is_empty() {
            break;
        }
        let input = &one.ty;
        going();
        let promised = match types(&call.args, input) {
            Ok(promised) => promised,
            Err(problem) => {
                if refused.is_empty() {
                    refused = told(&problem);
                }
                continue;
            }
        };
        let transform = make(&call.args, input).map_err(|problem| told(&problem))?;
        let mut scratch = Scratch::default();
        let mut out = Vec::new();
        // a slow one is not called as often: nobody waits for minutes
        const TIMES: u32 = 256;
        const ENOUGH: Duration = Duration::from_secs(2);
        let (mut spent, mut times) = (Duration::ZERO, 0);
        while times < TIMES && (times < 8 || spent < ENOUGH) {
            going();
            let sample = times;
            let mut rng = Philox::new(0, &[u64::from(sample)]);
            let value = (one.make)(&mut rng);
            let began = Instant::now();
            transform
                .apply(value, &mut rng, &mut scratch, &mut out)
                .map_err(|error| error.message)?;
            spent += began.elapsed();
            times += 1;
            for sample in out.drain(..) {
                scratch.recycle(sample);
            }
        }
        let each = spent.as_secs_f64() * 1e6 / f64::from(times);
        let promised: Vec<String> = promised.iter().map(SampleType::to_string).collect();
        found.push(format!(
            "{input} -> {} in {each:.0} µs",
            promised.join(", ")
        ));
    }
    match found.is_empty() {
        true => Err(format!(
            "it takes nothing that it was tried with: {refused}"
        )),
        false => Ok(found.join("; ")),
    }
}
