//! What a file of weights says about itself, so that who finds it knows what it takes and what it was learnt from.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::encoder_card::EncoderCard;
use super::torch::{Loading, loading};
use super::{Body, Export, Normalized, Plan, Training, numbers};
use crate::catalog::{Call, Kind};
use crate::data::lab::LabPart;
use crate::graph::Size;

/// Everything about an export besides its tensors.
pub struct Card {
    /// Key and value, as the file's header holds them.
    pub about: BTreeMap<String, String>,
    /// `config.json`, in the form that timm or `transformers` reads.
    pub config: Json,
    /// How PyTorch loads it.
    pub loading: Loading,
}

/// The card of an export. `hash` is the content hash of the stage that it starts from, `file` the path that the lines of Python
/// name.
pub fn card(plan: &Plan, export: &Export, hash: &str, file: &str) -> Card {
    let training = plan.stages.iter().find_map(|stage| match &stage.body {
        Body::Train(training) if stage.name == export.from.stage => Some(&**training),
        _ => None,
    });
    let normalized = training.and_then(|training| training.normalized.as_ref());
    let facts = Facts::of(export);
    let mut about = facts.about(normalized, training);
    about.insert("recipe_hash".into(), hash.to_owned());
    about.insert("stage".into(), export.from.text());
    let loading = loading(export, normalized.map(|n| &n.by), file);
    let lab = facts.lab;
    about.extend(lab.map(|part| ("channels".to_owned(), channels(part))));
    let config = match &export.transformers {
        Some(own) => {
            about.insert("transformers".into(), own.class.name().to_owned());
            own.config(&about)
        }
        None => facts.config(normalized, &loading, &about),
    };
    Card {
        config,
        about,
        loading,
    }
}

/// What the encoder is.
struct Facts {
    /// `resnet18`, or `layers` for a net that the recipe writes layer by layer.
    architecture: String,
    /// The encoder as a recipe writes it, and what it takes.
    own: EncoderCard,
    /// `[C, H, W]` of pictures.
    image: Option<[usize; 3]>,
    /// Which part of Lab those are.
    lab: Option<LabPart>,
    /// Width of what comes before a classifier.
    features: usize,
    /// Outputs of its own classifier; 0 without one.
    classes: usize,
}

impl Facts {
    fn of(export: &Export) -> Self {
        let steps = &export.encoder.net.steps;
        let encoder = match steps.as_slice() {
            [only] if only.call.spec.kind == Kind::Encoder => Some(&only.call),
            _ => None,
        };
        let output = export.graph.shape(export.output);
        let output = output.last().and_then(Size::known).unwrap_or(0);
        let classes = encoder.map_or(0, classes);
        Self {
            architecture: encoder.map_or("layers".into(), |call| call.spec.name.clone()),
            own: EncoderCard::of(&export.encoder),
            image: export.encoder.picture(),
            lab: export.encoder.lab_part(),
            features: match encoder {
                Some(call) if classes > 0 => before_head(export, call).unwrap_or(output),
                _ => output,
            },
            classes,
        }
    }

    fn about(
        &self,
        normalized: Option<&Normalized>,
        training: Option<&Training>,
    ) -> BTreeMap<String, String> {
        let mut about = BTreeMap::from([
            ("format".to_owned(), "pt".to_owned()),
            ("pretext".into(), env!("CARGO_PKG_VERSION").into()),
            ("architecture".into(), self.architecture.clone()),
            ("num_features".into(), self.features.to_string()),
            ("num_classes".into(), self.classes.to_string()),
        ]);
        about.extend(self.own.about());
        if let Some(image) = self.image {
            about.extend([
                ("input_size".to_owned(), format!("{image:?}")),
                ("interpolation".into(), "bilinear".into()),
                ("crop_pct".into(), "1.0".into()),
                ("crop_mode".into(), "center".into()),
                ("view".into(), view(image)),
            ]);
        }
        if let Some(normalized) = normalized.filter(|_| self.lab.is_none()) {
            about.insert("mean".into(), numbers(&normalized.by.mean));
            about.insert("std".into(), numbers(&normalized.by.std));
            if let Some(training) = training {
                let words = normalized.origin.words(&training.data.text);
                about.insert("normalized".into(), words);
            }
        }
        if let Some(training) = training {
            about.insert("task".into(), training.task.spec.name.clone());
            about.insert("data".into(), training.data.text.clone());
            about.insert("license".into(), licence(&training.data.text));
        }
        about
    }

    fn config(
        &self,
        normalized: Option<&Normalized>,
        loading: &Loading,
        about: &BTreeMap<String, String>,
    ) -> Json {
        let list = |values: &[f32]| -> Json {
            // the shortest decimals that read back as the same f32
            serde_json::from_str(&numbers(values)).unwrap_or(Json::Null)
        };
        let of_pictures = |image: [usize; 3]| {
            let (mean, std) = match normalized.filter(|_| self.lab.is_none()) {
                Some(n) => (list(&n.by.mean), list(&n.by.std)),
                // pixels in 0..1, as they are
                None => (json!(vec![0.0; image[0]]), json!(vec![1.0; image[0]])),
            };
            json!({
                "input_size": image,
                "fixed_input_size": loading.fixed_size,
                "pool_size": null,
                "interpolation": "bilinear",
                "crop_pct": 1.0,
                "crop_mode": "center",
                "mean": mean,
                "std": std,
                "num_classes": self.classes,
                "custom_load": false,
            })
        };
        let mut pretrained = match self.image {
            Some(image) => of_pictures(image),
            None => json!({ "num_classes": self.classes, "custom_load": false }),
        };
        if let Some(pretrained) = pretrained.as_object_mut() {
            for (name, value) in &loading.named {
                pretrained.insert((*name).to_owned(), json!(value));
            }
            if let Some(text) = about.get("license") {
                pretrained.insert("description".into(), json!(text));
            }
        }
        let mut config = Map::new();
        config.insert(
            "architecture".into(),
            json!(loading.timm.as_deref().unwrap_or(&self.architecture)),
        );
        config.insert("num_classes".into(), json!(self.classes));
        config.insert("num_features".into(), json!(self.features));
        config.extend(
            loading
                .global_pool
                .map(|pool| ("global_pool".into(), json!(pool))),
        );
        if !loading.model_args.is_empty() {
            config.insert("model_args".into(), json!(loading.model_args));
        }
        config.insert("pretrained_cfg".into(), pretrained);
        let own = about.iter().filter(|(key, _)| *key != "format");
        let own: Map<String, Json> = own.map(|(k, v)| (k.clone(), json!(v))).collect();
        config.insert("pretext".into(), Json::Object(own));
        Json::Object(config)
    }
}

/// Outputs of an encoder's own classifier.
fn classes(call: &Call) -> usize {
    match call.spec.find("classes") {
        Some(_) => call.args.maybe_size("classes").unwrap_or(0),
        None => 0,
    }
}

/// Inputs of the classifier: its weight is the last parameter of two dimensions.
fn before_head(export: &Export, call: &Call) -> Option<usize> {
    let name = if call.spec.name == "vit" {
        "head"
    } else {
        "fc"
    };
    let weight = format!("{}/{name}/weight", super::ENCODER);
    let parameter = export.graph.parameters.iter().find(|p| p.name == weight)?;
    parameter.shape.first().copied()
}

/// How a picture of any size becomes one that the encoder takes.
fn view([_, height, width]: [usize; 3]) -> String {
    if height == width {
        format!(
            "shorter side to {height} px, bilinear and antialiased, then the central {height}×{height} px"
        )
    } else {
        format!("{height}×{width} px (height × width), bilinear and antialiased")
    }
}

/// What the channels are where they are no colours of a screen.
fn channels(part: LabPart) -> String {
    match part {
        LabPart::Lightness => "L of CIE Lab (D65), (L - 50) / 25".into(),
        LabPart::Colour => "a and b of CIE Lab (D65), a / 10 and b / 10".into(),
        LabPart::Whole => "L, a and b of CIE Lab (D65), (L - 50) / 25, a / 10 and b / 10".into(),
    }
}

fn licence(data: &str) -> String {
    format!(
        "Learnt from `{data}`: what that data's licence asks of derived works holds for these weights. Pretext asks for nothing."
    )
}
