//! Warnings about settings of a training stage that leave it other than it is meant.

use super::super::Group;
use super::super::types::*;
use crate::catalog::{Args, Call, Duration, Net, Origin, Preset, Value};
use crate::graph::{Clock, Graph, Moment, Op, Scalar, Var};
use crate::language::checked::Stage;
use crate::language::codes::Code;
use crate::language::nearest::nearest;
use crate::language::{Diagnostic, Span};

/// Names of parameters that are listed.
const LISTED: usize = 6;

/// Looks at the settings of a stage that trains.
pub(super) fn lint(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, planned: &StagePlan) {
    let Some((graph, settings)) = planned.training_graph() else {
        return;
    };
    let graphs: Vec<&Graph> = match &planned.body {
        Body::Evaluate(evaluation) => {
            let heads = evaluation.heads.iter();
            heads
                .flat_map(|heads| [&heads.own.train, &heads.raw.train])
                .collect()
        }
        _ => vec![graph],
    };
    groups(diagnostics, stage, &settings.groups, &graphs);
    still(diagnostics, stage, graph);
    if let Body::Train(training) = &planned.body {
        rate(diagnostics, stage, settings);
        too_late(diagnostics, stage, training);
        one_number(diagnostics, stage, graph);
    }
}

/// Patterns that match no parameter.
fn groups(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, groups: &[Group], graphs: &[&Graph]) {
    let mut names: Vec<String> = Vec::new();
    for parameter in graphs.iter().flat_map(|graph| &graph.parameters) {
        let name = parameter.name.replace('/', ".");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let calls = stage.fields.maybe_list("groups").unwrap_or(&[]);
    let calls = calls.iter().filter_map(|value| match value {
        Value::Call(call) => Some(call),
        _ => None,
    });
    for (group, call) in groups.iter().zip(calls) {
        if names.iter().any(|name| group.covers(name)) {
            continue;
        }
        let span = call.args.span("pattern").unwrap_or(call.span);
        let message = format!("no parameter is called `{}`", group.pattern);
        let mut found = Diagnostic::warning(Code::LintGroup, span, message);
        // `*.biass`: the last word may be one that is there
        let (before, last) = group
            .pattern
            .rsplit_once(['.', '/'])
            .unwrap_or(("", &group.pattern));
        let words = names.iter().filter_map(|name| name.rsplit('.').next());
        let near = nearest(last, words).map(|near| match before {
            "" => near.to_owned(),
            before => format!("{before}.{near}"),
        });
        let covers = |pattern: &String| {
            let group = Group {
                pattern: pattern.clone(),
                ..group.clone()
            };
            names.iter().any(|name| group.covers(name))
        };
        if let Some(near) = near.filter(covers) {
            found = found.fix(
                "one with a similar name exists",
                span,
                format!("\"{near}\""),
            );
        }
        let some = names.iter().take(LISTED).map(|name| format!("`{name}`"));
        let some: Vec<String> = some.collect();
        let more = match names.len() > LISTED {
            true => format!(" and {} more", names.len() - LISTED),
            false => String::new(),
        };
        diagnostics.push(found.note(format!("There are {}{more}.", some.join(", "))));
    }
}

/// Slow copies that never move.
fn still(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, graph: &Graph) {
    let stays = |momentum: &Scalar| match momentum {
        Scalar::Constant(x) => *x >= 1.0,
        Scalar::Ramp { from, to, .. } => *from >= 1.0 && *to >= 1.0,
        _ => false,
    };
    if let Some(copy) = graph.emas.iter().find(|ema| stays(&ema.momentum)) {
        diagnostics.push(
            Diagnostic::warning(
                Code::LintStill,
                stage
                    .call
                    .args
                    .span("momentum")
                    .unwrap_or(stage.call.name_span),
                format!(
                    "the slow copy of `{}` never moves: its momentum is 1",
                    copy.source
                ),
            )
            .note("It stays at the untrained weights for the whole run.")
            .help("write a momentum below 1, such as `momentum = 0.996`"),
        );
    }
}

/// A default rate with a batch that it was not made for.
fn rate(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, settings: &Settings) {
    let (Some(batch), Some(optimizer)) = (stage.argument("batch"), stage.argument("optimizer"))
    else {
        return;
    };
    if batch.origin == Origin::Default || optimizer.origin != Origin::Default {
        return;
    }
    let common = stage.call.spec.stage_fields();
    let default = |name: &str| {
        let mut all = stage.call.spec.params.iter().chain(&common);
        match &all.find(|param| param.name == name)?.preset {
            Preset::Text(text) => Some(text.clone()),
            _ => None,
        }
    };
    let (Some(usual), Some(own)) = (default("batch"), default("optimizer")) else {
        return;
    };
    let Ok(usual) = usual.parse::<f64>() else {
        return;
    };
    let step = (settings.batch * settings.accumulate) as f64;
    let factor = step / usual;
    if factor > 1.0 / MILD && factor < MILD {
        return;
    }
    let rate = settings.optimizer.rate();
    let scaled = rounded(rate * factor);
    diagnostics.push(
        Diagnostic::warning(
            Code::LintRate,
            batch.span,
            format!("the default rate of {rate} belongs to batches of {usual}, not of {step}"),
        )
        .note("A step over more records can be longer in proportion (Goyal et al., 2017), over fewer it has to be shorter.")
        .help(format!(
            "write `optimizer = {}`, or the rate you have tried",
            with_rate(&own, scaled)
        )),
    );
}

/// A call of an optimiser with another rate, its first argument.
fn with_rate(call: &str, rate: f64) -> String {
    let rate = match rate < 1e-3 {
        true => format!("{rate:e}"),
        false => rate.to_string(),
    };
    let Some((name, arguments)) = call.split_once('(') else {
        return format!("{call}({rate})");
    };
    let rest = arguments.find([',', ')']).unwrap_or(arguments.len());
    format!("{name}({rate}{}", &arguments[rest..])
}

/// A batch that differs by less than this factor needs no other rate.
const MILD: f64 = 4.0;

/// Two digits of a number.
fn rounded(x: f64) -> f64 {
    format!("{x:.1e}").parse().unwrap_or(x)
}

/// What would happen at a moment that the run does not reach.
fn too_late(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, training: &Training) {
    let settings = &training.settings;
    let clock = Clock {
        step: 0,
        steps: settings.steps,
        steps_per_epoch: settings.steps_per_epoch(),
    };
    let mut said: Vec<String> = Vec::new();
    let graph = &training.graph;
    let objectives: Vec<Var> = graph.objectives.iter().map(|o| o.var).collect();
    let used = graph.origins(&objectives);
    for (node, _) in graph.nodes.iter().zip(used).filter(|(_, used)| *used) {
        let (scalar, gate) = match &node.op {
            Op::Scalar(scalar) => (scalar, false),
            Op::When(scalar) => (scalar, true),
            _ => continue,
        };
        let (moment, never) = match scalar {
            Scalar::After(moment) => (*moment, true),
            Scalar::Ramp { from, to, end, .. } if from != to => (*end, false),
            _ => continue,
        };
        let at = moment.step(&clock);
        // what comes with the last step comes too late as well; a way that ends with the run is one that was meant
        let late = match never {
            true => at >= settings.steps as f64,
            false => at > settings.steps as f64 + 0.5,
        };
        if !late || matches!(moment, Moment::Fraction(_)) {
            continue;
        }
        let named = of_moment(stage, moment);
        let (span, name, default) = match &named {
            Some((name, span, default)) => (*span, format!("`{name}`"), *default),
            None => (
                stage.call.name_span,
                "what this stage waits for".into(),
                false,
            ),
        };
        if said.contains(&name) {
            continue;
        }
        let shown = match moment {
            Moment::Epochs(n) => format!("{n} epochs"),
            Moment::Steps(n) => format!("{n} steps"),
            Moment::Fraction(_) => continue,
        };
        let what = if default { "the default of " } else { "" };
        let steps = settings.steps;
        let run = (100.0 * steps as f64 / settings.steps_per_epoch()).round() / 100.0;
        let consequence = match (gate, never) {
            (true, _) => "What it holds still never moves.",
            (false, true) => "What it turns on stays off.",
            (false, false) => "The value it leads to is never reached.",
        };
        diagnostics.push(
            Diagnostic::warning(
                Code::LintWarmup,
                span,
                format!("{what}{name}, {shown}, is longer than the run of {run} epochs"),
            )
            .note(consequence)
            .help(format!(
                "write a shorter one, or a `length` of more than {shown}"
            )),
        );
        said.push(name);
    }
}

/// The argument with this duration: its name, where it stands, whether it is a default.
fn of_moment(stage: &Stage, moment: Moment) -> Option<(String, Span, bool)> {
    fn in_args(args: &Args, moment: Moment, found: &mut Vec<(String, Span, bool)>) {
        for (name, argument) in &args.values {
            match &argument.value {
                Value::Duration(duration) if is(*duration, moment) => {
                    let default = argument.origin == Origin::Default;
                    found.push((name.clone(), argument.span, default));
                }
                Value::Net(net) => in_net(net, moment, found),
                Value::Call(Call { args, .. }) => in_args(args, moment, found),
                _ => {}
            }
        }
    }
    fn in_net(net: &Net, moment: Moment, found: &mut Vec<(String, Span, bool)>) {
        for step in &net.steps {
            in_args(&step.call.args, moment, found);
        }
    }
    fn is(duration: Duration, moment: Moment) -> bool {
        Moment::from(duration) == moment
    }
    let mut found = Vec::new();
    in_args(&stage.call.args, moment, &mut found);
    found.retain(|(name, ..)| name != "length");
    found.into_iter().next()
}

/// A head that gives one number for each record: all its outputs lie on a line.
fn one_number(diagnostics: &mut Vec<Diagnostic>, stage: &Stage, graph: &Graph) {
    let Some(head) = stage.call.args.values.get("head") else {
        return;
    };
    let Value::Net(net) = &head.value else {
        return;
    };
    let of_head = |path: &str| path == "head" || path.starts_with("head/");
    let last = graph.nodes.iter().rev().find(|node| of_head(&node.path));
    let one = last.is_some_and(|node| node.shape.len() == 2 && node.shape[1].known() == Some(1));
    if !one {
        return;
    }
    let span = net.steps.last().map_or(head.span, |step| step.call.span);
    diagnostics.push(
        Diagnostic::warning(
            Code::LintOutput,
            span,
            "the head gives one number for each record",
        )
        .note(
            "A single number holds next to nothing of a picture: scaled to length 1 it is 1 or -1.",
        )
        .help("give it more outputs: `linear(128)`"),
    );
}
