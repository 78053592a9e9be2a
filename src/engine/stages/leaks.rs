//! Whether records that judge an encoder are nearly the same as records that it is judged with: looked for where the features of both are read
//! anyway, with a bounded amount of work.

use std::collections::{BTreeMap, BTreeSet};

use super::failure::{Failure, disk};
use super::work::{Whose, Work};
use super::{Run, Watch};
use crate::augment::preview::Looks;
use crate::engine::products;
use crate::evaluation::{Column, Features, Form, Pair, Search, normalize_rows};
use crate::plan::{Body, DataView, Evaluation};
use crate::report::{LEAKS, Leak, Leaks};

/// The least cosine of two records that are looked at closer.
const ALIKE: f32 = 0.99;
/// The least correlation of the pixels of two that are nearly the same.
const SAME: f32 = 0.95;
/// Multiplications: a second or two.
const WORK: usize = 50_000_000_000;
/// Numbers of the features of the first split, which are held once more meanwhile.
const NUMBERS: usize = 50_000_000;
/// Records that are looked at in any case where there is anything to look at.
const FEWEST: usize = 200;
/// Pairs that are looked at closer.
const CLOSER: usize = 200;
/// Pairs that are kept for the report.
const KEPT: usize = 20;

/// The two splits whose rows a stage reads, where it reads two.
fn splits(evaluation: &Evaluation) -> Option<(&DataView, &DataView)> {
    let rows = |split: &&crate::plan::Asked| split.want.form == Form::Rows && split.want.required;
    let mut splits = evaluation.splits.iter().filter(rows);
    let (first, second) = (splits.next()?, splits.next()?);
    (first.data.text != second.data.text).then_some((&first.data, &second.data))
}

impl Run<'_> {
    /// Looks for records of the second split in the first, in the first stage that reads these two.
    pub(super) fn leaks(
        &self,
        work: &Work<'_>,
        read: &[&Features],
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let (Whose::Column(Column::Trained), Some(directory)) = (&work.whose, work.directory)
        else {
            return Ok(());
        };
        let ([data, test, ..], Some((first, second))) = (read, splits(work.evaluation)) else {
            return Ok(());
        };
        let texts = |(a, b): (&DataView, &DataView)| (a.text.clone(), b.text.clone());
        let mut before = self.plan.stages.iter();
        let before = before.find(|stage| match &stage.body {
            Body::Evaluate(other) => splits(other).map(texts) == Some(texts((first, second))),
            _ => false,
        });
        if before.is_some_and(|stage| stage.name != work.stage.name) {
            return Ok(());
        }
        let Some(found) = self.leaked((data, first), (test, second))? else {
            return Ok(());
        };
        if found.leaked > 0 {
            watch.warn(&format!(
                "{} · {}: what is measured by them is too good; `pretext duplicates` lists them",
                work.stage.name,
                found.line()
            ));
        }
        let written = directory.folder.write_json(LEAKS, &found);
        written.map_err(|error| disk(&directory.path_of(LEAKS), &error))
    }

    /// `None`: there is too much to look at, or nothing that can be compared.
    fn leaked(
        &self,
        (data, first): (&Features, &DataView),
        (test, second): (&Features, &DataView),
    ) -> Result<Option<Leaks>, Failure> {
        let place = data.dims.len().saturating_sub(1);
        let (Some(&width), Some(&other)) = (data.dims.get(place), test.dims.get(place)) else {
            return Ok(None);
        };
        let numbers = data.records.saturating_mul(width);
        let most = WORK / numbers.max(1);
        if width == 0 || width != other || numbers > NUMBERS || most < FEWEST.min(test.records) {
            return Ok(None);
        }
        let chosen = test.chosen(most);
        let mut rows = data.places[place].clone();
        rows.extend(chosen.iter().flat_map(|row| test.row(place, *row)));
        normalize_rows(&mut rows, width);
        let search = Search {
            rows: &rows,
            width,
            parts: &[0, data.records],
            between: true,
            least: ALIKE,
            most: CLOSER,
        };
        let found = search.run(
            &mut |a, b| products(&self.device, a, b, width).map_err(Failure::from),
            &mut |_| Ok(()),
        )?;
        let place_of = |pair: &Pair| {
            let own = chosen.get(pair.b.checked_sub(data.records)?)?;
            let index = |features: &Features, row: usize| features.numbers.get(row).copied();
            Some((index(data, pair.a)? as usize, index(test, *own)? as usize))
        };
        let (mut leaked, mut pairs) = (BTreeSet::new(), Vec::new());
        let mut looks: BTreeMap<(bool, usize), Option<Looks>> = BTreeMap::new();
        for pair in &found.pairs {
            let Some((a, b)) = place_of(pair) else {
                continue;
            };
            for (key, view) in [((true, a), first), ((false, b), second)] {
                let own = || Looks::of(&*view.dataset, key.1);
                looks.entry(key).or_insert_with(own);
            }
            let look = |key| looks.get(&key).and_then(Option::as_ref);
            let both = look((true, a)).zip(look((false, b)));
            let Some(pixels) = both.and_then(|(a, b)| a.correlation(b)) else {
                continue;
            };
            if pixels >= SAME {
                leaked.insert(b);
                pairs.push(Leak {
                    cosine: f64::from(pair.cosine),
                    pixels: f64::from(pixels),
                    test: named(second, b),
                    data: named(first, a),
                });
            }
        }
        // what has no pixels can't be told apart like this
        if !looks.is_empty() && looks.values().all(Option::is_none) {
            return Ok(None);
        }
        pairs.truncate(KEPT);
        Ok(Some(Leaks {
            data: first.text.clone(),
            test: second.text.clone(),
            among: data.records as u64,
            looked: chosen.len() as u64,
            of: test.records as u64,
            cosine: f64::from(ALIKE),
            pixels: f64::from(SAME),
            leaked: leaked.len() as u64,
            at_least: found.count > found.pairs.len() as u64,
            pairs,
        }))
    }
}

/// A record by its file or its number, with its class.
fn named(view: &DataView, index: usize) -> String {
    let dataset = &view.dataset;
    let origin = dataset.origin(index);
    let name = origin.unwrap_or_else(|| format!("#{}", dataset.id(index)));
    let class = dataset.class(index).ok().flatten();
    let class = class.and_then(|class| dataset.class_names().get(class as usize));
    class.map_or(name.clone(), |class| format!("{name} ({class})"))
}
