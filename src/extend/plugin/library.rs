//! A plugin's file: looked at, loaded, and its description made into catalog entries.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use pretext_plugin::abi;

use super::elf;
use super::guard::{self, Inside};
use super::read::{list, structure, text};
use super::spec;
use super::version::Version;
use super::worker::Calling;
use crate::catalog::{Problem, Provider, Result, Spec};
use crate::language::codes::Code;

/// A plugin that is loaded. It stays loaded for the life of the process.
pub struct Library {
    /// `acme_jigsaw`
    pub name: String,
    /// `0.3.1`
    pub version: Version,
    /// The ABI that it needs: major, minor.
    pub abi: (u32, u32),
    /// blake3 of its file in hexadecimal digits.
    pub hash: String,
    /// What it brings into the catalog.
    pub specs: Vec<Spec>,
}

/// A file whose content is known and not yet trusted.
pub struct Candidate {
    path: PathBuf,
    file: File,
    bytes: Vec<u8>,
}

impl Candidate {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self> {
        let read = || -> std::io::Result<Self> {
            let mut file = File::open(path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(Self {
                path: path.to_owned(),
                file,
                bytes,
            })
        };
        read().map_err(|error| {
            Problem::new(
                Code::Plugin,
                format!("can't read {}: {error}", path.display()),
            )
        })
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Loads it, once: the same content is the same library.
    pub fn load(self) -> Result<&'static Library> {
        static LOADED: Mutex<BTreeMap<String, &'static Library>> = Mutex::new(BTreeMap::new());
        let hash = blake3::hash(&self.bytes).to_hex().to_string();
        let mut loaded = LOADED
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(library) = loaded.get(&hash) {
            return Ok(library);
        }
        let path = self.path.clone();
        let bad = |why: String| {
            Problem::new(
                Code::Plugin,
                format!("{} can't be loaded: {why}", path.display()),
            )
        };
        if let Some(flaw) = elf::flaw(&self.bytes) {
            return Err(bad(flaw).help("build it again: `pretext plugin build NAME`"));
        }
        guard::watch();
        // it has no name yet
        let file = format!("the library {}", path.display());
        let calling = Calling::enter(&file, "loading");
        let inside = Inside::enter(&file);
        let description = self.description();
        drop(inside);
        drop(calling);
        let description = description.map_err(|(why, help)| {
            let problem = bad(why);
            match help {
                Some(help) => problem.help(help),
                None => problem,
            }
        })?;
        // SAFETY: the ABI: all that a description leads to stays for the life of the library, which is never unloaded
        let library = unsafe { library(&description, &hash) }.map_err(bad)?;
        let library: &'static Library = Box::leak(Box::new(library));
        loaded.insert(hash, library);
        Ok(library)
    }

    /// Lets the dynamic linker at it and asks for its description.
    fn description(self) -> Result<abi::Plugin, (String, Option<String>)> {
        let plain = |why: String| (why, None);
        // the very file that was read: another one may have its name by now
        #[cfg(target_os = "linux")]
        let path = {
            use std::os::fd::AsRawFd;
            PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
        };
        #[cfg(not(target_os = "linux"))]
        let path = self.path.clone();
        // the linker knows libraries by their names, and this one is the number of an open file: it stays open
        std::mem::forget(self.file);
        let opened = open(path.as_os_str())
            .map_err(|why| plain(why.replace(&*path.to_string_lossy(), "the library")))?;
        let opened: &'static libloading::Library = Box::leak(Box::new(opened));
        // SAFETY: the ABI: a symbol of this name is a function of this type
        let entry = unsafe { opened.get::<abi::Entry>(abi::SYMBOL) };
        let Ok(entry) = entry else {
            // SAFETY: it is only asked whether such a symbol is there
            let other = (0..64)
                .filter(|major| *major != abi::MAJOR)
                .find(|major| unsafe {
                    opened
                        .get::<abi::Entry>(format!("pretext_plugin_v{major}"))
                        .is_ok()
                });
            return Err(match other {
                Some(major) => (
                    format!(
                        "it needs ABI {major}, this build has {}.{}",
                        abi::MAJOR,
                        abi::MINOR
                    ),
                    Some("build it against the `pretext-plugin` crate of this Pretext".into()),
                ),
                None => (
                    format!(
                        "it has no symbol `{}`: it is a library, but no plugin",
                        abi::SYMBOL
                    ),
                    Some(
                        "a plugin ends with `export_plugin!(…)`; in C, it defines that function"
                            .into(),
                    ),
                ),
            });
        };
        let at = entry(abi::MINOR);
        if at.is_null() {
            return Err(plain("it failed while it described itself".into()));
        }
        // SAFETY: the ABI: it leads to a description, which begins with its size
        let description = unsafe { structure(at) }.map_err(plain)?;
        if description.magic != abi::MAGIC {
            return Err(plain(format!(
                "its description begins with {:#018x} instead of {:#018x}: it is no plugin, or a damaged one",
                description.magic,
                abi::MAGIC
            )));
        }
        let needs = (description.abi_major, description.abi_minor);
        if needs.0 != abi::MAJOR || needs.1 > abi::MINOR {
            return Err((
                format!(
                    "it needs ABI {}.{}, this build has {}.{}",
                    needs.0,
                    needs.1,
                    abi::MAJOR,
                    abi::MINOR
                ),
                Some(if needs.0 == abi::MAJOR {
                    "use a newer Pretext, or build the plugin against an older `pretext-plugin`"
                        .into()
                } else {
                    "build it against the `pretext-plugin` crate of this Pretext".into()
                }),
            ));
        }
        Ok(description)
    }
}

/// Loads a library with its symbols kept to itself, all of them resolved now: one that is missing is an error here and not
/// a crash later.
fn open(path: &OsStr) -> Result<libloading::Library, String> {
    #[cfg(unix)]
    {
        use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
        // SAFETY: code of the library runs here: it is the plugin that the recipe names, with the content that is pinned
        let opened = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
        opened.map(Into::into).map_err(why)
    }
    #[cfg(not(unix))]
    {
        // SAFETY: code of the library runs here: it is the plugin that the recipe names, with the content that is pinned
        unsafe { libloading::Library::new(path) }.map_err(why)
    }
}

/// What the linker says, which is behind what the loader says.
fn why(error: libloading::Error) -> String {
    match std::error::Error::source(&error) {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

/// # Safety
/// What the description leads to stays.
unsafe fn library(description: &abi::Plugin, hash: &str) -> Result<Library, String> {
    // SAFETY: the caller's, here and below
    let name = unsafe { text(description.name)? }.to_owned();
    let said = unsafe { text(description.version)? };
    if !is_name(&name) {
        return Err(format!(
            "it calls itself {name:?}: names have lower case letters, digits and `_`"
        ));
    }
    let version = Version::parse(said).ok_or_else(|| format!("its version is {said:?}"))?;
    let tasks = unsafe { list(description.tasks, description.task_count)? };
    let transforms = unsafe { list(description.transforms, description.transform_count)? };
    let by = spec::By {
        plugin: format!("plugin {name} {version}"),
        minor: description.abi_minor,
    };
    let mut specs = Vec::new();
    for task in tasks {
        specs.push(unsafe { spec::task(&by, task)? });
    }
    for transform in transforms {
        specs.push(unsafe { spec::transform(&by, transform)? });
    }
    if specs.is_empty() {
        return Err("it has neither a task nor a transform".into());
    }
    for spec in &mut specs {
        spec.provider = Some(Provider {
            name: by.plugin.clone(),
            hash: hash.to_owned(),
        });
    }
    for (i, spec) in specs.iter().enumerate() {
        if specs[..i]
            .iter()
            .any(|other| (other.kind, &other.name) == (spec.kind, &spec.name))
        {
            return Err(format!("it has two of the name `{}`", spec.name));
        }
    }
    Ok(Library {
        name,
        version,
        abi: (description.abi_major, description.abi_minor),
        hash: hash.to_owned(),
        specs,
    })
}

/// Whether a text can be a plugin's name; it becomes a part of a file's name.
pub fn is_name(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
