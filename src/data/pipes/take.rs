//! `take(1%)`, `take(500)`, `take(1%, per = class)`, `take(10, per = class)`.

use std::sync::Arc;

use super::choice::{self, Amount, Choice, Rule};
use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Dataset, Source, first_label};
use crate::language::codes::Code;

fn take(args: &Args, base: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>> {
    let amount = Amount::of(args);
    let total = base.len();
    let label = first_label(base.fields()).map(|(_, label)| label.classes);
    let (rule, count) = match (args.maybe_word("per"), amount) {
        (None, _) => (Rule::Any, amount.of_total(total)),
        (Some(_), Amount::Part(_)) => (Rule::Shares, amount.of_total(total)),
        (Some(_), Amount::Count(n)) => {
            let classes = label.flatten().ok_or_else(|| {
                Problem::argument(
                    Code::TooFewSamples,
                    "per",
                    "the number of classes is not known",
                )
                .help("take a part of each class: `take(10%, per = class)`")
            })?;
            (Rule::Each(n), n.saturating_mul(classes))
        }
    };
    if rule != Rule::Any {
        let Some(classes) = label else {
            return Err(Problem::argument(
                Code::UnknownPart,
                "per",
                "records have no label to choose by",
            ));
        };
        if count < classes.unwrap_or(1) && count > 0 {
            return Err(choice::too_few(format!(
                "{count} records can't hold one of each of {} classes",
                classes.unwrap_or(1)
            )));
        }
    }
    choice::check("take", count, total)?;
    let seed = args.integer("seed") as u64;
    Ok(Arc::new(Choice::new(base, rule, count, seed, false)))
}

fn pipe(args: &Args, source: Source, _: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    source.map(|part| take(args, part))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "take",
        Kind::Pipe,
        "Keeps some of the records, chosen by a seed.",
        Make::Pipe(pipe),
    )
    .param(
        Param::required(
            "amount",
            Type::OneOf(vec![Type::Ratio, Type::Integer]),
            "How many: a part of each split (`1%`) or a number (`500`).",
        )
        .within(0.0, 1e12),
    )
    .param(Param::optional(
        "per",
        Type::Choice(&["class"]),
        "`class`: the part of each class, or so many of each class.",
    ))
    .param(
        Param::with_default(
            "seed",
            Type::Integer,
            "0",
            "Decides which; not the run's seed.",
        )
        .within(0.0, 9e15),
    )
    .doc("Records keep their order. With the same seed a smaller choice is part of a larger one.")
    .example("take(1%, per = class)")
}
