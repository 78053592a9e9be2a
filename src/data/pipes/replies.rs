//! `replies(context = 2)`: a turn of a dialogue, and those before it.

use std::sync::Arc;

use super::made::{self, From, Making};
use super::target::{Target, pairs};
use super::turns;
use crate::catalog::{Args, Data, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{DataError, Dataset, Record, Sample, SampleType, Source};
use crate::language::codes::Code;

/// Raised when other turns are drawn.
const VERSION: u32 = 1;

struct Replies {
    /// The field of the turns.
    at: usize,
    /// Most turns before a reply.
    context: usize,
    /// Reference triples of each kind that its order is told by; 0: it has none.
    references: usize,
}

/// Turns of a dialogue with references.
const TURNS: usize = 12;

impl Making for Replies {
    fn what(&self) -> String {
        let references = match self.references {
            0 => String::new(),
            n => format!(" {n}"),
        };
        format!("replies {VERSION} {} {}{references}", self.at, self.context)
    }

    fn record(&self, from: &From<'_>) -> std::result::Result<Record, DataError> {
        let mut draws = from.draws.clone();
        let (least, needs) = match self.references {
            0 => (2, "two turns, as a reply needs"),
            _ => (TURNS, "12 turns, as a reply with references needs"),
        };
        let (_, turns, mut record) = turns::of_length(from, self.at, least, &mut draws, &needs)?;
        let mut beside = Vec::new();
        let reply = match self.references {
            0 => 1 + draws.below(turns.len() as u32 - 1) as usize,
            n => {
                let pairs = pairs(&turns);
                let target = Target::draw(&mut draws, pairs.len());
                let [first, second, last] = target.chosen;
                let earlier = [first, second].map(|pair| pairs[pair].clone());
                beside.push(Sample::list(earlier.to_vec()));
                beside.push(Sample::text(turns[2 * last].clone()));
                let references = target.references(&pairs, &mut draws, n);
                beside.extend(references.map(Sample::list));
                2 * last + 1
            }
        };
        let before = &turns[reply.saturating_sub(self.context)..reply];
        let context = before.iter().map(|turn| Sample::text(turn.clone()));
        let fields = [
            Sample::list(context.collect()),
            Sample::text(turns[reply].clone()),
        ];
        record.splice(self.at..=self.at, fields.into_iter().chain(beside));
        Ok(record)
    }
}

fn drawn(args: &Args, base: Arc<dyn Dataset>) -> Result<Arc<dyn Dataset>> {
    let list = SampleType::list(SampleType::TEXT, None);
    let at = made::field("replies", args.maybe_word("field"), base.fields(), &list)?;
    if base.is_empty() || base.len() > u32::MAX as usize {
        let message = format!("replies can't be drawn from {} records", base.len());
        return Err(Problem::new(Code::TooFewSamples, message));
    }
    let references = args.size("references");
    let several = |n: usize| SampleType::list(SampleType::TEXT, Some(n));
    let mut others = vec![("context", list), ("reply", SampleType::TEXT)];
    if references > 0 {
        others.extend([
            ("earlier", several(2)),
            ("asked", SampleType::TEXT),
            ("in_order", several(3 * references)),
            ("out_of_order", several(3 * references)),
        ]);
    }
    let fields = made::instead(base.fields(), at, &others)?;
    let making = Replies {
        at,
        context: args.size("context"),
        references,
    };
    Ok(made::made("replies", base, fields, making))
}

fn pipe(args: &Args, source: Source, _: &dyn Fn(&Data) -> Result<Source>) -> Result<Source> {
    source.map(|part| drawn(args, part))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "replies",
        Kind::Pipe,
        "Draws a turn of each dialogue, and the turns before it.",
        Make::Pipe(pipe),
    )
    .paper(
        "Vinyals & Le, 2015",
        "A Neural Conversational Model",
        "arXiv:1506.05869",
    )
    .param(
        Param::with_default("context", Type::Integer, "2", "Most turns before a reply.")
            .within(1.0, 64.0),
    )
    .param(
        Param::with_default(
            "references",
            Type::Integer,
            "0",
            "Triples of each kind that are drawn to tell the order of a reply by, as `triples` draws them; 0: none.",
        )
        .within(0.0, 16.0),
    )
    .param(Param::optional(
        "field",
        Type::Field,
        "The field of the turns, where records have several lists of texts.",
    ))
    .doc(
        "Takes `list(text)`, as the turns of `dialogues` are. Each time a record is read, a turn of the dialogue is drawn that another comes \
         before, each as likely as another: `reply: text`. `context: list(text)` are the turns before it, the first ones of a dialogue as many as \
         there are; `context |> join(vocabulary = pieces)` makes one text in pieces of them. Other fields stay.\n\n\
         With `references` a network of `dialogue_order` can judge the reply (Wu et al., 2019): it is then the answer of the last pair of a target \
         as `triples` draws one, and beside it stand `earlier: text * 2`, the target's first two pairs, `asked: text`, the turn that it answers, and \
         `in_order` and `out_of_order`, three texts for each reference. A dialogue has twelve turns or more then.\n\n\
         In place of a dialogue of one turn, or of fewer than twelve, another one of the same split is drawn. Put `take` and `hold_out` before it.",
    )
    .example("replies(context = 2)")
}

#[cfg(test)]
#[path = "replies_tests.rs"]
mod tests;
