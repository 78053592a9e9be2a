//! Loader throughput: JPEG decode and two SimCLR views, images per second with two workers, against torchvision v2.
//!
//! ```text
//! python benches/peers/loader_torchvision.py prepare cifar10/train.parquet /tmp/pictures
//! cargo bench --bench loader -- /tmp/pictures --python python
//! ```
//!
//! Without `--python` only our side is measured. With it both sides take turns, five rounds each, and the medians are
//! compared. An image is one file, two views.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pretext::augment::{SampleGraph, compile, specs};
use pretext::catalog::{Args, Argument, Call, Origin, Value};
use pretext::data::{
    DataError, Dataset, Draws, Fields, Image, ImageType, Loader, LoaderOptions, Normalization,
    Progress, Record, Sample,
};
use pretext::language::Span;
use pretext::language::checked::{Augment, Emit, SampleExpr, SampleHead, SampleStep};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Samples per batch at 32 and at 224 pixels.
const BATCHES: [usize; 2] = [64, 16];
const WORKERS: usize = 2;
const ROUNDS: usize = 5;

fn batch(size: usize) -> usize {
    BATCHES[usize::from(size > 32)]
}

/// A folder of JPEG files.
struct Files {
    paths: Vec<PathBuf>,
    fields: Fields,
}

impl Files {
    fn open(folder: &Path) -> std::io::Result<Self> {
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            paths.push(entry?.path());
        }
        paths.sort();
        let ty = ImageType {
            channels: Some(3),
            height: None,
            width: None,
        };
        Ok(Self {
            paths,
            fields: vec![("image".into(), ty.into())],
        })
    }
}

impl Dataset for Files {
    fn fields(&self) -> &Fields {
        &self.fields
    }
    fn len(&self) -> usize {
        self.paths.len()
    }
    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        let error = |message: String| DataError {
            message,
            help: None,
        };
        let bytes = std::fs::read(&self.paths[index]).map_err(|e| error(e.to_string()))?;
        let picture = image::load_from_memory(&bytes).map_err(|e| error(e.to_string()))?;
        let rgb = picture.into_rgb8();
        let (width, height) = (rgb.width() as usize, rgb.height() as usize);
        Ok(vec![Sample::Image(Image::new(
            rgb.into_raw(),
            height,
            width,
            3,
        ))])
    }
    fn class(&self, _: usize) -> Result<Option<u32>, DataError> {
        Ok(None)
    }
    fn manifest(&self, _: &dyn Progress) -> Result<String, DataError> {
        Ok(String::new())
    }
}

fn step(name: &str, arguments: &[(&str, Value)]) -> SampleStep {
    let spec = specs().into_iter().find(|spec| spec.name == name);
    let spec = spec.expect("a transform of the catalog");
    let argument = |(name, value): &(&str, Value)| {
        let argument = Argument {
            value: value.clone(),
            span: Span::default(),
            origin: Origin::Written,
        };
        ((*name).to_owned(), argument)
    };
    SampleStep::Transform(Call {
        args: Args {
            of: name.into(),
            values: arguments.iter().map(argument).collect(),
        },
        spec: Arc::new(spec),
        span: Span::default(),
        name_span: Span::default(),
    })
}

/// SimCLR's views: half the colour strength and no blur at 32 pixels, as the paper has it for CIFAR-10.
fn views(size: usize, fields: &Fields) -> SampleGraph {
    let small = size == 32;
    let strength = if small { 0.5 } else { 1.0 };
    let lowest = if small { 0.2 } else { 0.08 };
    let mut steps = vec![
        step(
            "random_resized_crop",
            &[
                ("size", Value::Length(size as f64)),
                ("scale", Value::Range(lowest, 1.0)),
                ("ratio", Value::Range(0.75, 4.0 / 3.0)),
            ],
        ),
        step("hflip", &[("chance", Value::Ratio(0.5))]),
        step(
            "color_jitter",
            &[
                ("brightness", Value::Number(0.8 * strength)),
                ("contrast", Value::Number(0.8 * strength)),
                ("saturation", Value::Number(0.8 * strength)),
                ("hue", Value::Number(0.2 * strength)),
                ("chance", Value::Ratio(0.8)),
            ],
        ),
        step("grayscale", &[("chance", Value::Ratio(0.2))]),
    ];
    if !small {
        steps.push(step(
            "gaussian_blur",
            &[
                ("kernel", Value::Length(23.0)),
                ("sigma", Value::Range(0.1, 2.0)),
                ("chance", Value::Ratio(0.5)),
            ],
        ));
    }
    steps.push(step("normalize", &[]));
    let emit = |name: &str| Emit {
        name: name.into(),
        name_span: Span::default(),
        value: SampleExpr {
            head: SampleHead::Name("image".into(), Span::default()),
            steps: steps.clone(),
            repeat: None,
            span: Span::default(),
        },
    };
    let pair = Augment {
        name: "pair".into(),
        name_span: Span::default(),
        parameters: vec![("image".into(), Span::default())],
        bindings: Vec::new(),
        emits: vec![emit("a"), emit("b")],
    };
    let statistics = Normalization {
        mean: vec![0.4914, 0.4822, 0.4465],
        std: vec![0.247, 0.2435, 0.2616],
    };
    compile(&pair, &[], fields, Some(&statistics)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Processor time of this process, in seconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .filter_map(|t| t.parse::<f64>().ok())
        .sum();
    ticks / 100.0
}

/// Images per second, and processor milliseconds per image.
fn ours(
    folder: &Path,
    size: usize,
    time: Duration,
) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let data = Files::open(folder)?;
    let graph = views(size, &data.fields);
    let options = LoaderOptions::training(batch(size), 1, WORKERS);
    let mut loader = Loader::new(Arc::new(data), Arc::new(graph), options)?;
    let mut next = || -> Result<usize, Box<dyn std::error::Error>> {
        let batch = loader.next().ok_or("the loader ended")??;
        let size = batch.size;
        std::hint::black_box(&batch);
        loader.recycle(batch);
        Ok(size)
    };
    for _ in 0..8 {
        next()?;
    }
    let (used, start, mut images) = (cpu(), Instant::now(), 0);
    while start.elapsed() < time {
        images += next()?;
    }
    let per_second = images as f64 / start.elapsed().as_secs_f64();
    Ok((per_second, 1e3 * (cpu() - used) / images as f64))
}

/// What the peer prints after `images_per_s`.
fn theirs(
    python: &str,
    folder: &Path,
    size: usize,
    backend: &str,
) -> Result<f64, Box<dyn std::error::Error>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/loader_torchvision.py");
    let output = Command::new(python)
        .arg(script)
        .arg("run")
        .arg(folder)
        .args([
            "--size",
            &size.to_string(),
            "--batch",
            &batch(size).to_string(),
        ])
        .args(["--seconds", "5", "--backend", backend])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text
        .split_whitespace()
        .skip_while(|word| *word != "images_per_s");
    let number = words.nth(1).ok_or_else(|| {
        format!(
            "the peer failed: {}",
            String::from_utf8_lossy(&output.stderr)
        )
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
            "usage: cargo bench --bench loader -- FOLDER [--python PYTHON] (see benches/loader.rs)"
        );
        return ExitCode::SUCCESS;
    };
    let python = arguments
        .iter()
        .position(|a| a == "--python")
        .and_then(|i| arguments.get(i + 1));
    match run(Path::new(folder), python.map(String::as_str)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, python: Option<&str>) -> Result<(), Box<dyn std::error::Error>> {
    for size in [32, 224] {
        let pictures = folder.join(size.to_string());
        let mut rates: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            let (rate, cpu) = ours(&pictures, size, Duration::from_secs(3))?;
            println!(
                "{size} px: pretext {rate:.0} images/s, {cpu:.3} ms of processor time per image"
            );
            rates[0].push(rate);
            let Some(python) = python else { continue };
            for (backend, rates) in ["pil", "tensor"].into_iter().zip(&mut rates[1..]) {
                let rate = theirs(python, &pictures, size, backend)?;
                println!("{size} px: torchvision on {backend} {rate:.0} images/s");
                rates.push(rate);
            }
        }
        if python.is_some() {
            let [ours, pil, tensor] = rates.map(median);
            println!(
                "{size} px: median {ours:.0} images/s; {:.2} times torchvision on PIL images ({pil:.0}), {:.2} times on tensors ({tensor:.0})",
                ours / pil,
                ours / tensor
            );
        }
    }
    Ok(())
}
