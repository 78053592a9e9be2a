//! Maps that a script's functions give, whose properties are a closed set.

use rhai::{Array, Dynamic, Map};

use super::raise::noun;
use super::source::Source;
use crate::catalog::{At, Problem, Result};
use crate::language::codes::Code;
use crate::language::nearest;

/// A map whose properties are taken one by one; what is left is unknown.
pub(super) struct Entry<'a> {
    pub(super) map: Map,
    /// The function that gives it.
    function: &'a str,
    /// What it is called, once that is known.
    pub(super) name: String,
    pub(super) source: &'a Source,
    known: Vec<&'static str>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(value: Dynamic, function: &'a str, source: &'a Source) -> Result<Self> {
        let ty = value.type_name();
        match value.try_cast::<Map>() {
            Some(map) => Ok(Self {
                map,
                function,
                name: String::new(),
                source,
                known: Vec::new(),
            }),
            None => Err(wrong(
                source,
                function,
                format!(
                    "`{function}()` must hold maps, `#{{name: …}}`, not {}",
                    noun(ty)
                ),
            )),
        }
    }

    pub(super) fn take(&mut self, property: &'static str) -> Option<Dynamic> {
        self.known.push(property);
        self.map.remove(property).filter(|value| !value.is_unit())
    }

    pub(super) fn text(&mut self, property: &'static str) -> Result<Option<String>> {
        let Some(value) = self.take(property) else {
            return Ok(None);
        };
        match value.try_cast_result::<rhai::ImmutableString>() {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(value) => Err(self.mistyped(property, "a string", &value)),
        }
    }

    pub(super) fn needed(&mut self, property: &'static str, example: &str) -> Result<String> {
        let text = self.text(property)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| {
            self.wrong(format!("{} lacks `{property}`", self.subject()))
                .help(format!("add `{property}: {example}`"))
        })
    }

    pub(super) fn list(&mut self, property: &'static str) -> Result<Option<Array>> {
        let Some(value) = self.take(property) else {
            return Ok(None);
        };
        match value.try_cast_result::<Array>() {
            Ok(list) => Ok(Some(list)),
            Err(value) => Err(self.mistyped(property, "a list", &value)),
        }
    }

    pub(super) fn switch(&mut self, property: &'static str) -> Result<bool> {
        match self.take(property) {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .map_err(|_| self.mistyped(property, "true or false", &value)),
        }
    }

    pub(super) fn count(&mut self, property: &'static str, default: usize) -> Result<usize> {
        match self.take(property) {
            None => Ok(default),
            Some(value) => value
                .as_int()
                .ok()
                .and_then(|n| usize::try_from(n).ok())
                .filter(|n| (1..=1_000_000).contains(n))
                .ok_or_else(|| self.mistyped(property, "a whole number from 1 on", &value)),
        }
    }

    /// Every property has been taken.
    pub(super) fn close(self) -> Result<()> {
        let Some(left) = self.map.keys().next() else {
            return Ok(());
        };
        let problem = self.wrong(format!("{} has no property `{left}`", self.subject()));
        Err(match nearest(left, self.known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.note(format!("It has {}.", self.known.join(", "))),
        })
    }

    pub(super) fn subject(&self) -> String {
        match self.name.as_str() {
            "" => format!("`{}()`", self.function),
            name => format!("`{name}` of `{}()`", self.function),
        }
    }

    pub(super) fn mistyped(&self, property: &str, wanted: &str, found: &Dynamic) -> Problem {
        self.wrong(format!(
            "`{property}` of {} must be {wanted}, not {}",
            self.subject(),
            found_text(found)
        ))
    }

    pub(super) fn wrong(&self, message: String) -> Problem {
        let span = self.source.declared(self.function, &self.name);
        Problem::new(Code::Script, message).at(At::Span(span))
    }
}

/// What was found where something else should be. A number by itself: it may be of the right type and still not do.
pub(super) fn found_text(found: &Dynamic) -> String {
    match (found.as_int(), found.as_float()) {
        (Ok(n), _) => n.to_string(),
        (_, Ok(x)) => x.to_string(),
        _ => noun(found.type_name()),
    }
}

pub(super) fn wrong(source: &Source, function: &str, message: String) -> Problem {
    Problem::new(Code::Script, message).at(At::Span(source.function(function)))
}

/// The entries that a function gives: a list of maps, or a map from name to map.
pub(super) fn entries<'a>(
    value: Dynamic,
    function: &'a str,
    source: &'a Source,
) -> Result<Vec<Entry<'a>>> {
    let value = match value.try_cast_result::<Array>() {
        Ok(list) => {
            let entries = list.into_iter();
            return entries
                .map(|one| Entry::new(one, function, source))
                .collect();
        }
        Err(value) => value,
    };
    let ty = value.type_name();
    let Some(map) = value.try_cast::<Map>() else {
        return Err(wrong(
            source,
            function,
            format!("`{function}()` must give a list of maps, not {}", noun(ty)),
        ));
    };
    let named = map.into_iter().map(|(name, value)| {
        let mut entry = Entry::new(value, function, source)?;
        entry.map.insert("name".into(), name.as_str().into());
        Ok(entry)
    });
    named.collect()
}
