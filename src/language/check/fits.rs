//! Fits, and those that take what one learns.

use std::collections::BTreeMap;

use super::values::Place;
use super::{Checker, FitState};
use crate::catalog::{Artifact, Call, Value};
use crate::language::Diagnostic;
use crate::language::ast::{Item, Name};
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Checker<'_> {
    /// The recipe's fit of this name. `None` if it has an error, which is reported once.
    pub(super) fn fit(&mut self, name: &str) -> Option<Stage> {
        match self.fits.get(name) {
            Some(FitState::Done(stage)) => return Some((**stage).clone()),
            // a circle is reported with all others
            Some(FitState::Visiting | FitState::Failed) => return None,
            None => {}
        }
        let (key, item) = self
            .items
            .get_key_value(name)
            .map(|(key, item)| (*key, *item))?;
        let Item::Stage(stage) = item else {
            return None;
        };
        self.fits.insert(key, FitState::Visiting);
        let outer = std::mem::replace(&mut self.current, key);
        let checked = self.stage(stage);
        self.current = outer;
        let state = match &checked {
            Some(stage) => FitState::Done(Box::new(stage.clone())),
            None => FitState::Failed,
        };
        self.fits.insert(key, state);
        checked
    }

    /// What the fit of this name learns, which must be of the kind `gives`.
    pub(super) fn artifact(
        &mut self,
        name: &Name,
        gives: &str,
        place: &Place<'_>,
    ) -> Option<Value> {
        let known = self.known.iter().find(|known| known.name == name.text);
        let artifact = match known {
            Some(known) if !self.items.contains_key(name.text.as_str()) => known.clone(),
            _ => {
                self.item(name, "fit")?;
                self.fit(&name.text)?.artifact?
            }
        };
        if artifact.gives == gives {
            return Some(Value::Fit(artifact));
        }
        let message = format!(
            "{} takes a {gives}; `{}` learns a {}",
            place.text(),
            name.text,
            artifact.gives
        );
        self.error(
            Diagnostic::error(Code::WrongKind, name.span, message).note(place.param.doc.clone()),
        );
        None
    }
}

/// What a fit that is called so will learn: the whole numbers of its call are its sizes.
pub(super) fn declared(name: &str, call: &Call) -> Option<Artifact> {
    let values = call.args.values.iter();
    let sizes = values.filter_map(|(name, argument)| match argument.value {
        Value::Integer(n) => Some((name.clone(), usize::try_from(n).ok()?)),
        _ => None,
    });
    let sizes: BTreeMap<String, usize> = sizes.collect();
    Some(Artifact::new(name, call.spec.gives?, sizes))
}
