//! Compilers, folders, and the way from a recipe's text to what is said of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock};

use pretext::catalog::Catalog;
use pretext::data::Places;
use pretext::extend::plugin::file_name;
use pretext::extend::{Loader, Options};
use pretext::language::{check_using, decode, render};
use pretext::plan::{Plan, Purpose};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A project of its own.
pub fn project() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Where the library `name` goes in a project.
pub fn place(project: &Path, name: &str) -> PathBuf {
    let folder = project.join("plugins");
    std::fs::create_dir_all(&folder).expect("a folder");
    folder.join(file_name(name))
}

/// Compiles a C file without optimisation: what works does so because of the ABI, not by luck.
pub fn cc(source: &Path, flags: &[&str], library: &Path) {
    let output = Command::new("cc")
        .args([
            "-std=c11",
            "-O0",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unused-function",
            "-Wno-unused-variable",
            "-Wno-unused-but-set-variable",
            "-shared",
            "-fPIC",
            "-I",
        ])
        .arg(root().join("plugins/sdk/include"))
        .args(flags)
        .arg("-o")
        .arg(library)
        .arg(source)
        .output()
        .expect("a C compiler");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Compiles a crate of this project as its author would, once for all tests; the library's path.
pub fn cargo(folder: &str, name: &str) -> PathBuf {
    // one build at a time: they share their target folder
    static BUILDING: Mutex<()> = Mutex::new(());
    let _one = BUILDING
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let target = root().join("target/plugins");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--offline", "--manifest-path"])
        .arg(root().join(folder).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    target.join("release").join(file_name(name))
}

/// What came of a recipe.
pub struct Said {
    pub plan: Option<Plan>,
    pub text: String,
}

impl Said {
    pub fn sound(self) -> Plan {
        self.plan.unwrap_or_else(|| panic!("{}", self.text))
    }
}

/// Checks and plans a recipe in a project's folder.
pub fn plan(project: &Path, text: &str, options: Options) -> Said {
    let (mut sources, file, _) = decode(Path::new("test.ssl"), text.as_bytes());
    let mut catalog = Catalog::builtin();
    let mut doors = Loader::new(project, options);
    let file = file.expect("text");
    let (recipe, mut diagnostics) = check_using(&mut sources, file, &mut catalog, &mut doors, &[]);
    let places = Places {
        offline: true,
        recipe: project.to_owned(),
        ..Places::default()
    };
    let mut planned = None;
    if let Some(recipe) = &recipe {
        let (plan, more) = pretext::plan::plan(recipe, &catalog, &places, Purpose::Check);
        planned = plan;
        diagnostics.extend(more);
    }
    let said: Vec<String> = diagnostics
        .iter()
        .map(|d| render(d, &sources, false))
        .collect();
    Said {
        plan: planned,
        text: said.join("\n\n"),
    }
}

/// A recipe that trains with the task of a plugin of the same name.
pub fn recipe(name: &str) -> String {
    format!(
        "ssl 1\n\nuse plugin \"{name}\" version \"0.1\"\n\ndataset figures = shapes(train = 64)\n\n\
         augment turned(image) {{\n  (view, turn) = image |> normalize() |> quarter_turn()\n  emit view, turn\n}}\n\n\
         pretext learnt = {name}() {{\n  data    = figures.train\n  augment = turned\n  encoder = small_cnn(width = 4)\n  batch   = 16\n}}\n"
    )
}

/// The command line in a folder.
pub fn pretext(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pretext"))
        .args(args)
        .current_dir(folder)
        .env("PRETEXT_DATA", folder.join("user"))
        .output()
        .expect("the binary starts")
}

/// Both streams of an output.
pub fn all(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

/// The faultless library that faulty ones differ from, compiled once.
pub fn sound_library() -> &'static Path {
    static LIBRARY: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    &LIBRARY
        .get_or_init(|| {
            let folder = project();
            let library = folder.path().join("faulty.so");
            cc(&root().join("tests/abi/faulty.c"), &[], &library);
            (folder, library)
        })
        .1
}
