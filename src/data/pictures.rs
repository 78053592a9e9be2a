//! What the data sets of the user's own pictures have in common.

use std::path::{Path, PathBuf};

use super::Places;
use super::decode::{Channels, Depth, Look, PictureSize};
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

/// What the user's own files are found by.
pub(super) fn name_param() -> Param {
    Param::required(
        "name",
        Type::Text,
        "The data's name in `--data NAME=PATH` and pretext.toml, or a path that starts at the recipe.",
    )
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

/// `background = white`
pub(super) fn background_param() -> Param {
    Param::with_default(
        "background",
        Type::OneOf(vec![Type::Choice(&["white", "black"]), Type::Text]),
        "white",
        "What lies behind transparent pixels: `white`, `black`, or a colour: `\"#7f7f7f\"`.",
    )
}

/// `range = full`
pub(super) fn range_param() -> Param {
    Param::with_default(
        "range",
        Type::OneOf(vec![Type::Choice(&["full", "percentiles"]), Type::Range]),
        "full",
        "Of pictures with more than 8 bits a channel: the values that become black and white. `full`: all that the format has (0..65535; 0..1 for floats). `0..4095`: these, what lies outside is cut off. `percentiles`: each picture's own 1st and 99th.",
    )
}

/// How pictures are to look, from the `channels`, `background` and `range` of a call.
///
/// # Errors
/// No colour, or a range without extent.
pub(super) fn look(args: &Args) -> Result<Look> {
    let mut look = Look::new(Channels::from_word(args.word("channels")));
    let value = |name: &str| args.values.get(name).map(|argument| &argument.value);
    match value("background") {
        Some(Value::Word(word)) if word == "black" => look.background = [0; 3],
        Some(Value::Text(text)) => {
            look.background = colour(text).ok_or_else(|| {
                Problem::argument(
                    Code::OutOfRange,
                    "background",
                    format!("`{text}` is no colour"),
                )
                .help("write `white`, `black` or six hexadecimal digits: `\"#7f7f7f\"`")
            })?;
        }
        _ => {}
    }
    match value("range") {
        Some(Value::Range(low, high)) if low < high => look.depth = Depth::Between(*low, *high),
        Some(Value::Range(..)) => {
            return Err(
                Problem::argument(Code::OutOfRange, "range", "the range has no extent")
                    .help("write the smaller end first: `0..4095`"),
            );
        }
        Some(Value::Word(word)) if word == "percentiles" => look.depth = Depth::Percentiles,
        _ => {}
    }
    Ok(look)
}

/// `#rrggbb`
fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#')?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let [_, r, g, b] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
    Some([r, g, b])
}

/// `size = auto`
pub(super) fn size_param() -> Param {
    Param::with_default(
        "size",
        Type::OneOf(vec![Type::Length, Type::Choice(&["auto", "any"])]),
        "auto",
        "The side that every picture has, checked when it is read. `auto` looks at the headers of up to 256, taken evenly; one that differs is fine where the augment makes one size of all. `any` promises nothing.",
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

/// A path as it stands below a folder, with `/` between its parts.
pub(super) fn path_below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts = below.components();
    let parts: Vec<_> = parts
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
