//! Arguments that name an encoder which is trained already: of a run directory, or of an exported file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::Deserialize;

use crate::catalog::{Catalog, Problem};
use crate::data::{Dataset, Weights};
use crate::engine::{DEVICE_WORDS, Embedder, Trained};
use crate::graph::{Graph, Var};
use crate::language::{Diagnostic, nearest, visible_line};
use crate::plan::{
    ENCODER, EncoderCard, FromFile, Pool, Reader, Reading,
    embedding::{alone, embedding, pool, weights_of},
    numbers,
};

/// Bytes of the largest `run.json`.
const LARGEST: u64 = 64 << 20;

/// An encoder on the command line.
#[derive(Args, Clone)]
pub struct EncoderArgs {
    /// A run directory, or weights that a run has exported
    #[arg(value_name = "RUN|FILE.safetensors")]
    pub run: PathBuf,
    /// Which encoder of a run: the stage that trained it, or a part of it, `distill.teacher`; may be left out where the run trains one
    #[arg(long, visible_alias = "stage", value_name = "STAGE")]
    from: Option<String>,
    /// The place of the encoder that is read: `output`, or one of those that probes read, `conv2`, `layer3`
    #[arg(
        long,
        visible_alias = "place",
        value_name = "PLACE",
        default_value = "output"
    )]
    at: String,
    /// How a feature map becomes a vector: `avg`, `flatten`, `grid(4)`
    #[arg(long, default_value = "avg", value_parser = pool)]
    pool: Pool,
    /// Where it is computed
    #[arg(long, default_value = "auto", value_parser = DEVICE_WORDS)]
    device: String,
}

/// What a run directory says of itself.
#[derive(Deserialize)]
struct About {
    #[serde(default)]
    recipe: String,
    #[serde(default)]
    stages: Vec<String>,
    encoders: Option<BTreeMap<String, Vec<EncoderCard>>>,
}

/// Where its weights lie.
enum Place {
    Run { directory: PathBuf, stage: String },
    File(Box<FromFile>),
}

/// The encoder that is meant.
pub struct Encoder {
    card: EncoderCard,
    reader: Reader,
    place: Place,
    /// As messages name it: `rotations`, `trunk.safetensors`.
    pub text: String,
    /// The run's recipe as its directory keeps it, where it is one of a run, and the folder of the recipe that was run.
    pub recipe: Option<(PathBuf, PathBuf)>,
    /// The stage that trained it, where it is one of a run.
    pub stage: Option<String>,
}

/// A refusal with the way on.
pub fn refused(problem: &Problem) -> String {
    let notes = problem.notes.iter().map(|note| format!("\n  note: {note}"));
    let helps = problem.helps.iter().map(|help| format!("\n  help: {help}"));
    let rest: String = notes.chain(helps).collect();
    format!("{}{rest}", problem.message)
}

/// The same of a diagnostic that stands in no recipe.
pub fn told(diagnostic: &Diagnostic) -> String {
    let notes = diagnostic.notes.iter();
    let notes = notes.map(|note| format!("\n  note: {note}"));
    let helps = diagnostic.helps.iter();
    let helps = helps.map(|help| format!("\n  help: {}", help.text));
    let rest: String = notes.chain(helps).collect();
    format!("{}{rest}", diagnostic.message)
}

impl EncoderArgs {
    /// The encoder that is meant.
    ///
    /// # Errors
    /// There is no such run, stage or file, or it does not say what the encoder is: why, and the way on.
    pub fn find(&self, catalog: &Catalog) -> Result<Encoder, String> {
        if !self.run.exists() {
            return Err(format!("{} is not there", self.run.display()));
        }
        match self.run.is_dir() {
            true => self.of_run(catalog),
            false => self.of_file(catalog),
        }
    }

    fn of_file(&self, catalog: &Catalog) -> Result<Encoder, String> {
        let path = self.run.to_string_lossy();
        if let Some(from) = &self.from {
            return Err(format!(
                "{path} holds one encoder: `--from {}` is for run directories",
                visible_line(from)
            ));
        }
        let weights = Weights::open(Path::new(""), &path).map_err(|problem| refused(&problem))?;
        let unsaid = |why: String| {
            format!(
                "{path} does not say which encoder it holds: {why}\n  \
                 note: An encoder is read from its file alone where the file's header describes it, as `export NAME = safetensors(…)` writes it.\n  \
                 help: name the run directory instead, or export it again with this version"
            )
        };
        let card = EncoderCard::from_about(&weights.about).map_err(unsaid)?;
        let reader = card
            .reader(catalog)
            .map_err(|why| format!("the encoder of {path} can't be read: {why}"))?;
        let file = weights_of(&reader, weights).map_err(|problem| refused(&problem))?;
        Ok(Encoder {
            card,
            reader,
            place: Place::File(Box::new(file)),
            text: path.into_owned(),
            recipe: None,
            stage: None,
        })
    }

    fn of_run(&self, catalog: &Catalog) -> Result<Encoder, String> {
        let run = &self.run;
        let shown = run.display();
        let about = crate::files::read(&run.join("run.json"), LARGEST);
        let about = match about {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(match several(run) {
                    Some(runs) => {
                        format!("{shown} holds several runs\n  help: name one of them: {runs}")
                    }
                    None => format!(
                        "{shown} is no run directory: it has no run.json\n  help: name the folder that `pretext run` wrote into, or a file of exported weights"
                    ),
                });
            }
            Err(error) => {
                return Err(format!(
                    "can't read {}: {error}",
                    run.join("run.json").display()
                ));
            }
        };
        let about: About = serde_json::from_slice(&about)
            .map_err(|_| format!("{} is damaged", run.join("run.json").display()))?;
        let Some(encoders) = about.encoders else {
            return Err(format!(
                "{shown} does not say which encoders it holds: it was left by an earlier version of Pretext\n  \
                 help: run the recipe again into it, finished stages are skipped: `pretext run RECIPE --out {shown}`"
            ));
        };
        let stages = about.stages.iter();
        let stages: Vec<&String> = stages.filter(|name| encoders.contains_key(*name)).collect();
        let (stage, card) = self.chosen(&stages, &encoders)?;
        let text = match card.part == ENCODER {
            true => stage.clone(),
            false => format!("{stage}.{}", card.part),
        };
        let reader = card.reader(catalog).map_err(|why| {
            format!("the encoder of `{text}` can't be read without its recipe: {why}")
        })?;
        let folder = Path::new(&about.recipe).parent();
        Ok(Encoder {
            card: card.clone(),
            reader,
            place: Place::Run {
                directory: run.clone(),
                stage: stage.clone(),
            },
            text,
            recipe: Some((
                run.join("recipe.ssl"),
                folder.unwrap_or(Path::new("")).to_owned(),
            )),
            stage: Some(stage.clone()),
        })
    }

    /// The stage and its encoder that `--from` means.
    fn chosen<'e>(
        &self,
        stages: &[&'e String],
        encoders: &'e BTreeMap<String, Vec<EncoderCard>>,
    ) -> Result<(&'e String, &'e EncoderCard), String> {
        let shown = self.run.display();
        let parts = |name: &str| encoders.get(name).map_or(&[][..], Vec::as_slice);
        let all: Vec<String> = (stages.iter())
            .flat_map(|name| {
                let texts = parts(name).iter().enumerate();
                texts.map(|(index, card)| match index {
                    0 => format!("`{}`", visible_line(name)),
                    _ => format!("`{}.{}`", visible_line(name), visible_line(&card.part)),
                })
            })
            .collect();
        let all = all.join(", ");
        let Some(from) = &self.from else {
            return match stages {
                [] => Err(format!("{shown} trains no encoder")),
                [only] => match parts(only).first() {
                    Some(card) => Ok((only, card)),
                    None => Err(format!("{shown} trains no encoder")),
                },
                _ => Err(format!(
                    "{shown} trains several encoders\n  help: say which with `--from`: {all}"
                )),
            };
        };
        let (name, part) = match from.split_once('.') {
            Some((name, part)) => (name, Some(part)),
            None => (from.as_str(), None),
        };
        let unknown = |what: String, near: Option<&str>| {
            let near = near.map_or(String::new(), |near| {
                format!("\n  help: did you mean `{near}`?")
            });
            format!("{what}\n  note: {shown} has {all}{near}")
        };
        let Some(stage) = stages.iter().find(|own| own.as_str() == name) else {
            let near = nearest(name, stages.iter().map(|own| own.as_str()));
            return Err(unknown(
                format!("no stage `{}` trains an encoder", visible_line(name)),
                near,
            ));
        };
        let own = parts(stage);
        let found = match part {
            None => own.first(),
            Some(part) => own.iter().find(|card| card.part == part),
        };
        found.map(|card| (*stage, card)).ok_or_else(|| {
            let part = part.unwrap_or(ENCODER);
            let near = nearest(part, own.iter().map(|card| card.part.as_str()));
            unknown(
                format!("`{name}` has no part `{}`", visible_line(part)),
                near,
            )
        })
    }

    /// How the encoder reads the records of `dataset`, which messages call `text`.
    ///
    /// # Errors
    /// It has no such place, or takes nothing that the records have.
    pub fn reading(
        &self,
        encoder: &Encoder,
        catalog: &Catalog,
        (dataset, text): (&Arc<dyn Dataset>, &str),
    ) -> Result<Reading, String> {
        embedding(
            &encoder.reader,
            catalog,
            (&**dataset, text),
            &self.at,
            self.pool,
        )
        .map_err(|problem| refused(&problem))
    }

    /// The encoder with its weights on the device.
    ///
    /// # Errors
    /// There are no such weights, or no such device.
    pub fn open(&self, encoder: &Encoder, graph: &Graph) -> Result<Embedder, String> {
        let trained = match &encoder.place {
            Place::Run { directory, stage } => Trained::Run {
                directory,
                stage,
                card: &encoder.card,
            },
            Place::File(file) => Trained::File(file),
        };
        Embedder::new(&trained, graph, &self.device).map_err(|why| told(&why))
    }

    /// What the encoder computes at its place, of what it was trained on: the graph, the vectors in it, and their numbers.
    ///
    /// # Errors
    /// It has no such place.
    pub fn graph(&self, encoder: &Encoder) -> Result<(Graph, Var, usize), String> {
        alone(&encoder.reader, &self.at, self.pool).map_err(|problem| refused(&problem))
    }

    /// `output` of `rotations`
    pub fn place(&self, encoder: &Encoder) -> String {
        format!("`{}` of `{}`", self.at, encoder.text)
    }

    /// What is written into a file that comes of the encoder: key and value. `protocol`: how it is read.
    pub fn about(&self, encoder: &Encoder, protocol: &str) -> BTreeMap<String, String> {
        [
            ("pretext", env!("CARGO_PKG_VERSION").to_owned()),
            ("from", encoder.text.clone()),
            ("encoder", encoder.card.encoder.clone()),
            ("at", self.at.clone()),
            ("protocol", protocol.to_owned()),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }
}

impl Encoder {
    /// What a model of it says of its input: key and value.
    pub fn input(&self) -> BTreeMap<String, String> {
        let card = &self.card;
        let mut about = BTreeMap::from([("input".to_owned(), card.input.clone())]);
        for (key, values) in [("mean", &card.mean), ("std", &card.std)] {
            if !values.is_empty() {
                about.insert(key.into(), numbers(values));
            }
        }
        if !card.lab.is_empty() {
            about.insert("lab".into(), card.lab.join(", "));
        }
        about
    }

    /// What it takes in a word: `picture`.
    pub fn noun(&self) -> &'static str {
        self.reader.sample.noun()
    }

    /// Whether the pictures that it takes are grey.
    pub fn is_grey(&self) -> bool {
        let channels = self.reader.picture().map(|[channels, ..]| channels);
        channels == Some(1) && self.reader.lab_part().is_none()
    }
}

/// The runs that a folder of several seeds or points holds, as one would name them.
fn several(folder: &Path) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?.flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let own = |name: &String| name.starts_with("seed.") || name.starts_with("point.");
    let mut names: Vec<String> = names.filter(own).collect();
    names.sort();
    let some = names.iter().take(4).map(|name| {
        let path = folder.join(name);
        format!("`{}`", path.display())
    });
    let some: Vec<String> = some.collect();
    (!some.is_empty()).then(|| some.join(", "))
}
