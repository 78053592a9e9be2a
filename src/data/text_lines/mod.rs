//! `text_lines(name)`: the lines of text files, or passages of these.
//!
//! Lines are found in one pass, as those of `documents` are; [`passages`] are found without any.

mod passages;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use super::shards::{self, Layout};
use super::{Found, Places, Splits, documents, folders, packed, pictures, regular};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Split, Type, Value};
use crate::language::codes::Code;

/// Files of text in a folder.
const FILES: shards::Wanted = shards::Wanted {
    kind: "text",
    names: "text: .txt, .text or .tokens, also with .gz or .zst",
    stem: |name| {
        let (stem, ending) = packed::of_name(name).1.rsplit_once('.')?;
        let mut all = ["txt", "text", "tokens"].into_iter();
        all.find(|own| ending.eq_ignore_ascii_case(own))
            .map(|_| stem)
    },
};

/// Endings of files that hold texts, and other things beside these.
const OTHERS: &[&str] = &["jsonl", "ndjson", "json", "csv", "tsv", "parquet"];
/// First bytes of a file that are looked at.
const START: usize = 512;

/// What a place holds. A file that is named may have any ending.
fn look(place: &Path) -> std::result::Result<Layout, String> {
    if place.is_file() {
        let name = place.file_name().unwrap_or_default().to_string_lossy();
        let (packing, inner) = packed::of_name(&name);
        let ending = inner.rsplit_once('.').map_or("", |(_, ending)| ending);
        if OTHERS.iter().any(|own| ending.eq_ignore_ascii_case(own)) {
            return Err(format!(
                "its lines are no texts but records: `documents(\"{name}\")` reads a .{} file",
                ending.to_lowercase()
            ));
        }
        let mut start = [0; START];
        let filled = regular::start(place, &mut start).map_err(|error| error.to_string())?;
        let start = &start[..filled];
        // UTF-16 has zeros, too, and is told as what it is
        if packing == packed::Packing::None
            && start.contains(&0)
            && super::texts::is_utf16(start).is_none()
        {
            return Err("it is no text: there is a zero in its first bytes".into());
        }
    }
    shards::layout(place, &FILES)
}

fn open(args: &Args, places: &Places) -> Result<Splits> {
    let holds = |path: &Path| look(path).map(drop);
    let what = "a file of text, or a folder of such files";
    let place = pictures::find(args.text("name"), places, &holds, what)?;
    let layout = look(&place).map_err(|what| {
        let message = format!("{}: {what}", place.display());
        Problem::argument(Code::BadFile, "name", message)
    })?;
    let passage = args.values.get("passage").map(|argument| &argument.value);
    Ok(match passage {
        Some(Value::Integer(n)) => {
            let mut splits = passages::open(&layout, *n as u64)?;
            splits.found = Some(Arc::new(found("passage", &splits, &layout)));
            splits
        }
        _ => {
            let (mut splits, blank) = documents::lines_of(&layout)?;
            let mut found = found("line", &splits, &layout);
            if blank > 0 {
                let note = format!("{} left out", folders::plural(blank, "empty line"));
                found.line += &format!("; {note}");
                found.notes.push(note);
            }
            splits.found = Some(Arc::new(found));
            splits
        }
    })
}

/// What `check`, `plan` and `run` print.
fn found(one: &str, splits: &Splits, layout: &Layout) -> Found {
    let parts = splits.parts.iter();
    let records: Vec<(Split, usize)> = parts.map(|(split, part)| (*split, part.len())).collect();
    let mut left = layout.others.clone();
    if !layout.left_out.is_empty() {
        left.insert("of no split".into(), layout.left_out.len());
    }
    folders::told(one, records, Vec::new(), left)
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "text_lines",
        Kind::Dataset,
        "The lines of a text file, each a text; or passages of it.",
        Make::Dataset(open),
    )
    .param(pictures::name_param())
    .param(
        Param::optional(
            "passage",
            Type::Integer,
            "Records are passages of about so many bytes instead of lines.",
        )
        .within(64.0, (1 << 20) as f64),
    )
    .doc(
        "The name is a file of text with any ending, or a folder of .txt, .text and .tokens files, whose split is said by the file's name or \
         its folder's: `train`, `valid` (`val`, `dev`), `test`; without one all is the train split. Files may be packed with gzip or zstd \
         (.gz, .zst): such a file is held in memory unpacked, up to 1 GiB. Text is UTF-8. A line that holds only white space is no \
         record, and one of more than 16 MiB, or that is no UTF-8, is an error that names its file and line (`on_bad_sample`); `repair` \
         takes the beginning of a long one and puts � for what is no UTF-8.\n\n\
         With `passage = 4096`, passage i goes from the first line end at or after byte 4096·i to that at or after byte 4096·(i + 1); where \
         the next 4096 bytes have none, from the first white space. Each word is in exactly one of them. Nothing is read before a passage \
         is asked for, so a file of any size opens at once; it has to be plain. A passage may be a text of no words. Field: `text`.",
    )
    .example("text_lines(\"corpus.txt\", passage = 4096)")
}
