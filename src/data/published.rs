//! Data sets whose files are published: looked for on this machine, else downloaded when first read.

use std::path::{Path, PathBuf};

use super::download::{Patience, RemoteFile};
use super::lazy::Lazy;
use super::{DataError, Places, Progress};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// A published data set.
pub(super) struct Published {
    /// What recipes call it.
    pub name: &'static str,
    /// Folders of distributions and other tools.
    pub well_known: &'static [&'static str],
    /// What the folder must hold, for advice.
    pub holds: &'static str,
    /// A package that has it, for advice.
    pub package: Option<&'static str>,
    /// Its files.
    pub files: Vec<RemoteFile>,
}

impl Published {
    /// Finds the data set, or prepares its download. The second value is a remark where it will be downloaded.
    pub(super) fn open(
        self,
        places: &Places,
        holds: &dyn Fn(&Path) -> Result<(), String>,
    ) -> Result<(Files, Option<String>)> {
        if let Some(folder) = places.find(self.name, self.well_known, holds)? {
            let files = Files {
                folder,
                remote: Vec::new(),
                ways: Vec::new(),
                patience: Patience::default(),
                fetched: Lazy::default(),
            };
            return Ok((files, None));
        }
        let mut ways = places.ways(self.name, self.holds);
        if let Some(package) = self.package {
            ways.push(format!("or install it: {package}"));
        }
        let (user, offline) = (places.user.as_ref(), places.offline);
        let folder = match user {
            Some(user) if !offline => user.join(self.name),
            _ => {
                let mut problem = Problem::new(
                    Code::MissingData,
                    format!("the data set `{}` is not on this machine", self.name),
                );
                problem = problem.note(if offline {
                    "downloads are switched off"
                } else {
                    "there is no folder to download it to: set PRETEXT_DATA"
                });
                ways.push(format!("or download it from {}", self.files[0].url));
                return Err(ways.into_iter().fold(problem, Problem::help));
            }
        };
        let bytes: u64 = self.files.iter().map(|file| file.bytes).sum();
        let remark = format!(
            "`{}` will be downloaded ({} MB) to {} when it is first read",
            self.name,
            bytes.div_ceil(1_000_000),
            folder.display()
        );
        let files = Files {
            folder,
            remote: self.files,
            ways,
            patience: Patience::default(),
            fetched: Lazy::default(),
        };
        Ok((files, Some(remark)))
    }
}

/// The folder of a data set, there already or once it is downloaded.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    remote: Vec<RemoteFile>,
    ways: Vec<String>,
    patience: Patience,
    fetched: Lazy<()>,
}

impl Files {
    /// Whether the files are on this machine.
    pub(super) fn here(&self) -> bool {
        self.remote.is_empty() || self.fetched.ready().is_some()
    }

    /// The folder, after downloading what is missing in it.
    pub(super) fn folder(&self, progress: &dyn Progress) -> Result<&Path, DataError> {
        self.fetched.get(|| {
            for file in &self.remote {
                let fetched = file.fetch(&self.folder, self.patience, progress);
                fetched.map_err(|error| {
                    self.ways
                        .iter()
                        .fold(error, |error, way| error.help(way.as_str()))
                })?;
            }
            Ok(())
        })?;
        Ok(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Silent;

    fn published(url: String) -> Published {
        Published {
            name: "d",
            well_known: &[],
            holds: "a file",
            package: Some("apt-get install d"),
            files: vec![RemoteFile {
                url,
                name: "d.bin".into(),
                bytes: 2_500_000,
                sha256: "0".repeat(64),
            }],
        }
    }

    /// A port of this machine that nobody listens on.
    fn nobody() -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/d.bin", listener.local_addr().unwrap())
    }

    #[test]
    fn a_download_that_fails_names_each_way_and_is_tried_again() {
        let user = tempfile::tempdir().unwrap();
        let places = Places {
            user: Some(user.path().into()),
            ..Places::default()
        };
        let (mut files, remark) = published(nobody()).open(&places, &|_| Ok(())).unwrap();
        assert!(remark.unwrap().contains("3 MB"));
        assert!(!files.here());
        files.patience = Patience {
            attempts: 1,
            ..Patience::default()
        };
        for _ in 0..2 {
            let error = files.folder(&Silent).unwrap_err();
            assert!(
                error.message.contains("can't download http://127.0.0.1"),
                "{error}"
            );
            let help = error.help.unwrap();
            for way in ["--data d=PATH", "pretext.toml", "apt-get install d"] {
                assert!(help.contains(way), "{help}");
            }
        }
        // what arrives by other means meanwhile is taken
        std::fs::write(user.path().join("d/d.bin"), "x").unwrap();
        assert_eq!(files.folder(&Silent).unwrap(), user.path().join("d"));
        assert!(files.here());
    }
}
