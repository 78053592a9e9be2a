//! Whether a training can go on from where a shorter one ended, or stop where a longer one went through: its steps must be those of
//! any other length.

use super::types::{Body, StagePlan};
use super::{Decay, Schedule};
use crate::graph::{Graph, Moment, Op, Scalar};

/// The field that says how long a stage trains.
pub const LENGTH: &str = "length";

impl StagePlan {
    /// Why its first steps would be others were it trained for another length; `None`: they would be the same, to the bit.
    pub fn depends_on_length(&self) -> Option<String> {
        let Body::Train(training) = &self.body else {
            return Some("only a `pretext` stage keeps what it takes to train on".into());
        };
        let settings = &training.settings;
        if let Some(word) = follows_the_end(&settings.schedule) {
            return Some(format!("`schedule = {word}(…)` depends on the length"));
        }
        if settings.watches() {
            let field = match settings.best {
                Some(_) => "checkpoint = best(…)",
                None => "stop = early(…)",
            };
            return Some(format!("`{field}` chooses among all that was read"));
        }
        if settings.stop_collapsed {
            return Some("`stop` may have ended it".into());
        }
        let graphs = std::iter::once(&training.graph).chain(&training.shorter);
        let ramps = graphs.flat_map(scalars).any(of_the_whole);
        ramps.then(|| {
            let task = &training.task.spec.name;
            format!("`{task}` has a schedule of its own over the whole length")
        })
    }
}

/// The word of a schedule that is another one for another length.
fn follows_the_end(schedule: &Schedule) -> Option<&str> {
    match &schedule.decay {
        Decay::Constant => None,
        Decay::Cosine { .. } => Some("cosine"),
        Decay::Linear { .. } => Some("linear"),
        Decay::Step { .. } => Some("step"),
        Decay::Script(function) => Some(function.name.trim_end_matches(".rhai")),
    }
}

/// Every number of a graph that changes with the step.
fn scalars(graph: &Graph) -> impl Iterator<Item = &Scalar> {
    let nodes = graph.nodes.iter().filter_map(|node| match &node.op {
        Op::Scalar(scalar) | Op::When(scalar) => Some(scalar),
        _ => None,
    });
    nodes.chain(graph.emas.iter().map(|ema| &ema.momentum))
}

fn of_the_whole(scalar: &Scalar) -> bool {
    let fraction = |moment: &Moment| matches!(moment, Moment::Fraction(_));
    match scalar {
        Scalar::Constant(_) => false,
        Scalar::Ramp {
            from,
            to,
            start,
            end,
            ..
        } => from != to && (fraction(start) || fraction(end)),
        Scalar::After(moment) => fraction(moment),
        // nobody knows what it reads of the clock
        Scalar::Script(_) => true,
    }
}
