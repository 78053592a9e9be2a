//! `triples(ordered = 50%)`: three pairs of turns of a dialogue, in their order or in another.

use std::sync::Arc;

use super::made::{self, From, Making};
use super::turns::{self, TRIES};
use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Dataset, Philox, Record, Sample, SampleType, Source};
use crate::language::codes::Code;

/// Raised when other triples are drawn.
const VERSION: u32 = 1;
/// Classes of `ordered`.
const CLASSES: [&str; 2] = ["misordered", "ordered"];
/// Pairs of turns of the shortest dialogue: three before the last of a triple.
const LEAST: usize = 4;
/// Pairs of a target.
const TARGET: usize = 3;

struct Triples {
    /// The field of the turns.
    at: usize,
    /// How many targets of a hundred are in order, as a share.
    ordered: f64,
    /// Reference triples of each kind.
    references: usize,
    /// The last pair of a target is of another dialogue.
    stranger: bool,
    classes: Vec<String>,
}

/// Orders of three but their own.
const OTHERS: [[usize; 3]; 5] = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// `k` different numbers below `n`, rising (Floyd's way).
fn some(draws: &mut Philox, k: usize, n: usize) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::with_capacity(k);
    for most in n - k..n {
        let one = draws.below(most as u32 + 1) as usize;
        chosen.push(if chosen.contains(&one) { most } else { one });
    }
    chosen.sort_unstable();
    chosen
}

/// Three pairs, in this order or in another.
fn triple(pairs: &[Sample], chosen: &[usize], draws: &mut Philox, ordered: bool) -> Vec<Sample> {
    let order = match ordered {
        true => [0, 1, 2],
        false => OTHERS[draws.below(OTHERS.len() as u32) as usize],
    };
    order.iter().map(|at| pairs[chosen[*at]].clone()).collect()
}

/// Turns in pairs, each as one text; a last one alone is left.
fn pairs(turns: &[Arc<str>]) -> Vec<Sample> {
    let pairs = turns.chunks_exact(2);
    pairs.map(|pair| Sample::text(pair.join(" "))).collect()
}

impl Triples {
    /// Any pair of any dialogue but this one.
    fn of_another(
        &self,
        from: &From<'_>,
        own: usize,
        draws: &mut Philox,
    ) -> std::result::Result<Sample, DataError> {
        for _ in 0..TRIES {
            let other = draws.below(from.records() as u32) as usize;
            if other == own {
                continue;
            }
            let (turns, _) = turns::turns(from, self.at, other)?;
            let mut pairs = pairs(&turns);
            if !pairs.is_empty() {
                return Ok(pairs.swap_remove(draws.below(pairs.len() as u32) as usize));
            }
        }
        Err(DataError::new(format!(
            "none of {TRIES} dialogues drawn beside record {} is another one with two turns",
            from.index
        )))
    }
}

impl Making for Triples {
    fn what(&self) -> String {
        let last = if self.stranger { " another" } else { "" };
        format!(
            "triples {VERSION} {} {} {}{last}",
            self.at, self.ordered, self.references
        )
    }

    fn record(&self, from: &From<'_>) -> std::result::Result<Record, DataError> {
        let mut draws = from.draws.clone();
        let least = 2 * LEAST;
        let needs = &format_args!("{least} turns, as triples need");
        let (own, turns, mut record) = turns::of_length(from, self.at, least, &mut draws, needs)?;
        let pairs = pairs(&turns);
        let ordered = draws.chance(self.ordered);
        let last = LEAST - 1 + draws.below((pairs.len() - LEAST + 1) as u32) as usize;
        let mut chosen = some(&mut draws, 2, last);
        chosen.push(last);
        let mut target = triple(&pairs, &chosen, &mut draws, ordered);
        let mut references = |ordered: bool| {
            let mut all = Vec::with_capacity(3 * self.references);
            for _ in 0..self.references {
                let chosen = some(&mut draws, 3, last);
                all.extend(triple(&pairs, &chosen, &mut draws, ordered));
            }
            Sample::list(all)
        };
        let (in_order, out_of_order) = (references(true), references(false));
        if self.stranger {
            // drawn last: all else is what it is without
            target[TARGET - 1] = self.of_another(from, own, &mut draws)?;
        }
        let fields = [Sample::list(target), in_order, out_of_order];
        record.splice(self.at..=self.at, fields);
        record.push(Sample::label(u32::from(ordered && !self.stranger)));
        Ok(record)
    }

    fn class_names(&self) -> &[String] {
        &self.classes
    }
}

fn drawn(args: &Args, base: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>> {
    let list = SampleType::list(SampleType::TEXT, None);
    let at = made::field("triples", args.maybe_word("field"), base.fields(), &list)?;
    if base.is_empty() || base.len() > u32::MAX as usize {
        let message = format!("triples can't be drawn from {} records", base.len());
        return Err(Problem::new(Code::TooFewSamples, message));
    }
    let references = args.size("references");
    let several = |n: usize| SampleType::list(SampleType::TEXT, Some(n));
    let others = [
        ("target", several(3)),
        ("in_order", several(3 * references)),
        ("out_of_order", several(3 * references)),
    ];
    let mut fields = made::instead(base.fields(), at, &others)?;
    if fields.iter().any(|(name, _)| name == "ordered") {
        return Err(
            Problem::new(Code::Duplicate, "records have a field `ordered` already")
                .help("drop it before: `|> without(ordered)`"),
        );
    }
    fields.push(("ordered".into(), SampleType::label(CLASSES.len())));
    let making = Triples {
        at,
        ordered: args.ratio("ordered"),
        references,
        stranger: args.word("last") == "another",
        classes: CLASSES.map(str::to_owned).to_vec(),
    };
    Ok(made::made("triples", base, fields, making))
}

fn pipe(args: &Args, source: Source, _: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    source.map(|part| drawn(args, part))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "triples",
        Kind::Pipe,
        "Draws three pairs of turns of each dialogue, in their order or in another, and others beside them to compare with.",
        Make::Pipe(pipe),
    )
    .paper(
        "Wu et al., 2019",
        "Self-Supervised Dialogue Learning",
        "arXiv:1907.00448",
    )
    .param(
        Param::with_default("ordered", Type::Ratio, "50%", "How many of the targets are in order.").within(0.0, 1.0),
    )
    .param(
        Param::with_default("references", Type::Integer, "1", "Triples of each kind that are drawn to compare with.").within(1.0, 16.0),
    )
    .param(Param::with_default(
        "last",
        Type::Choice(&["own", "another"]),
        "own",
        "Whose the last pair of a target is: the dialogue's own, or any of another dialogue of the split, which makes it `misordered`.",
    ))
    .param(Param::optional(
        "field",
        Type::Field,
        "The field of the turns, where records have several lists of texts.",
    ))
    .doc(
        "Takes `list(text)`, as the turns of `dialogues` are. Turns are paired: what was said, and what was answered, as one text with a space \
         between; an odd last turn has no pair. Each time a record is read, a pair of the dialogue is drawn that three others come before, and two of \
         these: the target. Half of the targets are in order, the others in one of the five other orders. To compare with, `references` triples in order and \
         as many out of order are drawn from the pairs before the target's last. Fields: `target: text * 3`, `in_order: text * 3` and `out_of_order: text * \
         3` (of several references one triple after the other), and last `ordered: label(2)`: 0 (`misordered`) or 1 (`ordered`); other fields stay. \
         With one seed, `ordered = 100%`, `ordered = 0%` and `last = another` draw the same pairs: continuations to be judged beside one another.\n\n\
         In place of a dialogue of fewer than eight turns another one of the same split is drawn. Put `take` and `hold_out` before it.",
    )
    .example("triples(ordered = 50%)")
}

#[cfg(test)]
#[path = "triples_tests.rs"]
mod tests;
