//! The learning-rate schedules a recipe may name. All of them may warm up.

use super::{Decay, Schedule};
use crate::catalog::{Args, Kind, Make, Param, Preset, Result, Spec, Type, Value};

fn with_warmup(spec: Spec) -> Spec {
    spec.param(
        Param::with_default(
            "warmup",
            Type::Duration,
            "0 steps",
            "The rate rises linearly from near zero for this long; the decay takes the rest of the run.",
        )
        .within(0.0, 1e9),
    )
}

fn floor() -> Param {
    Param::with_default(
        "floor",
        Type::Ratio,
        "0%",
        "Where it ends, as a part of the base rate.",
    )
    .within(0.0, 1.0)
}

fn schedule(args: &Args, decay: Decay) -> Result<Schedule> {
    Ok(Schedule {
        warmup: args.maybe_duration("warmup"),
        decay,
    })
}

/// `constant`, `cosine`, `linear`, `step`
pub fn specs() -> Vec<Spec> {
    vec![
        with_warmup(Spec::new(
            "constant",
            Kind::Schedule,
            "The base rate throughout",
            Make::schedule(|args| schedule(args, Decay::Constant)),
        )),
        with_warmup(
            Spec::new(
                "cosine",
                Kind::Schedule,
                "Half a cosine from the base rate down",
                Make::schedule(|args| {
                    schedule(
                        args,
                        Decay::Cosine {
                            floor: args.ratio("floor"),
                        },
                    )
                }),
            )
            .paper(
                "Loshchilov & Hutter, 2017",
                "SGDR: Stochastic Gradient Descent with Warm Restarts",
                "arXiv:1608.03983",
            ),
        )
        .param(floor())
        .example("cosine(warmup = 1 epoch)"),
        with_warmup(Spec::new(
            "linear",
            Kind::Schedule,
            "A straight line from the base rate down",
            Make::schedule(|args| {
                schedule(
                    args,
                    Decay::Linear {
                        floor: args.ratio("floor"),
                    },
                )
            }),
        ))
        .param(floor())
        .example("linear(warmup = 1 epoch)"),
        with_warmup(
            Spec::new(
                "step",
                Kind::Schedule,
                "Multiplied by a factor at each milestone",
                Make::schedule(|args| {
                    let at = args
                        .list("at")
                        .iter()
                        .filter_map(|value| match value {
                            Value::Ratio(ratio) => Some(*ratio),
                            _ => None,
                        })
                        .collect();
                    schedule(
                        args,
                        Decay::Step {
                            at,
                            factor: args.number("factor"),
                        },
                    )
                }),
            )
            .param(Param {
                name: "at".into(),
                ty: Type::List(Box::new(Type::Ratio)),
                preset: Preset::Text("[60%, 80%]".into()),
                range: Some((0.0, 1.0)),
                doc: "Milestones, as parts of the whole run.".into(),
            })
            .param(
                Param::with_default(
                    "factor",
                    Type::Number,
                    "0.1",
                    "What the rate is multiplied by each time.",
                )
                .within(0.0, 1.0),
            ),
        )
        .example("step(at = [60%, 80%], factor = 0.2)"),
    ]
}
