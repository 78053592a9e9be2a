//! Fits, and those that take what one learns.

use std::collections::BTreeMap;

use super::Checker;
use super::values::Place;
use crate::catalog::{Artifact, Call, Value};
use crate::language::Diagnostic;
use crate::language::ast::{Item, Name};
use crate::language::checked::Stage;
use crate::language::codes::Code;

impl Checker<'_> {
    /// The recipe's fit of this name. `None` if it has an error, which is reported once.
    pub(super) fn fit(&mut self, name: &str) -> Option<Stage> {
        self.once(
            name,
            |checker| &mut checker.fits,
            |checker, item| match item {
                Item::Stage(stage) => checker.stage(stage),
                _ => None,
            },
        )
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
    let file = call.args.maybe_text("file").map(str::to_owned);
    let learnt = call.spec.fit().filter(|_| file.is_none());
    let mut artifact = Artifact::new(name, call.spec.gives?, sizes);
    artifact.lacks = learnt.map_or(&[], |fit| fit.lacks());
    artifact.file = file;
    Some(artifact)
}
