//! An encoder written down beside its weights: all that somebody needs who has neither its recipe nor the data that it was trained on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::types::{Body, ENCODER, Reader, StagePlan};
use crate::catalog::{Argument, Call, Catalog, Net, NetStep, Value};
use crate::data::lab::LabPart;
use crate::data::{Normalization, Prepared, SampleType, numbers};
use crate::graph::within;
use crate::language::{Sources, canonical, check, visible_line};

/// Bytes of the longest encoder that is read back.
const LONGEST: usize = 1 << 16;

/// Numbers of the largest record that is read.
const MOST_NUMBERS: usize = 1 << 26;

/// The keys that an exported file says it by.
const ENCODER_KEY: &str = "encoder";
const INPUT_KEY: &str = "input";
const SIZE_KEY: &str = "input_size";
const CHANNELS_KEY: &str = "channels";
const LAB_KEY: &str = "lab";
const LEARNT_KEY: &str = "learnt";
const MEAN_KEY: &str = "mean";
const STD_KEY: &str = "std";

/// An encoder, what it takes, and what was prepared with that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderCard {
    /// The part of its stage that it is: `teacher`.
    pub part: String,
    /// The module of the training graph that holds its weights: `ema/encoder`.
    pub module: String,
    /// As a recipe writes it, with every default.
    pub encoder: String,
    /// What it takes: `image[3, 32, 32]`.
    pub input: String,
    /// What each channel of pictures was normalised by; empty where it was not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mean: Vec<f32>,
    /// The same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub std: Vec<f32>,
    /// The transforms that made parts of Lab of the pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lab: Vec<String>,
    /// Fits that learnt what it takes its input by, such as a vocabulary: it can't be read without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnt: Vec<String>,
}

/// An encoder as a recipe writes it, alone: names of the recipe are replaced by what they stand for.
pub(super) fn text_of(net: &Net) -> String {
    canonical(&Value::Net(unnamed(net)))
}

fn unnamed(net: &Net) -> Net {
    let steps = net.steps.iter().map(|step| NetStep {
        call: unnamed_call(&step.call),
        place: step.place.clone(),
    });
    Net {
        name: None,
        steps: steps.collect(),
        span: net.span,
    }
}

fn unnamed_call(call: &Call) -> Call {
    fn of(value: &Value) -> Value {
        match value {
            Value::Net(net) => Value::Net(unnamed(net)),
            Value::Call(call) => Value::Call(unnamed_call(call)),
            Value::List(values) => Value::List(values.iter().map(of).collect()),
            other => other.clone(),
        }
    }
    let mut own = call.clone();
    let values = call.args.values.iter().map(|(name, argument)| {
        let argument = Argument {
            value: of(&argument.value),
            ..argument.clone()
        };
        (name.clone(), argument)
    });
    own.args.values = values.collect();
    own
}

impl EncoderCard {
    /// Of an encoder as later stages read it.
    pub fn of(reader: &Reader) -> Self {
        let by = reader.prepared.normalization.clone();
        let (mean, std) = by.map_or_else(Default::default, |by| (by.mean, by.std));
        let lab = reader.prepared.lab.iter();
        // what is learnt belongs to texts; the pictures beside them are read without it
        let texts = reader.sample.longest().is_some();
        let learnt = reader.prepared.learnt.iter().filter(|_| texts);
        Self {
            part: reader.part.clone(),
            module: reader.module.clone(),
            encoder: text_of(&reader.net),
            input: reader.sample.to_string(),
            mean,
            std,
            lab: lab.map(|part| part.transform().to_owned()).collect(),
            learnt: learnt.map(|fit| fit.name.clone()).collect(),
        }
    }

    /// The encoders that a stage trains, the one that its bare name means first; none where it trains no encoder. `before` are the stages
    /// above it.
    pub fn all(stage: &StagePlan, before: &[StagePlan]) -> Vec<Self> {
        match &stage.body {
            Body::Train(training) => training.parts.iter().map(Self::of).collect(),
            Body::Evaluate(evaluation) => {
                let Some(heads) = &evaluation.heads else {
                    return Vec::new();
                };
                let mut own = heads.own.train.parameters.iter();
                let trains = own.any(|parameter| within(&parameter.name, ENCODER).is_some());
                let from = before.iter().find(|s| s.name == evaluation.from.stage);
                let Some(Body::Train(training)) = from.map(|stage| &stage.body) else {
                    return Vec::new();
                };
                let mut parts = training.parts.iter();
                let part = parts.find(|part| part.part == evaluation.from.part);
                let tuned = part.filter(|_| trains).map(|part| Self {
                    part: ENCODER.to_owned(),
                    module: ENCODER.to_owned(),
                    ..Self::of(part)
                });
                tuned.into_iter().collect()
            }
            Body::Fit(_) | Body::Export(_) => Vec::new(),
        }
    }

    /// What an exported file says of it.
    pub(super) fn about(&self) -> BTreeMap<String, String> {
        let mut about = BTreeMap::from([
            (ENCODER_KEY.to_owned(), self.encoder.clone()),
            (INPUT_KEY.into(), self.input.clone()),
        ]);
        for (key, values) in [(MEAN_KEY, &self.mean), (STD_KEY, &self.std)] {
            if !values.is_empty() {
                about.insert(key.into(), numbers(values));
            }
        }
        for (key, words) in [(LAB_KEY, &self.lab), (LEARNT_KEY, &self.learnt)] {
            if !words.is_empty() {
                about.insert(key.into(), words.join(", "));
            }
        }
        about
    }

    /// What an exported file says of it.
    ///
    /// # Errors
    /// It does not say all of it; the error names what is missing.
    pub fn from_about(about: &BTreeMap<String, String>) -> Result<Self, String> {
        // of pictures the sizes alone say it, where they are not parts of Lab
        let sizes = about
            .get(SIZE_KEY)
            .filter(|_| !about.contains_key(CHANNELS_KEY));
        let input = about.get(INPUT_KEY).cloned();
        let input = input.or_else(|| sizes.map(|sizes| format!("image{sizes}")));
        let missing: Vec<String> = [ENCODER_KEY, INPUT_KEY]
            .into_iter()
            .filter(|key| !about.contains_key(*key) && (*key != INPUT_KEY || input.is_none()))
            .map(|key| format!("`{key}`"))
            .collect();
        if !missing.is_empty() {
            return Err(format!("its header does not say {}", missing.join(" and ")));
        }
        let text = |key: &str| about.get(key).cloned().unwrap_or_default();
        let words = |key: &str| -> Vec<String> {
            let text = text(key);
            let words = text.split(',').map(str::trim);
            let words = words.filter(|word| !word.is_empty());
            words.map(str::to_owned).collect()
        };
        let list = |key: &str| -> Result<Vec<f32>, String> {
            match about.get(key) {
                None => Ok(Vec::new()),
                Some(text) => serde_json::from_str(text)
                    .map_err(|_| format!("`{key}` of its header is no list of numbers")),
            }
        };
        Ok(Self {
            part: ENCODER.to_owned(),
            module: ENCODER.to_owned(),
            encoder: text(ENCODER_KEY),
            input: input.unwrap_or_default(),
            mean: list(MEAN_KEY)?,
            std: list(STD_KEY)?,
            lab: words(LAB_KEY),
            learnt: words(LEARNT_KEY),
        })
    }

    /// The encoder as it reads records.
    ///
    /// # Errors
    /// It can't be made of what is written down: why, in a sentence.
    pub fn reader(&self, catalog: &Catalog) -> Result<Reader, String> {
        if let Some(first) = self.learnt.first() {
            return Err(format!(
                "it takes what the fit `{}` has learnt, which is not written down beside it",
                visible_line(first)
            ));
        }
        let unknown = || {
            let input = visible_line(&self.input);
            format!("its input, `{input}`, is none that this version knows")
        };
        let sample = SampleType::parse(&self.input).ok_or_else(unknown)?;
        sample.tensors().map_err(|_| unknown())?;
        let sizes = sample.parts().map_or(&sample, |(one, _)| one).sizes();
        let mut numbers = sizes.iter().filter_map(|(_, size)| *size);
        let numbers = numbers.try_fold(1usize, usize::checked_mul);
        if numbers.is_none_or(|numbers| numbers > MOST_NUMBERS) {
            return Err("its input is larger than pictures are".into());
        }
        let lab = |word: &String| {
            let mut parts = [LabPart::Lightness, LabPart::Colour, LabPart::Whole].into_iter();
            let found = parts.find(|part| part.transform() == word);
            found.ok_or_else(|| format!("`{}` is no part of Lab", visible_line(word)))
        };
        let lab = self.lab.iter().map(lab).collect::<Result<Vec<_>, _>>()?;
        let finite = self.mean.iter().chain(&self.std).all(|x| x.is_finite());
        if self.mean.len() != self.std.len() || !finite || self.std.contains(&0.0) {
            return Err("its `mean` and `std` are not those of channels".into());
        }
        let normalization = (!self.mean.is_empty()).then(|| Normalization {
            mean: self.mean.clone(),
            std: self.std.clone(),
        });
        Ok(Reader {
            part: self.part.clone(),
            module: self.module.clone(),
            net: self.net(catalog)?,
            sample,
            prepared: Prepared {
                normalization,
                lab,
                learnt: Vec::new(),
            },
        })
    }

    fn net(&self, catalog: &Catalog) -> Result<Net, String> {
        if self.encoder.len() > LONGEST {
            return Err("its encoder is too long to be read".into());
        }
        let mut sources = Sources::default();
        let text = format!("ssl 1\n\nencoder own = {}\n", self.encoder);
        let file = sources.add("<encoder>", text);
        let (recipe, diagnostics) = check(sources, file, catalog, &[]);
        let net = recipe.and_then(|recipe| recipe.encoders.into_iter().next());
        net.ok_or_else(|| {
            let why = diagnostics.first().map(|d| d.message.as_str());
            format!(
                "its encoder, `{}`, can't be made here: {}",
                visible_line(&self.encoder),
                why.unwrap_or("it is none")
            )
        })
    }
}

#[cfg(test)]
#[path = "encoder_card_tests.rs"]
mod tests;
