//! `clip` and `siglip` as they lie on the disk after a short training, and in open_clip's hands.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::tests::{Kept, file, model, run, training};
use crate::data::{Philox, Pieces};
use crate::engine::checkpoint::read;
use crate::engine::{Batch, HostTensor, features};
use crate::graph::Var;
use crate::plan::Plan;
use crate::plan::export::write_safetensors;

/// Pieces of a caption, and pictures that are compared.
const LENGTH: usize = 10;
const COUNT: usize = 5;

fn recipe(task: &str, pre_norm: &str) -> String {
    format!(
        "ssl 1

dataset drawn = image_text(\"captions.csv\")

fit pieces = wordpiece(size = 60) {{ data = drawn.train }}

augment pair(image, text) {{
  picture = image |> normalize(mean = [0.4, 0.5, 0.6], std = [0.2, 0.25, 0.3])
  caption = text |> tokenize(pieces) |> crop_tokens(10, at = start)
  emit image = picture, text = caption
}}

pretext pairs = {task}(width = 8) {{
  data          = drawn.train
  valid         = drawn.train
  augment       = pair
  image_encoder = vit(width = 12, depth = 2, heads = 3, patch = 4px, pre_norm = {pre_norm})
  text_encoder  = gpt(width = 16, depth = 2, heads = 2, pool = last, dropout = 0%)
  batch         = 8
  length        = 3 epochs
  optimizer     = adamw(3e-3)
}}

export whole = open_clip(\"whole/open_clip_model.safetensors\") {{ from = pairs }}

run {{ seed = 5, device = flex }}
"
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let mut table = "image,caption\n".to_owned();
    let words = [
        "boats", "sail", "hills", "farm", "gates", "on", "reefs", "salt",
    ];
    for number in 0..32_u32 {
        let mut rng = Philox::new(4, &[u64::from(number)]);
        let colour = [rng.below(256), rng.below(256), rng.below(256)].map(|x| x as u8);
        let picture = image::RgbImage::from_pixel(16, 16, image::Rgb(colour));
        picture
            .save(folder.path().join(format!("{number}.png")))
            .expect("a picture");
        let said = (0..3 + rng.below(6)).map(|_| words[rng.below(8) as usize]);
        let said: Vec<&str> = said.collect();
        table += &format!("{number}.png,{}\n", said.join(" "));
    }
    fs::write(folder.path().join("captions.csv"), table).expect("captions");
    folder
}

fn trained(task: &str, pre_norm: &str) -> (tempfile::TempDir, Plan, Kept) {
    let folder = folder();
    let (plan, said) = run(&recipe(task, pre_norm), folder.path());
    (folder, plan, said)
}

fn json_of(path: &Path) -> Json {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// Names and shapes are those of open_clip's own models: `tests/fixtures/open_clip_names.py`.
#[test]
fn names_and_shapes_are_open_clips() {
    let fixture: Json =
        serde_json::from_str(include_str!("../../../tests/fixtures/open_clip.json")).expect("JSON");
    for (task, pre_norm) in [("clip", "off"), ("siglip", "on")] {
        let (folder, _, said) = trained(task, pre_norm);
        let whole = folder.path().join("run/whole");
        let bytes = fs::read(whole.join("open_clip_model.safetensors")).expect("a file");
        let file = safetensors::SafeTensors::deserialize(&bytes).expect("tensors");
        let mut found: Vec<Json> = file
            .tensors()
            .into_iter()
            .map(|(name, view)| json!([name, view.shape()]))
            .collect();
        found.sort_by_key(|one| one[0].as_str().map(str::to_owned));
        let wanted = fixture[task].as_array().expect("a list");
        // what the vocabulary holds is as many pieces as there are
        assert_eq!(&found, wanted, "{task}");
        let config = json_of(&whole.join("open_clip_config.json"));
        let model = &config["model_cfg"];
        assert_eq!(model["vision_cfg"]["no_ln_pre"], json!(pre_norm == "off"));
        assert_eq!(model["vision_cfg"]["head_width"], json!(4));
        assert_eq!(model["text_cfg"]["eos_id"], json!(3));
        assert_eq!(model["init_logit_bias"].is_number(), task == "siglip");
        let mean: Vec<f64> =
            serde_json::from_value(config["preprocess_cfg"]["mean"].clone()).expect("numbers");
        let off = mean.iter().zip([0.4, 0.5, 0.6]).map(|(x, y)| (x - y).abs());
        assert!(
            mean.len() == 3 && off.fold(0.0, f64::max) < 1e-6,
            "{mean:?}"
        );
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            assert!(json_of(&whole.join(name)).is_object(), "{name}");
        }
        let lines = said.lines("whole");
        assert!(
            lines.contains("open_clip.get_tokenizer(\"local-dir:"),
            "{lines}"
        );
    }
}

/// What the stage's own graph gives in evaluation is what open_clip gives, texts cut by its tokenizer.
#[test]
#[ignore = "needs Python with torch, safetensors, transformers and open_clip"]
fn open_clip_loads_both_and_gives_the_same() {
    for (task, pre_norm) in [("clip", "off"), ("clip", "on"), ("siglip", "on")] {
        let (folder, plan, said) = trained(task, pre_norm);
        let at = |name: &str| folder.path().join("run").join(name);
        let state = read(&at("stages/pairs/final.ckpt")).expect("weights").state;
        let vocabulary = fs::read(at("stages/pieces/tokenizer.json")).expect("a vocabulary");
        let pieces = Pieces::open(&vocabulary).expect("pieces");
        let texts = [
            "sail on",
            "farm",
            "boats on reefs",
            "salt hills",
            "gates gates on salt sail farm boats hills reefs",
        ];
        let mut ids = Vec::new();
        for text in texts {
            let mut own = pieces.enclosed(&pieces.encode(text).expect("pieces"));
            if own.len() > LENGTH {
                let end = own.pop().expect("an end");
                own.truncate(LENGTH - 1);
                own.push(end);
            }
            own.resize(LENGTH, 0);
            ids.extend(own.into_iter().map(i64::from));
        }
        let mut rng = Philox::new(9, &[]);
        let pixels = (0..COUNT * 3 * 16 * 16).map(|_| rng.normal()).collect();
        let pictures = HostTensor::f32(pixels, &[COUNT, 3, 16, 16]);
        let ids = HostTensor::int(ids, &[COUNT, LENGTH]);
        let graph = &training(&plan).valid.as_ref().expect("a validation").graph;
        let own = model(graph, &state.parameters);
        let batch = Batch::from([
            ("image".to_owned(), pictures.clone()),
            ("text".to_owned(), ids.clone()),
            (
                "text/length".to_owned(),
                HostTensor::int(vec![0; COUNT], &[COUNT]),
            ),
        ]);
        let mut wanted: Vec<Var> = ["image_features", "text_features"]
            .iter()
            .filter_map(|name| graph.placed(name))
            .collect();
        let scale = graph.metrics.iter().find(|metric| metric.name == "scale");
        wanted.push(scale.expect("a metric").var);
        let found = features(graph, &own, &batch, &wanted).expect("features");
        let mut all = vec![file("ids", &ids), file("pictures", &pictures)];
        let names = ["image_features", "text_features", "scale"];
        all.extend(
            names
                .iter()
                .zip(&found)
                .map(|(name, tensor)| file(name, tensor)),
        );
        write_safetensors(&at("outputs"), &all, &BTreeMap::new()).expect("a file");
        fs::write(at("texts.json"), json!(texts).to_string()).expect("a file");
        fs::write(at("lines.py"), said.lines("whole")).expect("a file");
        let python = std::env::var("PRETEXT_PYTHON").unwrap_or_else(|_| "python3".into());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/load_open_clip.py");
        let done = Command::new(&python)
            .arg(script)
            .args([at("whole"), at("lines.py"), at("texts.json"), at("outputs")])
            .output();
        let Ok(done) = done else {
            println!("skipped: no {python}");
            return;
        };
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        print!("{task}\n{text}");
        if done.status.code() != Some(77) {
            let why = String::from_utf8_lossy(&done.stderr);
            assert!(
                done.status.success(),
                "{}\n{text}{why}",
                said.lines("whole")
            );
        }
    }
}
