//! `replies(context = 2)`: a turn of a dialogue, and those before it.

use std::sync::Arc;

use super::made::{self, From, Making};
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
}

impl Making for Replies {
    fn what(&self) -> String {
        format!("replies {VERSION} {} {}", self.at, self.context)
    }

    fn record(&self, from: &From<'_>) -> std::result::Result<Record, DataError> {
        let mut draws = from.draws.clone();
        let needs = &"two turns, as a reply needs";
        let (_, turns, mut record) = turns::of_length(from, self.at, 2, &mut draws, needs)?;
        let reply = 1 + draws.below(turns.len() as u32 - 1) as usize;
        let before = &turns[reply.saturating_sub(self.context)..reply];
        let context = before.iter().map(|turn| Sample::text(turn.clone()));
        let fields = [
            Sample::list(context.collect()),
            Sample::text(turns[reply].clone()),
        ];
        record.splice(self.at..=self.at, fields);
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
    let others = [("context", list), ("reply", SampleType::TEXT)];
    let fields = made::instead(base.fields(), at, &others)?;
    let making = Replies {
        at,
        context: args.size("context"),
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
    .param(Param::optional(
        "field",
        Type::Field,
        "The field of the turns, where records have several lists of texts.",
    ))
    .doc(
        "Takes `list(text)`, as the turns of `dialogues` are. Each time a record is read, a turn of the dialogue is drawn that another comes \
         before, each as likely as another: `reply: text`. `context: list(text)` are the turns before it, the first ones of a dialogue as many as \
         there are; `context |> join(vocabulary = pieces)` makes one text in pieces of them. Other fields stay.\n\n\
         In place of a dialogue of one turn another one of the same split is drawn. Put `take` and `hold_out` before it.",
    )
    .example("replies(context = 2)")
}

#[cfg(test)]
#[path = "replies_tests.rs"]
mod tests;
