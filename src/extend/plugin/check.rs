//! What `pretext plugin check` does: everything a plugin exports is tried, in a process of its own, which may crash or hang.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Candidate, Library};
use crate::augment::Scratch;
use crate::catalog::{Catalog, Kind, Make, Problem, Result, Spec};
use crate::data::{Image, Philox, Places, Sample, SampleType};
use crate::graph::Graph;
use crate::language::checked::{SampleStep, Use};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Doors, Sources, check_using, render};
use crate::plan::{Body, Purpose};

/// Bytes of the longest line that a child's output may have.
const MAX_LINE: usize = 1 << 20;

/// One line of the child's output.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// What it is about to try.
    Trying(String),
    /// What the library says it is.
    Plugin {
        /// Its name.
        name: String,
        /// Its version.
        version: String,
        /// The ABI that it needs.
        abi: String,
        /// blake3 of its file.
        blake3: String,
    },
    /// What came of one entry.
    Entry(Tried),
    /// The library can't be used.
    Bad(String),
    /// Nothing is left to try.
    Done,
}

/// What came of one entry.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Tried {
    /// `task` or `transform`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its summary.
    pub summary: String,
    /// What was seen; of an entry that failed, why.
    pub found: String,
    /// Whether it is sound.
    pub sound: bool,
}

/// What became of a plugin that was checked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Its file.
    pub path: String,
    /// Its name, version, ABI and blake3, as far as it got.
    pub plugin: Option<(String, String, String, String)>,
    /// Its entries, as far as it got.
    pub entries: Vec<Tried>,
    /// Why it can't be used at all.
    pub failure: Option<String>,
}

impl Report {
    /// Whether all of it is sound.
    pub fn sound(&self) -> bool {
        self.failure.is_none() && self.entries.iter().all(|entry| entry.sound)
    }
}

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
/// a process of its own.
pub fn inspect(path: &Path, build: bool, say: &mut dyn FnMut(Line)) {
    say(Line::Trying("it was loaded".into()));
    let library = match Candidate::read(path).and_then(Candidate::load) {
        Ok(library) => library,
        Err(problem) => return say(Line::Bad(told(&problem))),
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
            (true, _) => transform(library, spec),
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

fn told(problem: &Problem) -> String {
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
        Body::Pretext(training) if training.task.spec.name == spec.name => Some(&training.graph),
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

/// Makes the transform that its example calls for pictures of two kinds, and applies it to some.
fn transform(library: &Library, spec: &Spec) -> Result<String, String> {
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
    for [channels, height, width] in [[3, 32, 32], [1, 28, 28], [3, 96, 96]] {
        let input = SampleType::image(channels, height, width);
        let promised = match types(&call.args, &input) {
            Ok(promised) => promised,
            Err(problem) => {
                refused = told(&problem);
                continue;
            }
        };
        let transform = make(&call.args, &input).map_err(|problem| told(&problem))?;
        let mut scratch = Scratch::default();
        let mut out = Vec::new();
        const TIMES: u32 = 256;
        let began = Instant::now();
        for sample in 0..TIMES {
            let mut rng = Philox::new(0, &[u64::from(sample)]);
            let pixels = (0..channels * height * width)
                .map(|_| rng.next_u32() as u8)
                .collect();
            let picture = Sample::Image(Image::new(pixels, height, width, channels));
            transform
                .apply(picture, &mut rng, &mut scratch, &mut out)
                .map_err(|error| error.message)?;
            for sample in out.drain(..) {
                scratch.recycle(sample);
            }
        }
        let each = began.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES);
        let promised: Vec<String> = promised.iter().map(SampleType::to_string).collect();
        found.push(format!(
            "{input} -> {} in {each:.0} µs",
            promised.join(", ")
        ));
    }
    match found.is_empty() {
        true => Err(format!(
            "it takes no picture that it was tried with: {refused}"
        )),
        false => Ok(found.join("; ")),
    }
}

/// Runs `inspect` in a child process, which `command` starts. A step that takes longer than `limit` ends it.
pub fn in_child(path: &Path, mut command: Command, limit: Duration) -> std::io::Result<Report> {
    let mut report = Report {
        path: path.display().to_string(),
        ..Report::default()
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (sender, lines) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut out = BufReader::new(out);
            while let Some(text) = next_line(&mut out) {
                if let Ok(line) = serde_json::from_slice::<Line>(&text)
                    && sender.send(line).is_err()
                {
                    break;
                }
            }
        });
    }
    let errors = child.stderr.take().map(|mut err| {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let mut block = [0; 4096];
            // read to its end, or the child would wait; only the last of it is kept
            while let Ok(n @ 1..) = err.read(&mut block) {
                text.extend_from_slice(&block[..n]);
                text.drain(..text.len().saturating_sub(1 << 16));
            }
            String::from_utf8_lossy(&text).into_owned()
        })
    });
    let mut trying = "it started".to_owned();
    let (mut tried, mut done) = (0, false);
    loop {
        match lines.recv_timeout(limit) {
            Ok(Line::Trying(what)) => {
                trying = what;
                tried += 1;
            }
            Ok(Line::Plugin {
                name,
                version,
                abi,
                blake3,
            }) => report.plugin = Some((name, version, abi, blake3)),
            Ok(Line::Entry(tried)) => report.entries.push(tried),
            Ok(Line::Bad(why)) => report.failure = Some(why),
            Ok(Line::Done) => done = true,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                child.kill()?;
                child.wait()?;
                report.failure = Some(format!(
                    "it did not return within {} s and was ended while {trying}",
                    limit.as_secs_f64()
                ));
                return Ok(report);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = ended(&mut child, limit)?;
    // loading is the first thing that is tried, each entry another
    let missing = done && report.entries.len() + 1 != tried;
    if report.failure.is_none() && missing {
        report.failure = Some(format!(
            "it told of {} of its {} entries; does it write to standard output?",
            report.entries.len(),
            tried.saturating_sub(1)
        ));
    }
    if done {
        trying = "the process ended".into();
    }
    if report.failure.is_none() && (!done || !status.success()) {
        let said = errors
            .and_then(|thread| thread.join().ok())
            .unwrap_or_default();
        let told = |line: &&str| !line.is_empty() && !line.starts_with("note:");
        let last = said.lines().map(str::trim).rfind(told);
        let last = last.map_or(String::new(), |line| format!(": {line}"));
        report.failure = Some(format!(
            "it crashed ({}) while {trying}{last}",
            shown(status)
        ));
    }
    Ok(report)
}

/// The next line without its end; `None` at the end of the output. What a plugin writes without an end is not kept.
fn next_line(out: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        let block = out.fill_buf().ok().filter(|block| !block.is_empty())?;
        let end = block.iter().position(|byte| *byte == b'\n');
        let part = &block[..end.unwrap_or(block.len())];
        if line.len() + part.len() <= MAX_LINE {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        out.consume(used);
        if end.is_some() {
            return Some(line);
        }
    }
}

/// Waits for a child whose output has ended.
fn ended(child: &mut Child, limit: Duration) -> std::io::Result<ExitStatus> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if began.elapsed() > limit {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn shown(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            let name = match signal {
                4 => "illegal instruction",
                6 => "aborted",
                7 => "bus error",
                8 => "arithmetic",
                11 => "memory that is not its own",
                _ => "by a signal",
            };
            return format!("signal {signal}, {name}");
        }
    }
    match status.code() {
        Some(code) => format!("exit code {code}"),
        None => "without an exit code".into(),
    }
}
