//! Data sets of a recipe: opened, a split as a stage sees it, the statistics of its pictures.

use std::collections::BTreeMap;

use super::build::{Planner, Purpose, describe, is_about_files};
use super::statistics::{Normalized, StatisticsOrigin};
use super::types::DataView;
use crate::catalog::{Args, Data, DataSource, Problem, Split};
use crate::data::{OnBadSample, Source, Splits, Tally};
use crate::language::checked::DatasetItem;
use crate::language::codes::Code;
use crate::language::{Diagnostic, Severity, Span};

impl Planner<'_> {
    pub(super) fn open_datasets(&mut self) {
        let lost = self.recipe.failed.items.iter();
        self.poisoned.extend(
            lost.filter(|name| self.recipe.datasets.iter().all(|item| item.name != **name))
                .cloned(),
        );
        // by what is called, so that records that are named twice are known to be the same
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for item in in_order(&self.recipe.datasets) {
            let mut data = item.data.clone();
            if let DataSource::Call(call) = &item.data.source {
                let called = crate::language::call_text(call);
                match known.get(&called) {
                    Some(first) if self.opened.contains_key(first) => {
                        data.source = DataSource::Named {
                            dataset: first.clone(),
                            split: None,
                        };
                    }
                    _ if data.pipes.is_empty() => {
                        known.insert(called, item.name.clone());
                    }
                    _ => {}
                }
            }
            match crate::data::open(&data, &self.opened, self.places) {
                Ok(Source::All(splits)) => {
                    for remark in &splits.remarks {
                        self.diagnostics.push(Diagnostic::warning(
                            Code::Download,
                            item.name_span,
                            remark.clone(),
                        ));
                    }
                    for doubt in &splits.doubts {
                        self.diagnostics.push(doubted(doubt, item.name_span));
                    }
                    if let Some(found) = &splits.found {
                        self.found.push((item.name.clone(), found.clone()));
                    }
                    self.opened.insert(item.name.clone(), splits);
                }
                Ok(Source::One(dataset)) => {
                    // `dataset few = fashion.train |> take(1%)` is a data set whose records are its training split
                    let mut splits = Splits::default();
                    splits.parts.insert(Split::Train, dataset);
                    self.opened.insert(item.name.clone(), splits);
                }
                Err(problem) => {
                    self.poisoned.push(item.name.clone());
                    let doubtful = self.recipe.failed.items.contains(&item.name);
                    if !self.uses_poisoned(&item.data)
                        && (!doubtful || is_about_files(problem.code))
                    {
                        self.data_problem(&item.data, problem);
                    }
                }
            }
        }
    }

    fn uses_poisoned(&self, data: &Data) -> bool {
        data.named()
            .iter()
            .any(|name| self.poisoned.iter().any(|lost| lost == name))
    }

    fn data_problem(&mut self, data: &Data, problem: Problem) {
        let call = match &data.source {
            DataSource::Call(call) => Some(call),
            DataSource::Named { .. } | DataSource::Beside(_) => data.pipes.last(),
        };
        let diagnostic = describe(&problem, data.span, call);
        self.diagnostics.push(diagnostic);
    }

    /// The split that a field names; `None` once the error is noted.
    pub fn view(&mut self, args: &Args, field: &str) -> Option<DataView> {
        let data = args.maybe_data(field)?;
        if self.uses_poisoned(data) {
            return None;
        }
        match crate::data::open(data, &self.opened, self.places) {
            Ok(Source::One(dataset)) => Some(DataView {
                text: squeeze(self.recipe.sources.text(data.span)),
                dataset,
                span: data.span,
            }),
            Ok(Source::All(splits)) => {
                let names: Vec<&str> = splits.parts.keys().map(|split| split.name()).collect();
                let text = squeeze(self.recipe.sources.text(data.span));
                let mut diagnostic = Diagnostic::error(
                    Code::UnknownPart,
                    data.span,
                    format!("`{field}` wants one split of `{text}`"),
                )
                .here("this is the whole data set");
                for name in names {
                    diagnostic = diagnostic.help(format!("write `{text}.{name}`"));
                }
                self.diagnostics.push(diagnostic);
                None
            }
            Err(problem) => {
                let DataSource::Named { dataset, .. } = &data.source else {
                    self.data_problem(data, problem);
                    return None;
                };
                if !self.recipe.failed.items.contains(dataset) {
                    self.data_problem(data, problem);
                    return None;
                }
                // the split may come from a pipe that is wrong: another one has records of the same kind
                let (_, any) = self.opened.get(dataset)?.parts.first_key_value()?;
                Some(DataView {
                    text: squeeze(self.recipe.sources.text(data.span)),
                    dataset: any.clone(),
                    span: data.span,
                })
            }
        }
    }

    /// Statistics of a split's pictures: the publisher's, else computed from the records when running, what becomes of those
    /// that can't be read `on_bad` says. `Err(())`: the error is noted.
    pub fn statistics(
        &mut self,
        view: &DataView,
        on_bad: OnBadSample,
    ) -> std::result::Result<Option<Normalized>, ()> {
        if let Some(by) = view.dataset.normalization() {
            let origin = StatisticsOrigin::Published;
            return Ok(Some(Normalized { by, origin }));
        }
        let Some(tally) = Tally::of(view.dataset.fields()) else {
            return Ok(None);
        };
        if self.purpose == Purpose::Check {
            let by = tally.stand_in();
            let origin = StatisticsOrigin::Measured { records: 0, of: 0 };
            return Ok(Some(Normalized { by, origin }));
        }
        let key = (view.text.clone(), on_bad);
        if let Some(known) = self.statistics.get(&key) {
            return known.clone().map(Some).ok_or(());
        }
        match super::statistics::measure(&*view.dataset, tally, on_bad) {
            Ok((by, records)) => {
                let of = view.dataset.len();
                let origin = StatisticsOrigin::Measured { records, of };
                let found = Normalized { by, origin };
                self.statistics.insert(key, Some(found.clone()));
                Ok(Some(found))
            }
            Err(error) => {
                self.statistics.insert(key, None);
                let mut diagnostic =
                    Diagnostic::error(Code::BadFile, view.span, error.message.clone());
                if let Some(help) = error.help {
                    diagnostic = diagnostic.help(help);
                }
                self.diagnostics.push(
                    diagnostic
                        .note(
                            "`normalize()` stands for the mean and the deviation of these records.",
                        )
                        .help(
                            "write `on_bad_sample = skip` in the stage to go without such records, or `repair` to take what there is of them",
                        ),
                );
                Err(())
            }
        }
    }
}

/// One line of text without doubled blanks.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A warning of a data set.
fn doubted(problem: &Problem, span: Span) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        ..describe(problem, span, None)
    }
}

/// Data sets with what each is made of before it, otherwise as they are written.
fn in_order(items: &[DatasetItem]) -> Vec<&DatasetItem> {
    let index: BTreeMap<&str, usize> = items
        .iter()
        .enumerate()
        .map(|(index, item)| (item.name.as_str(), index))
        .collect();
    let mut seen = vec![false; items.len()];
    let mut ordered = Vec::new();
    for start in 0..items.len() {
        // depth first with an own stack; an item is pushed again to come after what it names
        let mut stack = vec![(start, false)];
        while let Some((at, after)) = stack.pop() {
            if after {
                ordered.push(&items[at]);
                continue;
            }
            // also where a circle, which has been reported, comes back to it
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            stack.push((at, true));
            let named = items[at].data.named();
            let known = named.into_iter().rev().filter_map(|name| index.get(name));
            stack.extend(known.map(|named| (*named, false)));
        }
    }
    ordered
}
