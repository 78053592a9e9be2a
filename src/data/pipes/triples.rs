//! `triples(ordered = 50%)`: three pairs of turns of a dialogue, in their order or in another.

use std::sync::Arc;

use super::made::{self, From, Making};
use super::target::{LEAST, TARGET, Target, pairs};
use super::turns::{self, TRIES};
use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Dataset, Philox, Record, Sample, SampleType, Source};
use crate::language::codes::Code;

/// Raised when other triples are drawn.
const VERSION: u32 = 2;
/// Classes of `ordered`.
const CLASSES: [&str; 2] = ["misordered", "ordered"];

struct Triples {
    /// The field of the turns.
    at: usize,
    /// How many targets of a hundred are in order, as a share.
    ordered: f64,
    /// Reference triples of each kind.
    references: usize,
    /// Fewest turns of a dialogue.
    turns: usize,
    /// The last pair of a target is of another dialogue.
    stranger: bool,
    classes: Vec<String>,
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
            "triples {VERSION} {} {} {} {}{last}",
            self.at, self.ordered, self.references, self.turns
        )
    }

    fn record(&self, from: &From<'_>) -> std::result::Result<Record, DataError> {
        let mut draws = from.draws.clone();
        let needs = &format_args!("{} turns, as triples need", self.turns);
        let (own, turns, mut record) =
            turns::of_length(from, self.at, self.turns, &mut draws, needs)?;
        let pairs = pairs(&turns);
        let ordered = draws.chance(self.ordered);
        let drawn = Target::draw(&mut draws, pairs.len());
        let mut target = drawn.target(&pairs, &mut draws, ordered);
        let [in_order, out_of_order] = drawn.references(&pairs, &mut draws, self.references);
        if self.stranger {
            // drawn last: all else is what it is without
            target[TARGET - 1] = self.of_another(from, own, &mut draws)?;
        }
        let fields = [target, in_order, out_of_order].map(Sample::list);
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
        turns: args.size("turns"),
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
    .param(
        Param::with_default(
            "turns",
            Type::Integer,
            "12",
            "Fewest turns of a dialogue. Below 12 references share pairs with the target, which tells of its order.",
        )
        .within(2.0 * LEAST as f64, 1e6),
    )
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
         In place of a dialogue of fewer than twelve turns another one of the same split is drawn: five pairs must come before the target's last so \
         that two are the target's and three the references'. With `turns = 8` shorter ones are read as well, where two of four or five pairs are not \
         enough for a reference: it has one or both of the target's besides, and tells where these belong. Put `take` and `hold_out` before it.",
    )
    .example("triples(ordered = 50%)")
}

#[cfg(test)]
#[path = "triples_tests.rs"]
mod tests;
