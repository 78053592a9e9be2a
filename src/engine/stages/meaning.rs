//! What a stage means: its content hash, what that is made of, and what has changed of it since a run before.

use std::collections::BTreeMap;

use super::carry;
use super::directory::own_hash;
use super::failure::Failure;
use super::folder::StageDirectory;
use super::manifests::{Manifests, data_key};
use crate::files::Folder;
use crate::plan::{Body, LENGTH, StagePlan};
use crate::report::{Recorded, told};

/// Content hashes of stages by their names.
pub(super) type Hashes = BTreeMap<String, String>;

/// The content hash of a stage, and what it is made of: what decides the result in the recipe, the content of its data, its inputs'
/// hashes.
pub(super) fn known(
    stage: &StagePlan,
    manifests: &Manifests,
    hashes: &Hashes,
) -> Result<(String, Recorded), Failure> {
    let decided = stage.meaning.all.iter();
    let mut means = Recorded {
        settings: decided
            .map(|decided| (decided.path.clone(), decided.value.clone()))
            .collect(),
        ..Recorded::default()
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(stage.identity.as_bytes());
    let watches = stage
        .training_graph()
        .is_some_and(|(_, settings)| settings.watches());
    for (field, view) in stage.data() {
        // what is only read never changes a result
        let read = field == "monitor" || field == "valid";
        if !read || watches {
            hasher.update(field.as_bytes());
            let manifest = match manifests.get(&data_key(view)) {
                Some(known) => known.clone()?,
                None => view.dataset.manifest(&crate::data::Silent)?,
            };
            hasher.update(manifest.as_bytes());
            means
                .data
                .push((field.to_owned(), view.text.clone(), manifest));
        }
    }
    let inputs = stage.inputs().into_iter().map(|from| &from.stage);
    // fits come first: they are known
    for name in inputs.chain(&stage.fits) {
        if let Some(hash) = hashes.get(name) {
            hasher.update(hash.as_bytes());
            means.inputs.push((name.clone(), hash.clone()));
        }
    }
    Ok((hasher.finalize().to_hex().to_string(), means))
}

/// What becomes of a stage whose settings were others, in words; what `former` holds of a training that it goes through is given to
/// `into`.
pub(super) fn anew(
    stage: &StagePlan,
    means: &Recorded,
    former: &Folder,
    into: Option<&StageDirectory>,
) -> Result<String, Failure> {
    let verb = match stage.body {
        Body::Train(_) => "trains",
        _ => "runs",
    };
    let Some(was) = Recorded::read(former) else {
        return Ok(format!(
            "{verb} anew because its settings are others; which, is not written down"
        ));
    };
    let changes = means.changes(&was);
    let told = told(&changes);
    let Some(hash) = own_hash(former).ok().flatten() else {
        return Ok(format!("{told}: {verb} anew"));
    };
    if !matches!(changes.as_slice(), [one] if one.path == LENGTH) {
        return Ok(format!("{told}: {verb} anew"));
    }
    if let Some(why) = stage.depends_on_length() {
        return Ok(format!("{told}: {verb} anew because {why}"));
    }
    let step = match into {
        Some(into) => carry::carry(former, &hash, stage, into)?,
        None => carry::from(former, &hash, stage),
    };
    Ok(match step {
        Some(step) => format!("{told}: trains on from step {step}"),
        None => format!("{told}: {verb} anew because nothing is kept of the way to there"),
    })
}
