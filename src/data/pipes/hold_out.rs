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
    let count = Amount::of(args).of_total(total);
    choice::check("hold_out", count, total)?;
    if count == total {
        return Err(choice::too_few(format!(
            "hold_out asks for all {total} records, and leaves none to train with"
        )));
    }
    let seed = args.integer("seed") as u64;
    let (rule, count) = match first_label(train.fields()) {
        _ if train.is_grouped() => {
            let whole = choice::whole_groups(&*train, count, seed).len();
            if whole == 0 {
                return Err(choice::too_few(format!(
                    "all {total} records are parts of one clip: nothing can be held out of it"
                )));
            }
            (Rule::Groups(count), whole)
        }
        Some(_) => (Rule::Shares, count),
        None => (Rule::Any, count),
    };
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
        "Where records have labels, each class gives its share. Where records are parts of longer ones, such as films cut by `frames`, whole \
         films are held out: as many as come nearest to the amount. The test split stays as it is.",
    )
    .example("hold_out(10%, seed = 0)")
}
