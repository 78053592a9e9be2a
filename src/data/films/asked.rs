//! What a recipe says of clips, whichever data set they are of: how fast, how large and how long they are read.

use super::{Clip, Frames, Pace, Reading, Timeline};
use crate::catalog::{Args, Param, Problem, Result, Type, Value};
use crate::data::{DataError, pictures};
use crate::language::codes::Code;

/// How many frames are read of a clip; `None` where it takes reading to know.
pub(in crate::data) fn count(
    clip: &Clip,
    timeline: Option<&Timeline>,
    pace: &Pace,
) -> Option<usize> {
    match &clip.frames {
        Frames::Pictures(files) => Some(files.len().div_ceil(pace.step)),
        Frames::Film(_) => timeline.map(|timeline| pace.chosen(timeline, 0.0).len()),
    }
}

/// How clips are read, from the arguments of a call.
///
/// # Errors
/// As [`pictures::look`].
pub(in crate::data) fn reading(args: &Args) -> Result<Reading> {
    let given = |name: &str| args.values.get(name).map(|argument| &argument.value);
    let side = match given("side") {
        Some(Value::Length(side)) => Some(*side as usize),
        _ => None,
    };
    let fps = match given("fps") {
        Some(Value::Integer(fps)) => Some(*fps as f64),
        Some(Value::Number(fps)) => Some(*fps),
        _ => None,
    };
    Ok(Reading {
        look: pictures::look(args)?,
        side,
        pace: Pace {
            fps,
            step: args.size("step"),
        },
        cache: super::cache(),
    })
}

/// The `frames` of a call; `None`: all.
pub(in crate::data) fn frames(args: &Args) -> Option<usize> {
    match args.values.get("frames").map(|argument| &argument.value) {
        Some(Value::Integer(frames)) => Some(*frames as usize),
        _ => None,
    }
}

/// A film that needs what is not installed.
pub(in crate::data) fn unreadable(error: DataError) -> Problem {
    let problem = Problem::new(Code::BadFile, error.message);
    error.help.into_iter().fold(problem, Problem::help)
}

/// Where so many frames begin in one that has more: one part after another, without a rest that is shorter.
pub(in crate::data) fn parts(all: usize, frames: usize) -> impl Iterator<Item = u32> {
    (0..all / frames.max(1)).map(move |part| (part * frames) as u32)
}

/// How fast and how large clips are read.
pub(in crate::data) fn reading_params() -> [Param; 3] {
    [
        Param::with_default(
            "fps",
            Type::OneOf(vec![Type::Number, Type::Choice(&["own"])]),
            "own",
            "So many frames of a second are read, each the one that is shown when its time comes; `own`: all. Folders of frames have no times.",
        )
        .within(0.001, 1000.0),
        Param::with_default(
            "side",
            Type::OneOf(vec![Type::Length, Type::Choice(&["own"])]),
            "own",
            "The length to which the shorter side of frames is brought when they are decoded; `own`: they stay as they are.",
        )
        .within(8.0, 4096.0),
        Param::with_default("step", Type::Integer, "1", "Of these, every so many-th frame is read, the first one included.")
            .within(1.0, 65_536.0),
    ]
}

/// `frames = all`
pub(in crate::data) fn frames_param(doc: &str) -> Param {
    Param::with_default(
        "frames",
        Type::OneOf(vec![Type::Integer, Type::Choice(&["all"])]),
        "all",
        doc,
    )
    .within(1.0, 65_536.0)
}
