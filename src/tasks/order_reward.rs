//! The coherence of a reply as its reward: a network that tells the order of dialogues, trained before and held still, judges the reply as the
//! answer of the last pair of a triple (Wu et al., 2019, section 3.3).

use super::dialogue_order::{COHERENCE, TRIPLE};
use super::rollout::{Ends, words_of};
use crate::catalog::{Args, Problem, Result};
use crate::encoders::texts::own;
use crate::graph::{Comparison, Graph, Var};
use crate::language::codes::Code;

/// The parameter that names the stage of the network.
pub(super) const REWARD: &str = "reward";

/// What of a batch its order is told by.
pub(super) struct OrderReward {
    /// The first two pairs of the triple, `[B, n]` each.
    earlier: Vec<Var>,
    /// What is answered, `[B, m]`.
    asked: Var,
    /// Triples in order and out of order to compare with, `[B, n]` each.
    references: [Vec<Var>; 2],
}

impl OrderReward {
    /// Where the task names a network.
    ///
    /// # Errors
    /// The batch lacks something that it reads.
    pub fn of(g: &Graph, task: &Args) -> Result<Option<Self>> {
        if !task.values.contains_key(REWARD) {
            return Ok(None);
        }
        let lists = ["earlier", "in_order", "out_of_order"];
        let [earlier, in_order, out_of_order] = lists.map(|name| g.maybe_input_list(name));
        let asked = g.maybe_input("asked");
        let lacks = |name: &str, there: bool| (!there).then(|| name.to_owned());
        let lacking = [
            lacks("earlier", earlier.len() == TRIPLE - 1),
            lacks("asked", asked.is_some()),
            lacks("in_order", !in_order.is_empty()),
            lacks("out_of_order", !out_of_order.is_empty()),
        ];
        match (lacking.into_iter().flatten().next(), asked) {
            (None, Some(asked)) => Ok(Some(Self {
                earlier,
                asked,
                references: [in_order, out_of_order],
            })),
            (lacking, _) => {
                let name = lacking.unwrap_or_else(|| "asked".to_owned());
                let message =
                    format!("the order of a reply is told by `{name}` too, which the batch lacks");
                Err(Problem::argument(Code::Unbound, REWARD, message)
                    .note("It takes `earlier`, two pairs of turns, `asked`, and the references `in_order` and `out_of_order`.")
                    .help("`dialogues(…) |> replies(references = 1)` draws them; let the `augment` emit them in pieces"))
            }
        }
    }

    /// How likely replies are in order behind what was said before: pieces without the first one, padded, `[B, r]` → `[B]`.
    pub fn score(&self, g: &mut Graph, reply: Var, ends: Ends) -> Result<Var> {
        let Self {
            earlier,
            asked,
            references: [in_order, out_of_order],
        } = self;
        let n = g.shape(earlier[0])[1].known().unwrap_or(TRIPLE);
        let last = pair(g, [*asked, reply], ends, n)?; // [B, n]
        let target = [earlier.as_slice(), &[last]].concat();
        let lists = [
            ("target", &target),
            ("in_order", in_order),
            ("out_of_order", out_of_order),
        ];
        let inputs = lists.iter().flat_map(|(name, list)| {
            let list = list.iter().enumerate();
            list.map(move |(index, var)| (format!("{name}/{index}"), *var))
        });
        let inputs: Vec<(String, Var)> = inputs.collect();
        g.ask(REWARD, COHERENCE, &inputs)
    }
}

/// A turn and its answer as one text of at most `n` pieces, enclosed as a text is, padding behind it: `[B, m]` and `[B, r]` → `[B, n]`. What is too
/// much is cut off the end.
fn pair(g: &mut Graph, parts: [Var; 2], ends: Ends, n: usize) -> Result<Var> {
    let both = g.concat(&parts, 1)?; // [B, m + r]
    let inside = words_of(g, both, ends)?;
    // pieces first, in their order
    let real = own(g, inside)?;
    let order = g.argsort(real, 1, true)?;
    let inside = g.gather(inside, order, 1)?;
    let room = n.saturating_sub(2).max(1);
    let held = g.shape(inside)[1].known().unwrap_or(room).min(room);
    let inside = g.slice(inside, 1, 0.into(), held.into())?; // [B, h]
    let mut shape = g.shape(inside).clone();
    shape[1] = (n - 1 - held).into();
    let rest = g.full(shape, 0.0)?;
    let inside = g.to_float(inside)?;
    let inside = g.concat(&[inside, rest], 1)?; // [B, n - 1], of which the last is padding
    let real = g.clamp(inside, 0.0, 1.0)?;
    let count = g.sum(real, 1)?; // [B, 1]
    let places = g.arange((n - 1).into());
    let places = g.to_float(places)?;
    let places = g.unsqueeze(places, 0)?; // [1, n - 1]
    let end = g.compare(Comparison::Equal, places, count)?; // [B, n - 1]
    let last = g.to_float(ends.last)?;
    let last = g.mul(end, last)?;
    let inside = g.add(inside, last)?;
    let inside = g.to_int(inside)?;
    g.concat(&[ends.first, inside], 1)
}

#[cfg(test)]
#[path = "order_reward_tests.rs"]
mod tests;
