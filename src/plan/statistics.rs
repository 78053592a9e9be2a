//! Mean and standard deviation of a split's pixels, where no publisher states them.

use crate::augment::{channels_given_by, normalize};
use crate::catalog::{Call, Value};
use crate::data::{DataError, Dataset, Normalization, OnBadSample, Tally, chosen_of};
use crate::language::checked::{Augment, SampleExpr, SampleStep};

/// Records that are read at most.
const RECORDS: usize = 2000;

/// What pictures are normalised by.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalized {
    /// Mean and deviation.
    pub by: Normalization,
    /// Who says so.
    pub origin: StatisticsOrigin,
}

/// Where a mean and a deviation come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatisticsOrigin {
    /// The recipe.
    Written,
    /// The data set's publisher.
    Published,
    /// The pictures themselves.
    Measured {
        /// Records that were read.
        records: usize,
        /// Records of the split.
        of: usize,
    },
}

impl StatisticsOrigin {
    /// One word for files.
    pub fn word(self) -> &'static str {
        match self {
            StatisticsOrigin::Written => "written",
            StatisticsOrigin::Published => "published",
            StatisticsOrigin::Measured { .. } => "measured",
        }
    }

    /// `measured on 2000 of 11788 pictures of `birds.train``
    pub fn words(self, data: &str) -> String {
        match self {
            StatisticsOrigin::Written => "written in the recipe".into(),
            StatisticsOrigin::Published => format!("published with `{data}`"),
            StatisticsOrigin::Measured { records, of } => {
                format!("measured on {records} of {of} records of `{data}`")
            }
        }
    }
}

/// What `tally` makes of up to 2,000 records that stand for all, and how many were read. `on_bad`: what becomes of those that can't
/// be read.
pub fn measure(
    dataset: &dyn Dataset,
    mut tally: Tally,
    on_bad: OnBadSample,
) -> Result<(Normalization, usize), DataError> {
    let mut records = 0;
    for index in chosen_of(dataset, RECORDS) {
        if let Some(record) = on_bad.read(dataset, index)? {
            records += 1;
            tally.add(&record);
        }
    }
    Ok((tally.done(), records))
}

/// Whether `normalize()` stands somewhere in an augment, or in one that it calls, for the data set's own statistics.
pub(super) fn wants_statistics(augment: &Augment, all: &[Augment]) -> bool {
    let mut calls = augment.calls(all).into_iter();
    calls.any(|call| call.spec.name == "normalize" && normalize::wants_statistics(&call.args))
}

/// What an augment normalises by: the arguments of its `normalize`, and the data set's statistics for those that are not
/// written; `None` without one.
pub(super) fn normalized_by(
    augment: &Augment,
    all: &[Augment],
    statistics: Option<&Normalized>,
) -> Option<Normalized> {
    /// The call, with the channels that a transform before it gives.
    type Found<'a> = (&'a Call, Option<usize>);
    fn search<'a>(expr: &'a SampleExpr, all: &'a [Augment], depth: usize) -> Option<Found<'a>> {
        let mut inner = expr.head.inner().iter();
        let inner = inner.find_map(|inner| search(inner, all, depth));
        let mut channels = None;
        inner.or_else(|| {
            expr.steps.iter().find_map(|step| match step {
                SampleStep::Transform(call) if call.spec.name == "normalize" => {
                    Some((call, channels))
                }
                SampleStep::Transform(call) => {
                    channels = channels_given_by(&call.spec.name).or(channels);
                    None
                }
                SampleStep::Augment { name, .. } => all
                    .iter()
                    .find(|a| a.name == *name)
                    .and_then(|a| block(a, all, depth + 1))
                    .map(|(call, own)| (call, own.or(channels))),
            })
        })
    }
    fn block<'a>(augment: &'a Augment, all: &'a [Augment], depth: usize) -> Option<Found<'a>> {
        if depth > all.len() + 1 {
            return None;
        }
        augment
            .bindings
            .iter()
            .map(|binding| &binding.value)
            .chain(augment.emits.iter().map(|emit| &emit.value))
            .find_map(|expr| search(expr, all, depth))
    }
    let (call, channels) = block(augment, all, 0)?;
    let (args, origin) = match statistics {
        Some(own) if normalize::wants_statistics(&call.args) => {
            let by = normalize::of_channels(&own.by, channels);
            (normalize::with_statistics(&call.args, &by), own.origin)
        }
        _ => (call.args.clone(), StatisticsOrigin::Written),
    };
    let list = |name: &str| -> Option<Vec<f32>> {
        let values = args.maybe_list(name)?;
        let number = |value: &Value| match value {
            Value::Number(x) => Some(*x as f32),
            Value::Integer(n) => Some(*n as f32),
            _ => None,
        };
        Some(values.iter().filter_map(number).collect())
    };
    let by = Normalization {
        mean: list("mean")?,
        std: list("std")?,
    };
    Some(Normalized { by, origin })
}
