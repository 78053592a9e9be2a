//! What a run would find in its directory: told by a plan, before anything runs. Nothing is written.

use std::path::Path;

use super::arrange::Inventory;
use super::manifests::{Manifests, data_key, mark_of};
use super::meaning::{Hashes, anew, known};
use crate::data::Silent;
use crate::files::Folder;
use crate::plan::Plan;

/// What a stage has of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// It has ended there; what it was called where that is another name.
    Done(Option<String>),
    /// It was begun there.
    Begun(Option<String>),
    /// Its settings were others: what has changed, and what follows.
    Anew(String),
    /// Nothing.
    Fresh,
}

impl Outlook {
    /// In words; empty where there is nothing to say.
    pub fn text(&self) -> String {
        let was = |name: &Option<String>| match name {
            Some(name) => format!(", as `{name}`"),
            None => String::new(),
        };
        match self {
            Outlook::Done(name) => format!("done before{}", was(name)),
            Outlook::Begun(name) => format!("begun before{}, goes on", was(name)),
            Outlook::Anew(why) => why.clone(),
            Outlook::Fresh => String::new(),
        }
    }
}

/// The data of a plan, by the text that a stage names them with: what stands for their manifest in a lock. Then those that there is no
/// manifest of, with the reason.
pub fn data_of(plan: &Plan) -> (Vec<(String, String)>, Vec<(String, String)>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (_, view) in plan.stages.iter().flat_map(|stage| stage.data()) {
        let known = |all: &[(String, String)]| all.iter().any(|(text, _)| *text == view.text);
        if known(&found) || known(&missing) {
            continue;
        }
        match view.dataset.manifest(&Silent) {
            Ok(manifest) => found.push((view.text.clone(), mark_of(&manifest))),
            Err(error) => missing.push((view.text.clone(), error.message)),
        }
    }
    (found, missing)
}

/// What the run directory `root` holds of a plan's stages, one for each; nothing where it is no run directory, or data that the plan
/// names is not here.
pub fn outlook(plan: &Plan, root: &Path) -> Option<Vec<Outlook>> {
    let stages = Folder::open(root).ok()?.folder("stages").ok()?;
    let mut manifests = Manifests::new();
    for (_, view) in plan.stages.iter().flat_map(|stage| stage.data()) {
        let key = data_key(view);
        if let std::collections::btree_map::Entry::Vacant(free) = manifests.entry(key) {
            free.insert(view.dataset.manifest(&Silent));
        }
    }
    let mut hashes = Hashes::new();
    let mut means = Vec::new();
    for stage in &plan.stages {
        let (hash, recorded) = known(stage, &manifests, &hashes).ok()?;
        hashes.insert(stage.name.clone(), hash);
        means.push(recorded);
    }
    let wanted: Vec<(String, String)> = (plan.stages.iter())
        .filter_map(|stage| Some((stage.name.clone(), hashes.get(&stage.name)?.clone())))
        .collect();
    let inventory = Inventory::of(&stages, &wanted).ok()?;
    let found = plan.stages.iter().zip(&means).enumerate();
    let found = found.map(|(at, (stage, means))| {
        if let Some((name, ended)) = inventory.own(at) {
            let other = (name != stage.name).then(|| name.to_owned());
            return match ended {
                true => Outlook::Done(other),
                false => Outlook::Begun(other),
            };
        }
        let former = inventory.former(at, &stage.name);
        let former = former.and_then(|name| stages.folder(name).ok());
        let told = former.and_then(|former| anew(stage, means, &former, None).ok());
        told.map_or(Outlook::Fresh, Outlook::Anew)
    });
    Some(found.collect())
}
