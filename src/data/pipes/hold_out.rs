//! `hold_out(10%)`: a valid split from the train split.

use std::sync::Arc;

use super::choice::{self, Amount, Choice, Rule};
use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Split, Type};
use crate::data::{Source, first_label};
use crate::language::codes::Code;

fn pipe(args: &Args, source: Source, _: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    let Source::All(mut splits) = source else {
        return Err(Problem::new(
            Code::WrongKind,
            "`hold_out` makes a valid split, but one split flows in",
        )
        .help("put it behind the data set: `dataset all = fashion_mnist() |> hold_out(10%)`, then `all.train` and `all.valid`"));
    };
    if splits.parts.contains_key(&Split::Valid) {
        return Err(
            Problem::new(Code::Duplicate, "the data set has a valid split already")
                .help("leave `hold_out` away"),
        );
    }
    let Some(train) = splits.parts.get(&Split::Train).cloned() else {
        return Err(Problem::new(
            Code::UnknownPart,
            "there is no train split to hold out from",
        ));
    };
    let total = train.len();
    let (amount, seed) = (Amount::of(args), args.integer("seed") as u64);
    let (rule, count) = match choice::of_groups(&*train, amount, seed) {
        Some((rule, count, groups)) => {
            choice::check_of("hold_out", amount.of_total(groups), groups, "groups")?;
            (rule, count)
        }
        None => {
            let count = amount.of_total(total);
            choice::check("hold_out", count, total)?;
            let rule = match first_label(train.fields()) {
                Some(_) => Rule::Shares,
                None => Rule::Any,
            };
            (rule, count)
        }
    };
    if count == total {
        return Err(choice::too_few(format!(
            "hold_out asks for all {total} records, and leaves none to train with"
        )));
    }
    for (split, rest) in [(Split::Train, true), (Split::Valid, false)] {
        let part = Choice::new(train.clone(), rule, count, seed, rest);
        splits.parts.insert(split, Arc::new(part));
    }
    Ok(Source::All(splits))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "hold_out",
        Kind::Pipe,
        "Takes a valid split out of the train split.",
        Make::Pipe(pipe),
    )
    .param(
        Param::required(
            "amount",
            Type::OneOf(vec![Type::Ratio, Type::Integer]),
            "How many: a part of the train split (`10%`) or a number (`500`).",
        )
        .within(0.0, 1e12),
    )
    .param(
        Param::with_default(
            "seed",
            Type::Integer,
            "0",
            "Decides which; not the run's seed.",
        )
        .within(0.0, 9e15),
    )
    .doc(
        "Where records have labels, each class gives its share. Where several belong together (`group` of `image_text`, films cut by `frames`), so many \
         of these groups are taken, each with all that is of it, whatever their labels. The test split stays as it is.",
    )
    .example("hold_out(10%, seed = 0)")
}
