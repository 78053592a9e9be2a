//! `normalize()`: mean 0 and standard deviation 1 per channel, over the training split.

use std::sync::Arc;

use super::input;
use super::{Scratch, Transform};
use crate::catalog::{
    Args, Argument, Kind, Make, Origin, Param, Problem, Result, Spec, Type, Value,
};
use crate::data::{DataError, Image, ImageType, Normalization, Philox, Sample, SampleType};
use crate::language::Span;
use crate::language::codes::Code;

/// The catalog entry.
pub fn spec() -> Spec {
    let list = || Type::List(Box::new(Type::Number));
    Spec::new(
        "normalize",
        Kind::Transform,
        "Subtracts a mean and divides by a standard deviation, per channel.",
        Make::transform(|args, input| {
                let image = ImageType::of("normalize", input)?;
                let statistics = of_args(args)?;
                let n = statistics.mean.len();
                match image.channels {
                    Some(channels) if channels != n => Err(Problem::new(
                        Code::SampleType,
                        format!("`normalize` has statistics for {n} channels, and `{input}` has {channels}"),
                    )),
                    _ => Ok(vec![input.clone()]),
                }
            }, |args, _| Ok(transform(of_args(args)?))),
    )
    .param(Param::optional("mean", list(), "One per channel, of pixels in 0..1; the data set's own where it is absent."))
    .param(Param::optional("std", list(), "One per channel, of pixels in 0..1; the data set's own where it is absent."))
    .doc("Without arguments, the published statistics of the data set that flows in; where nobody publishes any, those of up to 2,000 of its records, drawn by class, which `run.json` and an export then name. Only transforms that move pixels around may follow it.")
    .example("normalize(mean = [0.5], std = [0.25])")
}

/// The same arguments with a data set's statistics where the recipe gives none.
pub fn with_statistics(args: &Args, statistics: &Normalization) -> Args {
    let mut args = args.clone();
    for (name, values) in [("mean", &statistics.mean), ("std", &statistics.std)] {
        args.values.entry(name.to_owned()).or_insert_with(|| {
            let values = values.iter().map(|x| Value::Number(f64::from(*x)));
            Argument {
                value: Value::List(values.collect()),
                span: Span::default(),
                origin: Origin::Default,
            }
        });
    }
    args
}

/// A data set's statistics as they are of pictures that were given so many channels: of a grey one in three, each is the light; of
/// one in colour that became grey, the light of its colours, as if they rose and fell together.
pub fn of_channels(statistics: &Normalization, channels: Option<usize>) -> Normalization {
    let light = |of: &[f32]| vec![0.299 * of[0] + 0.587 * of[1] + 0.114 * of[2]];
    let of = |values: &[f32]| match (values.len(), channels) {
        (1, Some(3)) => vec![values[0]; 3],
        (3, Some(1)) => light(values),
        _ => values.to_vec(),
    };
    Normalization {
        mean: of(&statistics.mean),
        std: of(&statistics.std),
    }
}

/// Whether the recipe leaves a statistic to the data set.
pub fn wants_statistics(args: &Args) -> bool {
    !args.values.contains_key("mean") || !args.values.contains_key("std")
}

fn of_args(args: &Args) -> Result<Normalization> {
    let list = |name: &str| -> Result<Vec<f32>> {
        let values = args.maybe_list(name).ok_or_else(|| {
            Problem::new(
                Code::MissingField,
                "`normalize()` stands for the data set's own statistics, and this one publishes none",
            )
            .help("write them out: `normalize(mean = [0.49, 0.48, 0.45], std = [0.25, 0.24, 0.26])`")
        })?;
        let number = |value: &Value| match value {
            Value::Number(x) => Ok(*x as f32),
            Value::Integer(n) => Ok(*n as f32),
            other => Err(Problem::argument(
                Code::Mistyped,
                name,
                format!("`{name}` takes numbers, not {}", other.kind()),
            )),
        };
        values.iter().map(number).collect()
    };
    let (mean, std) = (list("mean")?, list("std")?);
    if mean.is_empty() || mean.len() != std.len() {
        return Err(Problem::argument(
            Code::OutOfRange,
            "std",
            format!(
                "`mean` has {} numbers and `std` has {}; both take one per channel",
                mean.len(),
                std.len()
            ),
        ));
    }
    if std.iter().any(|x| !x.is_finite() || *x <= 0.0) {
        return Err(Problem::argument(
            Code::OutOfRange,
            "std",
            "a standard deviation is above 0",
        ));
    }
    Ok(Normalization { mean, std })
}

/// The transform with these statistics.
pub fn transform(statistics: Normalization) -> Box<dyn Transform> {
    Box::new(Normalize(Arc::new(statistics)))
}

struct Normalize(Arc<Normalization>);

impl Transform for Normalize {
    fn apply(
        &self,
        input: Sample,
        _: &mut Philox,
        _: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let mut image = input::image("normalize", input)?;
        if image.channels != self.0.mean.len() {
            return Err(DataError {
                message: format!(
                    "`normalize` has statistics for {} channels; this picture has {}",
                    self.0.mean.len(),
                    image.channels
                ),
                help: None,
            });
        }
        note(&mut image, &self.0);
        out.push(Sample::image(image));
        Ok(())
    }

    fn draws(&self, _: &SampleType) -> bool {
        false
    }
}

/// Notes the statistics on the picture; a second time, they apply to what the first gives.
pub fn note(image: &mut Image, statistics: &Arc<Normalization>) {
    image.normalization = Some(match &image.normalization {
        None => statistics.clone(),
        Some(first) => {
            let both = first.mean.iter().zip(&first.std);
            let both = both.zip(statistics.mean.iter().zip(&statistics.std));
            let (mean, std) = both
                .map(|((m, s), (mean, std))| (m + s * mean, s * std))
                .unzip();
            Arc::new(Normalization { mean, std })
        }
    });
}
