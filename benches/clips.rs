//! Clips of films through the loader: 16 frames of 64 pixels each, cropped and normalised, frames per second with two workers, against PyAV
//! and torchvision v2 in PyTorch's DataLoader.
//!
//! ```text
//! cargo bench --bench clips -- FOLDER --python python      # a folder of films; needs ffmpeg where they are H.264 and the like
//! ```
//!
//! Without `--python` only our side is measured. With it both sides take turns, five rounds each, and the medians are compared. The first
//! epoch, which decodes into the cache, is measured once and by itself (`fetch`); the rate is that of later ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pretext::augment::{SampleGraph, compile, specs};
use pretext::catalog::{
    Args, Argument, Call, Data, DataSource, Origin, Preset, Spec, Split, Value,
};
use pretext::data::{
    Dataset, Fields, Loader, LoaderOptions, Normalization, Places, Silent, Source, open,
};
use pretext::language::Span;
use pretext::language::checked::{Augment, Emit, SampleExpr, SampleHead, SampleStep};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FRAMES: usize = 16;
const SIDE: f64 = 64.0;
const BATCH: usize = 16;
const WORKERS: usize = 2;
const ROUNDS: usize = 5;

/// A default as a recipe would write it.
fn literal(text: &str) -> Value {
    if let Some(pixels) = text.strip_suffix("px").and_then(|n| n.parse().ok()) {
        return Value::Length(pixels);
    }
    match (text.strip_prefix('"'), text.parse()) {
        (Some(text), _) => Value::Text(text.trim_end_matches('"').into()),
        (None, Ok(n)) => Value::Integer(n),
        (None, Err(_)) => Value::Word(text.into()),
    }
}

fn call(spec: Spec, given: &[(&str, Value)]) -> Call {
    let mut args = Args {
        of: spec.name.clone(),
        ..Args::default()
    };
    for param in &spec.params {
        let written = given.iter().find(|(name, _)| *name == param.name);
        let value = match (written, &param.preset) {
            (Some((_, value)), _) => value.clone(),
            (None, Preset::Text(text)) => literal(text),
            (None, _) => continue,
        };
        let argument = Argument {
            value,
            span: Span::default(),
            origin: Origin::Written,
        };
        args.values.insert(param.name.clone(), argument);
    }
    Call {
        args,
        spec: Arc::new(spec),
        span: Span::default(),
        name_span: Span::default(),
    }
}

fn films(folder: &Path) -> Result<Arc<dyn Dataset>, Box<dyn std::error::Error>> {
    let spec = pretext::data::specs()
        .into_iter()
        .find(|spec| spec.name == "video_folder");
    let given = [
        ("name", Value::Text("films".into())),
        ("side", Value::Length(SIDE)),
        ("frames", Value::Integer(FRAMES as i64)),
        ("labels", Value::Word("none".into())),
    ];
    let data = Data {
        source: DataSource::Call(call(spec.ok_or("no `video_folder`")?, &given)),
        pipes: Vec::new(),
        span: Span::default(),
    };
    let places = Places {
        given: [("films".to_owned(), folder.to_owned())].into(),
        ..Places::default()
    };
    let found = open(&data, &BTreeMap::new(), &places);
    let Source::All(splits) = found.map_err(|problem| problem.message)? else {
        return Err("one split".into());
    };
    let train = splits.parts.get(&Split::Train).ok_or("no train split")?;
    Ok(train.clone())
}

/// `clip |> random_crop(64px) |> normalize()`
fn crops(fields: &Fields) -> SampleGraph {
    let step = |name: &str, given: &[(&str, Value)]| {
        let spec = specs().into_iter().find(|spec| spec.name == name);
        SampleStep::Transform(call(spec.expect("a transform of the catalog"), given))
    };
    let steps = vec![
        step("random_crop", &[("size", Value::Length(SIDE))]),
        step("normalize", &[]),
    ];
    let emit = Emit {
        name: "clip".into(),
        name_span: Span::default(),
        value: SampleExpr {
            head: SampleHead::Name("clip".into(), Span::default()),
            steps,
            repeat: None,
            span: Span::default(),
        },
    };
    let augment = Augment {
        name: "crops".into(),
        name_span: Span::default(),
        parameters: vec![("clip".into(), Span::default())],
        bindings: Vec::new(),
        emits: vec![emit],
    };
    let statistics = Normalization {
        mean: vec![0.43, 0.40, 0.38],
        std: vec![0.22, 0.22, 0.22],
    };
    compile(&augment, &[], fields, Some(&statistics))
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Frames per second.
fn ours(data: &Arc<dyn Dataset>, time: Duration) -> Result<f64, Box<dyn std::error::Error>> {
    let graph = Arc::new(crops(data.fields()));
    let options = LoaderOptions::training(BATCH.min(data.len()), 1, WORKERS);
    let mut loader = Loader::new(data.clone(), graph, options)?;
    let mut next = || -> Result<usize, Box<dyn std::error::Error>> {
        let batch = loader.next().ok_or("the loader ended")??;
        let clips = batch.size;
        std::hint::black_box(&batch);
        loader.recycle(batch);
        Ok(clips * FRAMES)
    };
    for _ in 0..8 {
        next()?;
    }
    let (start, mut frames) = (Instant::now(), 0);
    while start.elapsed() < time {
        frames += next()?;
    }
    Ok(frames as f64 / start.elapsed().as_secs_f64())
}

/// What the peer prints after `frames_per_s`.
fn theirs(python: &str, folder: &Path) -> Result<f64, Box<dyn std::error::Error>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/clips_pyav.py");
    let output = Command::new(python)
        .arg(script)
        .arg(folder)
        .args(["--seconds", "8"])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word != "frames_per_s");
    let number = words.nth(1).ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        format!("the peer failed: {said}")
    })?;
    Ok(number.parse()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let Some(folder) = arguments.first() else {
        eprintln!(
            "usage: cargo bench --bench clips -- FOLDER [--python PYTHON] (see benches/clips.rs)"
        );
        return ExitCode::SUCCESS;
    };
    let python = arguments.iter().position(|a| a == "--python");
    let python = python.and_then(|i| arguments.get(i + 1));
    match run(Path::new(folder), python.map(String::as_str)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, python: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
    let data = films(folder)?;
    let start = Instant::now();
    data.fetch(&Silent)?;
    println!(
        "{} clips of {FRAMES} frames; into the cache, or found there, in {:.2} s",
        data.len(),
        start.elapsed().as_secs_f64()
    );
    let mut rates: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        let rate = ours(&data, Duration::from_secs(3))?;
        println!("pretext {rate:.0} frames/s");
        rates[0].push(rate);
        let Some(python) = python else { continue };
        let rate = theirs(python, folder)?;
        println!("PyAV and torchvision {rate:.0} frames/s");
        rates[1].push(rate);
    }
    if python.is_some() {
        let [ours, theirs] = rates.map(median);
        println!(
            "median {ours:.0} frames/s; {:.2} times PyAV and torchvision ({theirs:.0})",
            ours / theirs
        );
    }
    Ok(())
}
