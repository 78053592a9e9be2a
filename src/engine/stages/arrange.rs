//! Which folder of a run directory belongs to which stage: found by what the stage means, not by what it is called.

use std::collections::BTreeSet;
use std::io;

use super::directory::{Owner, RunDirectory, own_hash, owner, write_hash};
use super::done::{self, Done};
use super::failure::{Failure, disk};
use super::folder::StageDirectory;
use crate::files::{Folder, Kind, Odd};
use crate::report::exhibit_picture;

/// How a stage came by its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// There was none.
    New,
    /// It was there.
    Kept,
    /// It was there under another name.
    Renamed { from: String },
    /// What was there belongs to other settings and is now called so; whether what these settings left earlier is back.
    Changed { aside: Option<String>, back: bool },
    /// What was there does not say what it belongs to and is now called so.
    Unknown { aside: String, back: bool },
}

/// A folder of `stages/`.
struct Entry {
    name: String,
    owner: Owner,
    finished: bool,
}

/// What a run directory holds of the stages that are wanted.
pub(super) struct Inventory {
    entries: Vec<Entry>,
    /// For each stage the folder that is its own.
    own: Vec<Option<usize>>,
}

/// The part of a folder's name that was a stage's: `pre` of `pre~01234567`.
fn base(name: &str) -> &str {
    name.split('~').next().unwrap_or(name)
}

impl Inventory {
    /// Looks at the folders in `stages`. `wanted`: names and content hashes.
    pub fn of(stages: &Folder, wanted: &[(String, String)]) -> Result<Self, Failure> {
        let failed = |error: io::Error| disk(stages.path(), &error);
        let named = |name: &str| wanted.iter().any(|(own, _)| own == name);
        let mut entries = Vec::new();
        for (name, kind) in stages.names().map_err(failed)? {
            let folder = match kind {
                Kind::Folder => stages.folder(&name),
                kind if named(&name) => Err(Odd::NoFolder(kind).into()),
                _ => continue,
            };
            let looked = |folder: &Folder| -> Result<Owner, Failure> {
                if named(&name) {
                    return owner(folder);
                }
                let own = own_hash(folder).ok().flatten();
                Ok(own.map_or(Owner::Nobody, Owner::Settings))
            };
            let (owner, folder) = match folder {
                Ok(folder) => (looked(&folder)?, folder),
                Err(error) if named(&name) => return Err(disk(&stages.path_of(&name), &error)),
                // one that can't be read is left where it is
                Err(_) => continue,
            };
            let finished = match Done::read(&folder) {
                Ok(done::Found::Done(_)) => true,
                Ok(done::Found::No) => false,
                // what can't be used is nobody's, where no stage has that name
                _ if named(&name) => false,
                _ => continue,
            };
            entries.push(Entry {
                name,
                owner,
                finished,
            });
        }
        let mut inventory = Self {
            entries,
            own: vec![None; wanted.len()],
        };
        let mut taken = BTreeSet::new();
        for (at, (name, hash)) in wanted.iter().enumerate() {
            let own = inventory.entries.iter().position(|entry| {
                let kept = matches!(&entry.owner, Owner::Settings(own) if own == hash);
                entry.name == *name && (kept || entry.owner == Owner::Empty)
            });
            taken.extend(own);
            inventory.own[at] = own;
        }
        for (at, (name, hash)) in wanted.iter().enumerate() {
            if inventory.own[at].is_some_and(|own| inventory.entries[own].owner != Owner::Empty) {
                continue;
            }
            let free = (inventory.entries.iter().enumerate())
                .filter(|(index, _)| !taken.contains(index))
                .filter(|(_, entry)| matches!(&entry.owner, Owner::Settings(own) if own == hash));
            // one that is finished before one that is not, one that had this name before one that had another
            let best = free.min_by_key(|(_, entry)| (!entry.finished, base(&entry.name) != name));
            if let Some((index, _)) = best {
                taken.insert(index);
                inventory.own[at] = Some(index);
            }
        }
        Ok(inventory)
    }

    /// The name of the folder that is the own one of the stage of this number, and whether the stage has ended there.
    pub fn own(&self, at: usize) -> Option<(&str, bool)> {
        let entry = &self.entries[self.own[at]?];
        (entry.owner != Owner::Empty).then_some((entry.name.as_str(), entry.finished))
    }

    /// The folder of this name, where it belongs to other settings than those that are wanted.
    pub fn former(&self, at: usize, name: &str) -> Option<&str> {
        let index = self.entries.iter().position(|entry| entry.name == name)?;
        let entry = &self.entries[index];
        (self.own[at] != Some(index) && matches!(entry.owner, Owner::Settings(_)))
            .then_some(entry.name.as_str())
    }
}

impl RunDirectory {
    /// The folder of each stage of `wanted`, names and content hashes. What other settings left under a stage's name is moved aside,
    /// not deleted; what these settings left, under whatever name, comes back.
    pub fn arrange(
        &self,
        wanted: &[(String, String)],
    ) -> Result<Vec<(StageDirectory, Came)>, Failure> {
        let Inventory { mut entries, own } = Inventory::of(&self.stages, wanted)?;
        let named: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
        let mut asides: Vec<Option<(String, bool)>> = vec![None; wanted.len()];
        for (at, (name, _)) in wanted.iter().enumerate() {
            let failed = |error: io::Error| disk(&self.stages.path_of(name), &error);
            let there = entries.iter().position(|entry| entry.name == *name);
            let Some(there) = there.filter(|there| own[at] != Some(*there)) else {
                continue;
            };
            let word = match &entries[there].owner {
                Owner::Settings(hash) => {
                    let folder = self.stages.folder(name).map_err(failed)?;
                    if own_hash(&folder).map_err(failed)?.is_none() {
                        write_hash(&folder, hash).map_err(failed)?;
                    }
                    hash[..8].to_owned()
                }
                Owner::Nobody => "unknown".to_owned(),
                // nothing is in it
                Owner::Empty => {
                    let folder = self.stages.folder(name).map_err(failed)?;
                    folder.sweep(|_| true).map_err(failed)?;
                    self.stages.remove_folder(name).map_err(failed)?;
                    entries[there].name.clear();
                    continue;
                }
            };
            let aside = self.aside(name, &word).map_err(failed)?;
            let for_another = own.contains(&Some(there));
            if !for_another {
                asides[at] = Some((aside.clone(), word == "unknown"));
            }
            entries[there].name = aside;
        }
        let mut found = Vec::new();
        let mut called: Vec<(&str, &str)> = Vec::new();
        for (at, (name, hash)) in wanted.iter().enumerate() {
            let failed = |error: io::Error| disk(&self.stages.path_of(name), &error);
            let entry = own[at].map(|index| (index, &entries[index]));
            let entry = entry.filter(|(_, entry)| entry.owner != Owner::Empty);
            let mut renamed = None;
            if let Some((index, entry)) = entry
                && entry.name != *name
            {
                self.stages
                    .rename_folder(&entry.name, name)
                    .map_err(failed)?;
                let was = base(&named[index]);
                if was != name {
                    called.push((was, name));
                    renamed = Some(was.to_owned());
                }
            }
            let back = entry.is_some_and(|(index, _)| named[index] != *name);
            let came = match (asides[at].take(), entry, renamed) {
                (Some((aside, true)), ..) => Came::Unknown { aside, back },
                (Some((aside, false)), ..) => Came::Changed {
                    aside: Some(aside),
                    back,
                },
                (None, None, _) => Came::New,
                (None, Some(_), Some(from)) => Came::Renamed { from },
                (None, Some(_), None) if back => Came::Changed { aside: None, back },
                (None, Some(_), None) => Came::Kept,
            };
            found.push((self.stage(name, hash)?, came));
        }
        // two stages may have changed their names
        let between = |name: &str| format!("{name}~");
        for (was, name) in &called {
            self.rename_exhibits(was, &between(name))?;
        }
        for (_, name) in &called {
            self.rename_exhibits(&between(name), name)?;
        }
        Ok(found)
    }

    /// Gives a stage's folder a free name after its own; the name.
    fn aside(&self, name: &str, word: &str) -> io::Result<String> {
        for number in 1..1000 {
            let aside = match number {
                1 => format!("{name}~{word}"),
                number => format!("{name}~{word}-{number}"),
            };
            if self.stages.kind(&aside)?.is_none() {
                self.stages.rename_folder(name, &aside)?;
                return Ok(aside);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// What a stage shows of itself is called after it.
    fn rename_exhibits(&self, from: &str, to: &str) -> Result<(), Failure> {
        let renamed = self.renamed_exhibits(from, to);
        renamed.map_err(|error| disk(&self.folder.path_of("results"), &error))
    }

    fn renamed_exhibits(&self, from: &str, to: &str) -> io::Result<()> {
        let Some(Kind::Folder) = self.folder.kind("results")? else {
            return Ok(());
        };
        let results = self.folder.folder("results")?;
        let [old, new] = [from, to].map(|stage| exhibit_picture(stage, ""));
        let [old, new] = [&old, &new].map(|name| name.trim_end_matches(".png"));
        for (name, kind) in results.names()? {
            if let (Kind::File, Some(rest)) = (kind, name.strip_prefix(old))
                && (rest.ends_with(".png") || rest.ends_with(".txt"))
            {
                let bytes = results.read(&name, done::LARGEST)?;
                results.write(&format!("{new}{rest}"), &bytes)?;
                results.remove(&name)?;
            }
        }
        Ok(())
    }
}
