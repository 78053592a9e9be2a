//! What `pretext plugin check` does: everything a plugin exports is tried, in a process of its own, which may crash or hang.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
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
/// Bytes of a child's complaints that are kept: the last ones.
const MAX_SAID: usize = 1 << 16;
/// Letters of the complaint that is told.
const MAX_REASON: usize = 400;
/// How often it is looked whether a child is still there.
const LOOK: Duration = Duration::from_millis(50);

/// One line of the child's output.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// What it is about to try.
    Trying(String),
    /// A call has come back, and the next one of the same kind begins.
    Going,
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
    /// Whether it got to the end, with an answer to all that was tried.
    #[serde(skip)]
    pub finished: bool,
}

impl Report {
    /// Whether all of it is sound.
    pub fn sound(&self) -> bool {
        self.finished
            && self.failure.is_none()
            && self.plugin.is_some()
            && !self.entries.is_empty()
            && self.entries.iter().all(|entry| entry.sound)
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
fn transform(library: &Library, spec: &Spec, say: &mut dyn FnMut(Line)) -> Result<String, String> {
    // the limit is one of a call; to tell of each would take longer than many calls do
    let mut told_at = Instant::now();
    let mut going = || {
        if told_at.elapsed() > LOOK / 2 {
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
    for [channels, height, width] in [[3, 32, 32], [1, 28, 28], [3, 96, 96]] {
        let input = SampleType::image(channels, height, width);
        going();
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
        // a slow one is not called as often: nobody waits for minutes
        const TIMES: u32 = 256;
        const ENOUGH: Duration = Duration::from_secs(2);
        let (mut spent, mut times) = (Duration::ZERO, 0);
        while times < TIMES && (times < 8 || spent < ENOUGH) {
            going();
            let sample = times;
            let mut rng = Philox::new(0, &[u64::from(sample)]);
            let pixels = (0..channels * height * width)
                .map(|_| rng.next_u32() as u8)
                .collect();
            let picture = Sample::image(Image::new(pixels, height, width, channels));
            let began = Instant::now();
            transform
                .apply(picture, &mut rng, &mut scratch, &mut out)
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
            "it takes no picture that it was tried with: {refused}"
        )),
        false => Ok(found.join("; ")),
    }
}

/// Tries a library in a process of its own, `pretext plugin inspect`; with `blake3`, only if it still has this content. With `build`
/// all that it exports is tried too. A step that takes longer than `limit` ends it.
///
/// # Errors
/// The process can't be started.
pub fn apart(
    file: &Path,
    build: bool,
    blake3: Option<&str>,
    limit: Duration,
) -> std::io::Result<Report> {
    let mut command = super::worker::apart(Command::new(std::env::current_exe()?));
    command.args(["plugin", "inspect"]);
    if build {
        command.arg("--build");
    }
    if let Some(blake3) = blake3 {
        command.args(["--blake3", blake3]);
    }
    // a file's name may begin with a dash
    command.arg("--").arg(file);
    // what is told of a crash is its reason, not its way there
    command.env("RUST_BACKTRACE", "0");
    in_child(file, command, limit)
}

/// Runs `inspect` in a child process, which `command` starts. A step that takes longer than `limit` ends it.
fn in_child(path: &Path, mut command: Command, limit: Duration) -> std::io::Result<Report> {
    let mut report = Report {
        path: path.display().to_string(),
        ..Report::default()
    };
    let mut child = command
        // the child ends where this pipe does: with this process at the latest
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    // held until nothing is wanted of the child: to wait for it would close it
    let _lifeline = child.stdin.take();
    let lines = child.stdout.take().map(listen).transpose()?;
    let complaints = child.stderr.take().map(Complaints::of).transpose()?;
    let followed = match lines {
        Some(lines) => follow(&mut report, &mut child, &lines, limit)?,
        None => Followed::default(),
    };
    if let Some(failure) = ended(&mut child, &followed, limit)? {
        report.failure.get_or_insert_with(|| {
            let reason = complaints.and_then(Complaints::reason);
            reason.map_or(failure.clone(), |reason| format!("{failure}: {reason}"))
        });
    }
    if report.failure.is_none() && followed.done && !followed.answered {
        report.failure = Some(
            "it did not answer to all that was tried; does it write to standard output?".into(),
        );
    }
    report.finished = followed.done && followed.answered;
    Ok(report)
}

/// How far a child got.
#[derive(Default)]
struct Followed {
    /// What it tried last.
    trying: String,
    /// Whether it said that nothing is left.
    done: bool,
    /// Whether all that was tried has its answer.
    answered: bool,
    /// Whether it has said why the library can't be used.
    bad: bool,
    /// Whether it kept silent for too long.
    silent: bool,
}

/// Hears a child out, as long as it says something in time.
fn follow(
    report: &mut Report,
    child: &mut Child,
    lines: &mpsc::Receiver<Line>,
    limit: Duration,
) -> std::io::Result<Followed> {
    let mut followed = Followed {
        trying: "it started".into(),
        answered: true,
        ..Followed::default()
    };
    let (mut open, mut gone) = (false, false);
    let mut heard = Instant::now();
    loop {
        match lines.recv_timeout(LOOK.min(limit)) {
            Ok(line) => {
                heard = Instant::now();
                match line {
                    Line::Trying(what) => {
                        followed.answered &= !open;
                        followed.trying = what;
                        open = true;
                    }
                    Line::Going => {}
                    Line::Plugin {
                        name,
                        version,
                        abi,
                        blake3,
                    } => {
                        report.plugin = Some((name, version, abi, blake3));
                        open = false;
                    }
                    Line::Entry(tried) => {
                        followed.answered &= open;
                        report.entries.push(tried);
                        open = false;
                    }
                    Line::Bad(why) => {
                        report.failure = Some(why);
                        followed.bad = true;
                        break;
                    }
                    Line::Done => {
                        followed.done = true;
                        break;
                    }
                }
            }
            // a process that the plugin started may keep the pipe open: what counts is the child
            Err(mpsc::RecvTimeoutError::Timeout) if gone => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                gone = child.try_wait()?.is_some();
                if !gone && heard.elapsed() >= limit {
                    followed.silent = true;
                    break;
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    followed.answered &= !open;
    Ok(followed)
}

/// What a child says, read by a thread of its own: the child never waits for us.
fn listen(out: ChildStdout) -> std::io::Result<mpsc::Receiver<Line>> {
    let (sender, lines) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        let mut out = BufReader::new(out);
        while let Some(text) = next_line(&mut out) {
            // where the plugin shares the stream, its own words are in between
            if let Ok(line) = serde_json::from_slice::<Line>(&text) {
                // nobody may listen any more; it is read to its end, or the child would wait
                let _ = sender.send(line);
            }
        }
    })?;
    Ok(lines)
}

/// The last of what a child complains about.
struct Complaints {
    kept: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Complaints {
    fn of(mut from: ChildStderr) -> std::io::Result<Self> {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keeping = Arc::clone(&kept);
        let thread = std::thread::Builder::new().spawn(move || {
            let mut block = [0; 4096];
            loop {
                // read to its end, or the child would wait
                let n = match from.read(&mut block) {
                    Ok(0) => return,
                    Ok(n) => n,
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                    Err(_) => return,
                };
                let mut kept = keeping.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&block[..n]);
                if kept.len() > 2 * MAX_SAID {
                    let old = kept.len() - MAX_SAID;
                    kept.drain(..old);
                }
            }
        })?;
        Ok(Self { kept, thread })
    }

    /// The last line that says something, for a child that has ended.
    fn reason(self) -> Option<String> {
        // a process that the plugin started may hold the stream open: it is not waited for
        let began = Instant::now();
        while !self.thread.is_finished() && began.elapsed() < 4 * LOOK {
            std::thread::sleep(LOOK / 10);
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        reason(&String::from_utf8_lossy(&kept))
    }
}

/// The last line that says why, among notes, advice and what was on the stack.
fn reason(said: &str) -> Option<String> {
    let beside = |line: &str| {
        let first = line.split([':', ' ']).next().unwrap_or_default();
        let frame = !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit());
        let advice = ["note:", "help:", "= note:", "= help:", "stack backtrace:"];
        line.is_empty()
            || advice.iter().any(|begin| line.starts_with(begin))
            || frame && line[first.len()..].starts_with(": ")
            || line.starts_with("at ") && line.contains(".rs:")
    };
    let line = said.lines().map(str::trim).rfind(|line| !beside(line))?;
    Some(line.chars().take(MAX_REASON).collect())
}

/// The next line without its end; `None` at the end of the output. What a plugin writes without an end is not kept.
pub(super) fn next_line(out: &mut impl BufRead) -> Option<Vec<u8>> {
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

/// Waits for a child that has nothing more to say, and ends one that does not end by itself. Why it is not sound, if so.
fn ended(
    child: &mut Child,
    followed: &Followed,
    limit: Duration,
) -> std::io::Result<Option<String>> {
    let seconds = limit.as_secs_f64();
    let trying = &followed.trying;
    // what runs at a process's end starts now
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if followed.silent || began.elapsed() >= limit.max(LOOK) {
            child.kill()?;
            child.wait()?;
            return Ok(Some(match followed.done {
                true => format!("all was tried, but its process did not end within {seconds} s"),
                false => {
                    format!("it did not return within {seconds} s and was ended while {trying}")
                }
            }));
        }
        std::thread::sleep(LOOK / 10);
    };
    if status.success() && (followed.done || followed.bad) {
        return Ok(None);
    }
    let how = shown(status);
    Ok(Some(match (followed.done, status.code()) {
        (true, Some(_)) => format!("its process ended with {how} after all was tried"),
        (true, None) => format!("it crashed ({how}) while the process ended, after all was tried"),
        (false, Some(_)) => format!("it ended its process ({how}) while {trying}"),
        (false, None) => format!("it crashed ({how}) while {trying}"),
    }))
}

pub(super) fn shown(status: ExitStatus) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let long = "x".repeat(MAX_LINE + 10);
        let text = format!("{long}\nshort\nno end");
        let mut out = BufReader::new(text.as_bytes());
        assert!(next_line(&mut out).is_some_and(|line| line.len() <= MAX_LINE));
        assert_eq!(next_line(&mut out).as_deref(), Some(&b"short"[..]));
        assert_eq!(next_line(&mut out), None);
    }

    #[test]
    fn the_reason_is_not_the_backtrace() {
        let said = "one\nthread 'main' panicked at src/lib.rs:7:5:\nout of cheese\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/x/library/std/src/panicking.rs:1:5\n  12: main\nnote: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.\n";
        assert_eq!(reason(said).as_deref(), Some("out of cheese"));
        assert_eq!(
            reason("error: 3: it\n  = help: none\n").as_deref(),
            Some("error: 3: it")
        );
        assert_eq!(reason("\n\nnote: nothing\n"), None);
    }

    #[test]
    fn nothing_that_is_missing_is_sound() {
        let entry = Tried {
            kind: "task".into(),
            name: "a".into(),
            summary: String::new(),
            found: String::new(),
            sound: true,
        };
        let whole = Report {
            plugin: Some(Default::default()),
            entries: vec![entry],
            finished: true,
            ..Report::default()
        };
        assert!(whole.sound());
        for report in [
            Report {
                finished: false,
                ..whole.clone()
            },
            Report {
                entries: Vec::new(),
                ..whole.clone()
            },
            Report {
                plugin: None,
                ..whole.clone()
            },
            Report {
                failure: Some("late".into()),
                ..whole.clone()
            },
        ] {
            assert!(!report.sound(), "{report:?}");
        }
    }
}
