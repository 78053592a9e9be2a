//! What a `fit` of the recipe learns, as others take it by name.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::data::Need;

/// What one `fit` learns. It is declared when the recipe is checked, and filled once the fit has run: copies of it are one.
#[derive(Clone)]
pub struct Artifact {
    /// The recipe's name for the fit.
    pub name: String,
    /// What kind of thing it is: `vocabulary`.
    pub gives: &'static str,
    /// The file that it is read from, as the recipe names it, where it is not learnt.
    pub file: Option<String>,
    /// What none that this fit learns has, whatever the records.
    pub lacks: &'static [Need],
    sizes: Arc<BTreeMap<String, usize>>,
    held: Arc<OnceLock<Arc<dyn Any + Send + Sync>>>,
}

impl Artifact {
    /// What the fit `name` will learn, with the sizes that its call declares: they hold whatever is learnt.
    pub fn new(name: &str, gives: &'static str, sizes: BTreeMap<String, usize>) -> Self {
        Self {
            name: name.to_owned(),
            gives,
            file: None,
            lacks: &[],
            sizes: Arc::new(sizes),
            held: Arc::default(),
        }
    }

    /// A size that was declared.
    pub fn size(&self, name: &str) -> Option<usize> {
        self.sizes.get(name).copied()
    }

    /// Holds what was learnt from now on. What is held already stays.
    pub fn fill(&self, learnt: Arc<dyn Any + Send + Sync>) {
        // a second sitting learns the same
        let _ = self.held.set(learnt);
    }

    /// Whether the fit has run.
    pub fn is_filled(&self) -> bool {
        self.held.get().is_some()
    }

    /// What was learnt; `None` before the fit has run, or where it is something else.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.held.get()?.clone().downcast().ok()
    }
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.gives, self.name)
    }
}

impl PartialEq for Artifact {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.held, &other.held)
    }
}

impl Eq for Artifact {}
