//! What the data sets of the user's own pictures have in common.

use std::path::{Path, PathBuf};

use super::Places;
use super::decode::{Channels, PictureSize};
use crate::catalog::{Args, Param, Problem, Result, Type, Value};
use crate::language::codes::Code;

/// What the recipe says of the pictures' size.
#[derive(Clone, Copy, Debug)]
pub(super) enum Declared {
    /// Look at a few.
    Auto,
    /// Nothing is known.
    Any,
    /// Square, of this side.
    Side(usize),
}

/// `channels = rgb`
pub(super) fn channels_param() -> Param {
    Param::with_default(
        "channels",
        Type::Choice(Channels::WORDS),
        "rgb",
        "What every picture is turned into: `rgb` (3 channels) or `grey` (1).",
    )
}

/// `size = auto`
pub(super) fn size_param() -> Param {
    Param::with_default(
        "size",
        Type::OneOf(vec![Type::Length, Type::Choice(&["auto", "any"])]),
        "auto",
        "The side that every picture has, checked when it is read; `auto` looks at a few, `any` promises nothing.",
    )
    .within(1.0, 32_768.0)
}

/// The `size` of a call.
pub(super) fn declared(args: &Args) -> Declared {
    match args.values.get("size").map(|argument| &argument.value) {
        Some(Value::Length(side)) => Declared::Side(*side as usize),
        Some(Value::Word(word)) if word == "any" => Declared::Any,
        _ => Declared::Auto,
    }
}

/// The size to show and to check, given what the recipe says and the sizes of a few pictures.
pub(super) fn size(declared: Declared, look: impl FnOnce() -> Vec<(usize, usize)>) -> PictureSize {
    match declared {
        Declared::Auto => PictureSize::common(look()),
        Declared::Any => PictureSize::Any,
        Declared::Side(side) => PictureSize::Fixed(side, side),
    }
}

/// The folder or file of the data `name`: in the places, or a path that starts at the recipe.
pub(super) fn find(
    name: &str,
    places: &Places,
    holds: &dyn Fn(&Path) -> Result<(), String>,
    what: &str,
) -> Result<PathBuf> {
    let known = format!("/usr/share/datasets/{name}");
    if let Some(path) = places.find(name, &[&known], holds)? {
        return Ok(path);
    }
    let path = places.recipe.join(name);
    if path.exists() {
        holds(&path).map_err(|missing| {
            Problem::argument(
                Code::BadFile,
                "name",
                format!("{}: {missing}", path.display()),
            )
        })?;
        return Ok(path);
    }
    let problem = Problem::argument(
        Code::MissingData,
        "name",
        format!("the data `{name}` is not on this machine"),
    );
    let mut ways = places.ways(name, what);
    ways.push(format!("or put it beside the recipe: {}", path.display()));
    Err(ways.into_iter().fold(problem, Problem::help))
}
