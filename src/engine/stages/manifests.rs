//! What the data of the stages are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::DataError;
use crate::plan::DataView;

/// Where a data set lies in memory: a plan holds each for as long as a run goes.
pub(super) type DataKey = usize;

pub(super) fn data_key(view: &DataView) -> DataKey {
    Arc::as_ptr(&view.dataset).cast::<()>() as usize
}

/// What data are: a manifest, or why there is none.
pub(super) type Manifests = BTreeMap<DataKey, Result<String, DataError>>;

/// What stands for a manifest in a lock.
pub(super) fn mark_of(manifest: &str) -> String {
    blake3::hash(manifest.as_bytes()).to_hex().to_string()
}
