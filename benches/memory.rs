//! Predicted against measured peak memory, for every shipped recipe: `cargo bench --bench memory [-- RECIPE…]`.
//!
//! Each recipe is planned, then run for a few steps of each training stage in a process of its own whose peak (`VmHWM`) is
//! read. Batches and data are the recipe's own; where one step would not fit into this machine the batch is made smaller, for
//! both, and the line says so. Needs Linux. Ends with an error where a prediction is off by more than 20%.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How far a prediction may be from what was measured.
const WITHIN: f64 = 0.20;
/// Largest prediction that is tried out here.
const LARGEST: f64 = 12.0 * (1u64 << 30) as f64;
/// Longest run of one recipe.
const PATIENCE: Duration = Duration::from_secs(400);

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let mut recipes: Vec<PathBuf> = std::fs::read_dir(root.join("recipes"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "ssl"))
        .filter(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            wanted.is_empty() || wanted.iter().any(|w| *w == name)
        })
        .collect();
    recipes.sort();
    println!(
        "{:<28}{:>12}{:>12}{:>9}",
        "recipe", "predicted", "measured", "ratio"
    );
    let mut good = true;
    for recipe in recipes {
        let name = recipe
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match compare(&recipe) {
            Ok((predicted, measured, note)) => {
                let ratio = predicted / measured;
                let fits = (ratio - 1.0).abs() <= WITHIN;
                good &= fits;
                println!(
                    "{name:<28}{:>8.0} MiB{:>8.0} MiB{ratio:>9.3}{}{note}",
                    mib(predicted),
                    mib(measured),
                    if fits { "" } else { "  OFF" }
                );
            }
            Err(why) => println!("{name:<28}not measured: {why}"),
        }
    }
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn mib(bytes: f64) -> f64 {
    bytes / f64::from(1 << 20)
}

/// The recipe's own data where the environment names it: `PRETEXT_BENCH_DATA="cifar10=/data/cifar10"`.
fn data() -> Vec<String> {
    let text = std::env::var("PRETEXT_BENCH_DATA").unwrap_or_default();
    text.split_whitespace()
        .flat_map(|pair| ["--data".to_owned(), pair.to_owned()])
        .collect()
}

fn plan(recipe: &Path, set: &[String]) -> Result<Value, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_pretext"))
        .args(["plan", "--json", "--offline"])
        .arg(recipe)
        .args(data())
        .args(set)
        .output()
        .map_err(|e| e.to_string())?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(text
            .lines()
            .find(|l| l.starts_with("error"))
            .unwrap_or("no plan")
            .to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|e| e.to_string())
}

/// Predicted and measured bytes, and what to know about them.
fn compare(recipe: &Path) -> Result<(f64, f64, String), String> {
    let mut set: Vec<String> = Vec::new();
    let mut note = String::new();
    let whole = plan(recipe, &[])?;
    if whole["memory"]
        .as_f64()
        .is_some_and(|bytes| bytes > LARGEST)
    {
        for stage in whole["stages"].as_array().into_iter().flatten() {
            if let (Some(name), Some(true)) = (
                stage["stage"].as_str(),
                stage["what"]
                    .as_str()
                    .map(|what| what.starts_with("pretext")),
            ) {
                set.extend(["--set".to_owned(), format!("{name}.batch=32")]);
            }
        }
        note = format!(
            "  (batch 32; as it is written: {:.1} GiB predicted)",
            whole["memory"].as_f64().unwrap_or(0.0) / f64::from(1 << 30)
        );
    }
    let planned = plan(recipe, &set)?;
    for stage in planned["stages"].as_array().into_iter().flatten() {
        if stage["steps"].as_u64().is_some_and(|steps| steps > 3)
            && let Some(name) = stage["stage"].as_str()
        {
            set.extend(["--set".to_owned(), format!("{name}.length=3 steps")]);
        }
    }
    let out = std::env::temp_dir().join(format!("pretext-memory-{}", std::process::id()));
    let measured = peak(
        Command::new(env!("CARGO_BIN_EXE_pretext"))
            .args(["run", "--quiet", "--offline", "--out"])
            .arg(&out)
            .arg(recipe)
            .args(data())
            .args(&set),
    );
    let _ = std::fs::remove_dir_all(&out);
    Ok((planned["memory"].as_f64().unwrap_or(0.0), measured?, note))
}

/// Runs a command and reads the most memory that it ever held.
fn peak(command: &mut Command) -> Result<f64, String> {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| e.to_string())?;
    let status = format!("/proc/{}/status", child.id());
    let began = std::time::Instant::now();
    let mut most = 0.0f64;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.split_whitespace().next()?.parse::<f64>().ok());
        most = most.max(kib.unwrap_or(0.0) * 1024.0);
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(code) if code.success() => break,
            Some(code) => return Err(format!("the run ended with {code}")),
            None if began.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(most);
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    if most > 0.0 {
        Ok(most)
    } else {
        Err("no /proc here".into())
    }
}
