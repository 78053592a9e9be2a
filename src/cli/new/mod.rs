//! `pretext new --task TASK --data PATH`: a recipe for somebody's own data, which checks.

mod budget;
mod clips;
mod draft;
mod look;
mod pictures;
mod texts;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::Outcome;
use super::out::{print, print_text};
use crate::catalog::{Catalog, Kind, Preset, SharedSpec, Type};
use crate::data::SampleType;
use draft::{Draft, Judged};
use look::Looked;
pub use look::quoted;

/// Arguments of `pretext new`.
#[derive(Args)]
pub struct NewArgs {
    /// The task: a name of `pretext list`
    #[arg(long, value_name = "NAME")]
    task: String,
    /// The folder of pictures, clips or texts, or the file
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// The recipe to write, `TASK.ssl` where nothing is said; `-` prints it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The time that there is: `20min`, `1.5h`. A few steps are timed on this machine, and the length follows from them
    #[arg(long, value_name = "TIME", value_parser = budget::read)]
    budget: Option<Duration>,
    /// Write over a recipe that is there
    #[arg(long)]
    force: bool,
}

/// What a task learns from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Pictures,
    Captions,
    Clips,
    Cameras,
    Texts,
    Dialogues,
}

impl Need {
    fn of(task: &SharedSpec) -> Self {
        let holds = |ty: &SampleType| task.inputs.iter().any(|input| input.holds(ty));
        let clips = task.inputs.iter().any(|input| input.ty.frame().is_some());
        match task.name.as_str() {
            // what its batch shows was cut out of clips
            "tracking" => Need::Clips,
            "multi_view" => Need::Cameras,
            "dialogue_order" | "reply" => Need::Dialogues,
            _ if clips => Need::Clips,
            _ if holds(&SampleType::TOKENS) && holds(&SampleType::IMAGE) => Need::Captions,
            _ if holds(&SampleType::TOKENS) => Need::Texts,
            _ => Need::Pictures,
        }
    }

    /// The data sets that give it, the likeliest first.
    fn sources(self) -> &'static [&'static str] {
        match self {
            Need::Pictures => &["image_folder", "parquet"],
            Need::Captions => &["image_text"],
            Need::Clips => &["video_folder"],
            Need::Cameras => &["cameras"],
            Need::Texts => &["documents", "text_lines"],
            Need::Dialogues => &["dialogues"],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Need::Pictures => "pictures: a folder of them, best with one folder per class",
            Need::Captions => {
                "pictures with captions: a CSV, TSV, JSON lines or parquet file, or webdataset shards"
            }
            Need::Clips => "clips: films, animations or folders of frames",
            Need::Cameras => {
                "scenes that several cameras see: a folder for each, with a clip for each camera"
            }
            Need::Texts => {
                "texts: a folder of text files, JSON lines, CSV, TSV or parquet, or a file of lines"
            }
            Need::Dialogues => "dialogues: JSON, JSON lines, CSV or TSV",
        }
    }
}

pub fn run(args: &NewArgs) -> anyhow::Result<Outcome> {
    let catalog = Catalog::builtin();
    let Some(task) = catalog.find(Kind::Task, &args.task) else {
        let names = catalog.of_kind(Kind::Task).map(|spec| spec.name.as_str());
        say!("error: there is no task `{}`", args.task);
        match crate::language::nearest(&args.task, names) {
            Some(near) => say!("help: did you mean `{near}`?"),
            None => say!("help: `pretext list` prints every task"),
        }
        return Ok(Outcome::Unsound);
    };
    let mut begins = task
        .params
        .iter()
        .filter(|param| param.ty == Type::begins() && param.preset == Preset::Required);
    if let Some(param) = begins.next() {
        say!(
            "error: `{}` begins with what another stage has learnt: `{}`",
            task.name,
            param.name
        );
        say!(
            "help: write a recipe for that stage, `pretext new --task simclr`, and add `{}` to it: `pretext doc {}` shows how",
            task.name,
            task.name
        );
        return Ok(Outcome::Unsound);
    }
    let output = match &args.output {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("{}.ssl", task.name)),
    };
    let prints = output == Path::new("-");
    if !prints && output.exists() && !args.force {
        return Ok(super::is_there_already(&output));
    }
    let folder = match output.parent().filter(|_| !prints) {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if !args.data.exists() {
        say!("error: {} is not there", args.data.display());
        say!(
            "help: `{}` learns from {}",
            task.name,
            Need::of(task).words()
        );
        return Ok(Outcome::Unsound);
    }
    let text = match written(&catalog, task, &args.data, &folder) {
        Ok(text) => text,
        Err(why) => {
            say!("error: {why}");
            return Ok(Outcome::Unsound);
        }
    };
    let fitted = match args.budget {
        None => None,
        Some(time) => match budget::fit(&catalog, &text, &folder, time) {
            Ok(fitted) => Some(fitted),
            Err(why) => {
                say!("error: {why}");
                return Ok(Outcome::Unsound);
            }
        },
    };
    let text = fitted.as_ref().map_or(text, |fitted| fitted.text.clone());
    if prints {
        print_text(&text)?;
        return Ok(Outcome::Done);
    }
    super::write(&output, text.as_bytes())?;
    print(&format!(
        "{} is written; `pretext run {}` trains by it",
        output.display(),
        output.display()
    ))?;
    if let Some(fitted) = fitted {
        print(&fitted.said)?;
    }
    Ok(Outcome::Done)
}

/// The recipe for a task on what lies at `data`, as it stands in `folder`; or why there is none.
fn written(
    catalog: &Catalog,
    task: &SharedSpec,
    data: &Path,
    folder: &Path,
) -> Result<String, String> {
    let need = Need::of(task);
    let name = look::name_of(data, folder);
    let mut refused = Vec::new();
    for source in need.sources() {
        match look::open(catalog, source, &name, folder) {
            Err(why) => refused.push(format!("{source}: {why}")),
            Ok(looked) => return sound(catalog, task, need, &looked, folder),
        }
    }
    let mut out = format!(
        "`{}` learns from {}; {} is none of that\n",
        task.name,
        need.words(),
        data.display()
    );
    for why in refused {
        out += &format!("  note: {why}\n");
    }
    for found in look::others(catalog, need.sources(), &name, folder) {
        out += &format!("  note: found {found}\n");
    }
    Err(out.trim_end().to_owned())
}

/// The first of the recipes for what was found that checks.
fn sound(
    catalog: &Catalog,
    task: &SharedSpec,
    need: Need,
    looked: &Looked,
    folder: &Path,
) -> Result<String, String> {
    let drafts: Vec<Draft> = match need {
        Need::Pictures => pictures::drafts(task, looked),
        Need::Captions => texts::captions(task, looked),
        Need::Clips | Need::Cameras => clips::drafts(task, looked),
        Need::Texts => texts::drafts(task, looked),
        Need::Dialogues => texts::dialogues(task, looked),
    };
    let mut first: Option<Judged> = None;
    let mut told: Option<(usize, String)> = None;
    for draft in drafts {
        let judged = draft.judged(catalog, folder, pictures::augment)?;
        match judged.errors.len() {
            // warnings are worth another try
            0 if judged.warnings == 0 => return Ok(judged.text),
            0 => {
                if told
                    .as_ref()
                    .is_none_or(|(least, _)| judged.warnings < *least)
                {
                    told = Some((judged.warnings, judged.text));
                }
            }
            _ => first = first.or(Some(judged)),
        }
    }
    if let Some((_, text)) = told {
        return Ok(text);
    }
    let errors = first.map_or_else(Vec::new, |judged| judged.errors);
    let mut out = format!(
        "no recipe of `{}` suits what was found: {}\n",
        task.name, looked.line
    );
    for why in errors.iter().take(3) {
        out += &format!("  note: {why}\n");
    }
    Err(out.trim_end().to_owned())
}
