//! Recipes in `tests/ui` and what `pretext check` says of their text, exactly.
//!
//! Beside each `NAME.ssl` stands `NAME.txt`. `PRETEXT_BLESS=1 cargo test --release --test ui` writes them anew; read the
//! difference before it is committed.

use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};

#[path = "support/mod.rs"]
mod support;

use support::Test;

fn main() {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut recipes = Vec::new();
    collect(&folder, &mut recipes);
    recipes.sort();
    let trials = recipes
        .into_iter()
        .map(|path| {
            let name = path
                .strip_prefix(&folder)
                .unwrap_or(&path)
                .with_extension("");
            Trial::test(name.to_string_lossy().replace('\\', "/"), move || {
                run(&path)
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "ssl") {
            into.push(path);
        }
    }
}

fn run(path: &Path) -> Result<(), Failed> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut test = Test::new().file(&name, std::fs::read(path)?);
    // with these Fashion-MNIST is there, on every machine
    for (file, bytes) in FASHION.get_or_init(fashion) {
        test = test.file(&format!("data/fashion_mnist/{file}-ubyte.gz"), bytes);
    }
    // what recipes of this folder use
    for entry in std::fs::read_dir(path.parent().unwrap_or(path))?.flatten() {
        let used = |ending: &std::ffi::OsStr| {
            ["rhai", "csv", "text", "json"]
                .iter()
                .any(|own| ending == *own)
        };
        if entry.path().extension().is_some_and(used) {
            test.write(
                &entry.file_name().to_string_lossy(),
                std::fs::read(entry.path())?,
            );
        }
    }
    let ran = test.run(&["check", &name]);
    // places of this machine have names that stay
    let mut said =
        (ran.stderr() + &ran.stdout()).replace(&test.path("").display().to_string(), "/home/");
    if ran.output.status.code() == Some(0) {
        said += "exit code 0\n";
    }
    let expected = path.with_extension("txt");
    if std::env::var_os("PRETEXT_BLESS").is_some() {
        std::fs::write(&expected, &said)?;
        return Ok(());
    }
    let wanted = std::fs::read_to_string(&expected).map_err(|error| {
        format!(
            "{}: {error}; run with PRETEXT_BLESS=1 and read it",
            expected.display()
        )
    })?;
    if wanted.replace('\r', "") == said {
        return Ok(());
    }
    Err(format!("--- expected\n{wanted}\n--- said\n{said}").into())
}

/// The head of an idx file of bytes, packed.
/// Its files: black pictures of class 0.
static FASHION: std::sync::OnceLock<Vec<(&str, Vec<u8>)>> = std::sync::OnceLock::new();

fn fashion() -> Vec<(&'static str, Vec<u8>)> {
    let files: [(&str, &[u32]); 4] = [
        ("train-images-idx3", &[60_000, 28, 28]),
        ("train-labels-idx1", &[60_000]),
        ("t10k-images-idx3", &[10_000, 28, 28]),
        ("t10k-labels-idx1", &[10_000]),
    ];
    let packed = files.map(|(name, sizes)| (name, zeros(sizes).expect("a file in memory")));
    packed.into()
}

/// A packed idx file of these sizes.
fn zeros(sizes: &[u32]) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    for size in sizes {
        bytes.extend(size.to_be_bytes());
    }
    let values: usize = sizes.iter().map(|size| *size as usize).product();
    bytes.resize(bytes.len() + values, 0);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &bytes)?;
    packed.finish()
}
