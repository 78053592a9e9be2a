//! `dialogues(name)`: who said what in turn, without who.
//!
//! A [`file`] holds many: one a line of JSON, a [`whole`] JSON value, or a [`table`]. Which texts the turns of one are says [`turns`]. A
//! dialogue is read when it is asked for, and nothing of it is kept.

mod file;
mod table;
#[cfg(test)]
mod tests;
mod turns;
mod whole;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(in crate::data) use self::file::column;
use self::file::{Asked, File};
use self::turns::Names;
use super::{
    DataError, Dataset, Draws, Fields, Places, Progress, Record, SampleType, Splits, documents,
    folders, manifest, packed, pictures, shards,
};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Split, Type};
use crate::language::codes::Code;

/// Files of many dialogues.
const FILES: shards::Wanted = shards::Wanted {
    kind: "dialogue",
    names: "dialogues: .jsonl, .json, .csv or .tsv, also with .gz or .zst",
    stem: |name| {
        documents::format_of(name)?;
        let (stem, _) = packed::of_name(name).1.rsplit_once('.')?;
        Some(stem)
    },
};

/// Looks at a place.
fn look(place: &Path) -> std::result::Result<shards::Layout, String> {
    let name = place.file_name().unwrap_or_default().to_string_lossy();
    if place.is_file() && (FILES.stem)(&name).is_none() {
        return Err(
            "its ending says nothing that is read: .jsonl, .json, .csv or .tsv, also with .gz or .zst"
                .into(),
        );
    }
    shards::layout(place, &FILES)
}

/// The dialogues of a split.
struct Dialogues {
    files: Vec<File>,
    /// First record of each file.
    firsts: Vec<usize>,
    len: usize,
    fields: Fields,
    kind: String,
}

impl Dialogues {
    fn record(&self, index: usize, mend: bool) -> std::result::Result<Record, DataError> {
        let (at, record) = shards::locate(&self.firsts, self.len, index)?;
        Ok(vec![self.files[at].turns(record, mend)?])
    }
}

impl Dataset for Dialogues {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn len(&self) -> usize {
        self.len
    }

    fn read(&self, index: usize, _: Draws) -> std::result::Result<Record, DataError> {
        self.record(index, false)
    }

    fn mend(&self, index: usize, _: Draws) -> std::result::Result<Record, DataError> {
        self.record(index, true)
    }

    fn class(&self, index: usize) -> std::result::Result<Option<u32>, DataError> {
        shards::locate(&self.firsts, self.len, index).map(|_| None)
    }

    fn resident_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.stored.resident()).sum()
    }

    fn manifest(&self, progress: &dyn Progress) -> std::result::Result<String, DataError> {
        let paths = self.files.iter().map(|file| file.stored.path.clone());
        let paths: Vec<PathBuf> = paths.collect();
        manifest::of_whole_files(&self.kind, &paths, progress)
    }
}

fn open(args: &Args, places: &Places) -> Result<Splits> {
    let holds = |path: &Path| look(path).map(drop);
    let what = "a .jsonl, .json, .csv or .tsv file of dialogues, or a folder of such files";
    let place = pictures::find(args.text("name"), places, &holds, what)?;
    let layout = look(&place).map_err(|what| {
        let message = format!("{}: {what}", place.display());
        Problem::argument(Code::BadFile, "name", message)
    })?;
    let owned = |name: &str| args.maybe_text(name).map(str::to_owned);
    let asked = Asked {
        names: Names {
            turns: owned("turns"),
            text: owned("text"),
        },
        dialogue: args.maybe_text("dialogue"),
    };
    let mut splits = Splits::default();
    for split in [Split::Train, Split::Valid, Split::Test] {
        let own = layout.files.iter().filter(|(of, _)| *of == split);
        let files: Result<Vec<File>> = own.map(|(_, path)| File::open(path, &asked)).collect();
        let files = files?;
        let Some(first) = files.first() else { continue };
        let (mut firsts, mut len) = (Vec::new(), 0);
        for file in &files {
            firsts.push(len);
            len += file.stored.index.len();
        }
        if len == 0 {
            let message = format!("{} holds no dialogue", first.stored.path.display());
            return Err(Problem::argument(Code::BadFile, "name", message));
        }
        let dialogues = Dialogues {
            files,
            firsts,
            len,
            fields: vec![("turns".into(), SampleType::list(SampleType::TEXT, None))],
            kind: format!("dialogues 1 {:?} {:?}", asked.names, asked.dialogue),
        };
        splits.parts.insert(split, Arc::new(dialogues));
    }
    splits.doubts.extend(layout.doubt(FILES.kind));
    let records = splits
        .parts
        .iter()
        .map(|(split, part)| (*split, part.len()))
        .collect();
    let mut left = layout.others.clone();
    if !layout.left_out.is_empty() {
        left.insert("of no split".into(), layout.left_out.len());
    }
    splits.found = Some(Arc::new(folders::told(
        "dialogue",
        records,
        Vec::new(),
        left,
    )));
    Ok(splits)
}

pub(super) fn spec() -> Spec {
    let name = |param: &str, doc: &str| Param::optional(param, Type::Text, doc);
    Spec::new(
        "dialogues",
        Kind::Dataset,
        "Your own dialogues: JSON, JSON lines, CSV or TSV files.",
        Make::Dataset(open),
    )
    .param(pictures::name_param())
    .param(name(
        "turns",
        "The field of a dialogue's turns. Without it: `turns`, `dialogue`, `dialog`, `utterances`, `conversation`, `conversations`, `messages` or `log`.",
    ))
    .param(name(
        "text",
        "The field, or column, of a turn's text. Without it: `text`, `utterance`, `content`, `message` or `value`.",
    ))
    .param(name(
        "dialogue",
        "The column that says which dialogue a row is of. Without it: `dialogue_id`, `dialog_id`, `conversation_id`, `conv_id`, `thread_id`, the same without `_id`, or `id`.",
    ))
    .doc(
        "In JSON a dialogue is a list of turns, or an object with such a list; a turn is a text, an object with a text, or a list of these, which \
         one speaker said in a row and which are joined. A .jsonl file (also .ndjson) has one dialogue a line; a .json file is that too, or a list \
         of dialogues, an object that holds such a list, or an object of dialogues by their names, of at most 1 GiB. In a .csv or .tsv file, whose \
         first line names the columns, a row is a turn, and the rows of one dialogue stand together: one that comes back later is an error. The \
         split is said by the file's name or its folder's: `train`, `valid` (`val`, `dev`), `test`; without one all is the train split. Files may \
         be packed with gzip or zstd (.gz, .zst): such a file is held in memory unpacked, up to 1 GiB.\n\n\
         Text is UTF-8. A turn without a text is left out; a dialogue without any turn, of more than 16 MiB, or that is no UTF-8 or no JSON is an \
         error that names its file and line (`on_bad_sample`). Who said a turn is not kept. Field: `turns: list(text)`.",
    )
    .example("dialogues(\"talks.jsonl\")")
}
