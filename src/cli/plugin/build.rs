//! `pretext plugin build`: compiles what lies under `plugins/`, tries it, pins it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{checked, near, said, told};
use crate::cli::Outcome;
use crate::cli::out::print;
use crate::extend::plugin::{self, FOLDER, file_name, scaffold};

/// Folders under `plugins/` that hold something to compile.
pub(super) fn sources(project: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(project.join(FOLDER)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| is_source(&entry.path()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| plugin::is_name(name))
        .collect();
    names.sort();
    names
}

/// A crate that makes a `cdylib`, or a C file of the folder's name.
pub(super) fn is_source(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"));
    manifest.is_ok_and(|text| text.contains("cdylib")) || c_file(folder).is_file()
}

fn c_file(folder: &Path) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    folder.join(format!("{name}.c"))
}

pub(super) fn build(project: &Path, names: &[String]) -> anyhow::Result<Outcome> {
    let names = if names.is_empty() {
        sources(project)
    } else {
        names.to_vec()
    };
    if names.is_empty() {
        anyhow::bail!(
            "{} holds no plugin to compile; `pretext plugin new NAME` writes one",
            near(&project.join(FOLDER))
        );
    }
    let mut sound = true;
    for name in &names {
        let folder = project.join(FOLDER).join(name);
        if !plugin::is_name(name) || !is_source(&folder) {
            anyhow::bail!(
                "{} is no crate with `crate-type = [\"cdylib\"]` and holds no {name}.c",
                near(&folder)
            );
        }
        let built = match folder.join("Cargo.toml").is_file() {
            true => cargo(&folder)?,
            false => compiler(&folder)?,
        };
        let Some(bytes) = built else {
            return Ok(Outcome::Failed);
        };
        let target = project.join(FOLDER).join(file_name(name));
        // a rename: a process that has the one before loaded keeps it
        crate::files::write(&target, &bytes)?;
        let report = checked(&target, true, None, 10.0)?;
        print(&told(&report))?;
        match (report.sound(), &report.plugin) {
            (true, Some((own, ..))) if own == name => {
                plugin::pin(project, name, &bytes).map_err(said)?;
            }
            (true, Some((own, ..))) => {
                anyhow::bail!(
                    "{} calls itself `{own}`; its folder must have that name",
                    near(&folder)
                )
            }
            _ => sound = false,
        }
    }
    Ok(if sound {
        Outcome::Done
    } else {
        Outcome::Unsound
    })
}

/// Compiles a crate; the library's bytes, or nothing where cargo has said why.
fn cargo(folder: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args([
            "build",
            "--release",
            "--message-format=json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(folder.join("Cargo.toml"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            anyhow::anyhow!(
                "can't start {}: {error}; a plugin in Rust needs cargo",
                cargo.display()
            )
        })?;
    if !output.status.success() {
        return Ok(None);
    }
    let mut library = None;
    for line in output.stdout.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(line) else {
            continue;
        };
        let own =
            message["manifest_path"].as_str().map(Path::new) == Some(&folder.join("Cargo.toml"));
        if message["reason"] != "compiler-artifact" || !own {
            continue;
        }
        let files = message["filenames"].as_array().into_iter().flatten();
        let files = files.filter_map(serde_json::Value::as_str);
        library = files
            .map(Path::new)
            .find(|path| {
                path.to_string_lossy()
                    .ends_with(std::env::consts::DLL_SUFFIX)
            })
            .map(Path::to_owned)
            .or(library);
    }
    let library = library.ok_or_else(|| {
        anyhow::anyhow!(
            "{} makes no library: it needs `crate-type = [\"cdylib\"]`",
            near(folder)
        )
    })?;
    Ok(Some(std::fs::read(library)?))
}

/// Compiles a C file; as [`cargo`].
fn compiler(folder: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let cc = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let include = tempdir()?;
    std::fs::write(include.join("pretext_plugin.h"), scaffold::header())?;
    let library = include.join("library");
    let status = Command::new(&cc)
        .args(["-std=c11", "-O2", "-Wall", "-shared", "-fPIC", "-I"])
        .arg(&include)
        .arg("-o")
        .arg(&library)
        .arg(c_file(folder))
        .status()
        .map_err(|error| {
            anyhow::anyhow!(
                "can't start {}: {error}; a plugin in C needs a C compiler",
                cc.display()
            )
        });
    let built = status.and_then(|status| {
        Ok(match status.success() {
            true => Some(std::fs::read(&library)?),
            false => None,
        })
    });
    let _ = std::fs::remove_dir_all(&include);
    built
}

/// A folder for one compilation.
fn tempdir() -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("pretext-plugin-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
