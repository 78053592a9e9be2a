//! Names that refer to themselves.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::language::Diagnostic;
use crate::language::codes::Code;

impl Checker<'_> {
    /// Reports each circle of names once, at the use that closes it.
    pub(super) fn cycles(&mut self) {
        let mut uses: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, used) in self.uses.iter().enumerate() {
            uses.entry(used.by).or_default().push(index);
        }
        let mut done: BTreeSet<&str> = BTreeSet::new();
        let mut found = Vec::new();
        for start in uses.keys().copied() {
            // depth first with an own stack: names may follow each other a thousand times
            let mut path: Vec<(&str, usize)> = vec![(start, 0)];
            while let Some((name, next)) = path.pop() {
                if done.contains(name) {
                    continue;
                }
                let Some(index) = uses.get(name).and_then(|uses| uses.get(next)) else {
                    done.insert(name);
                    continue;
                };
                path.push((name, next + 1));
                let used = &self.uses[*index];
                match path.iter().position(|(other, _)| *other == used.of) {
                    Some(from) => {
                        let through: Vec<&str> =
                            path[from + 1..].iter().map(|(name, _)| *name).collect();
                        found.push((used.span, used.of.to_owned(), through.join("`, `")));
                    }
                    None if !done.contains(used.of) => path.push((used.of, 0)),
                    None => {}
                }
            }
        }
        for (span, name, through) in found {
            let message = if through.is_empty() {
                format!("`{name}` refers to itself")
            } else {
                format!("`{name}` refers to itself through `{through}`")
            };
            self.error(
                Diagnostic::error(Code::Cycle, span, message).here("the circle closes here"),
            );
        }
    }
}
