//! Stages that begin with the weights of a file: `tests/fixtures/weights/weights.py`. What is read, held still or moved by nothing, and written again is
//! what the library wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::Test;

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/weights");
    fs::read(Path::new(folder).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Tensors of weights with their sizes and numbers; counts of batches are none.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

fn each<const N: usize>(view: &TensorView<'_>, of: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let bytes = view.data().as_chunks().0;
    bytes.iter().map(|bytes| of(*bytes)).collect()
}

fn tensors(bytes: &[u8]) -> Tensors {
    let file = SafeTensors::deserialize(bytes).expect("safetensors");
    let all = file.tensors().into_iter();
    let numbers = all.filter_map(|(name, view)| {
        let numbers = match view.dtype() {
            Dtype::F64 => each(&view, |bytes| f64::from(f64::from_le_bytes(bytes) as f32)),
            Dtype::F32 => each(&view, |bytes| f64::from(f32::from_le_bytes(bytes))),
            Dtype::BF16 => each(&view, |bytes: [u8; 2]| {
                f64::from(f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16))
            }),
            // none of them is subnormal
            Dtype::F16 => each(&view, |bytes: [u8; 2]| {
                let bits = i32::from(u16::from_le_bytes(bytes));
                let (sign, power, part) = (bits >> 15, bits >> 10 & 31, bits & 1023);
                assert!(0 < power && power < 31, "{name}");
                let size = (1.0 + f64::from(part) / 1024.0) * 2f64.powi(power - 15);
                if sign == 1 { -size } else { size }
            }),
            _ => return None,
        };
        Some((name, (view.shape().to_vec(), numbers)))
    });
    numbers.collect()
}

/// Equal but for what only one of them has, which is told.
fn same(found: &Tensors, wanted: &Tensors) -> (Vec<String>, Vec<String>) {
    for (name, numbers) in found {
        if let Some(wanted) = wanted.get(name) {
            assert_eq!(numbers, wanted, "{name}");
        }
    }
    let alone = |of: &Tensors, other: &Tensors| {
        let names = of.keys().filter(|name| !other.contains_key(*name));
        names.cloned().collect()
    };
    (alone(found, wanted), alone(wanted, found))
}

fn pictures(encoder: &str, start: &str) -> String {
    format!(
        "ssl 1

dataset figures = shapes(train = 32, valid = 8, test = 8)

pretext turns = distill(teacher = {encoder}, teacher_start = {start}, queue = 64) {{
  data    = figures.train
  encoder = small_cnn(width = 2)
  batch   = 16
  length  = 1 steps
  schedule = constant()
}}

export weights = safetensors(\"out/model.safetensors\") {{ from = turns.teacher }}
"
    )
}

/// A folder with captioned pictures, lines of text, the fixtures and this recipe.
fn test(recipe: &str) -> Test {
    let test = Test::new().file("recipe.ssl", recipe);
    for name in ["timm_vit", "small_cnn", "open_clip", "bert"] {
        let name = format!("{name}.safetensors");
        test.write(&name, fixture(&name));
    }
    let mut table = "image,caption\n".to_owned();
    let words = ["boats", "sail", "hills", "farm", "gates", "reefs", "salt"];
    for number in 0..16_u8 {
        let own = image::RgbImage::from_pixel(32, 32, image::Rgb([number * 9, 90, 200]));
        own.save(test.path(&format!("{number}.png")))
            .expect("a picture");
        let word = |at: u8| words[usize::from(number.wrapping_mul(at + 3)) % words.len()];
        table += &format!("{number}.png,{} {} {}\n", word(0), word(1), word(2));
    }
    test.write("captions.csv", &table);
    let lines = table.lines().skip(1);
    let lines: Vec<&str> = lines.filter_map(|line| line.split(',').nth(1)).collect();
    test.write("lines/train.txt", lines.join("\n") + "\n");
    test
}

fn written(test: &Test, name: &str) -> Tensors {
    tensors(&fs::read(test.path(name)).unwrap_or_else(|e| panic!("{name}: {e}")))
}

const VIT: &str = "vit(width = 12, depth = 1, heads = 3, patch = 8px)";
const NONE: [String; 0] = [];

#[test]
fn encoders_of_pictures_begin_as_libraries_wrote_them() {
    for (encoder, name, aside) in [
        (VIT, "timm_vit", &["head.bias", "head.weight"][..]),
        ("small_cnn(width = 2)", "small_cnn", &[]),
    ] {
        let file = format!("{name}.safetensors");
        let test = test(&pictures(encoder, &format!("\"{file}\"")));
        let ran = test.run(&["run", "recipe.ssl", "--out", "run"]).code(0);
        let said = ran.stderr() + &ran.stdout();
        assert!(said.contains(&format!("tensors of `{file}`")), "{said}");
        let (more, less) = same(
            &written(&test, "run/out/model.safetensors"),
            &tensors(&fixture(&file)),
        );
        assert_eq!(
            (more, less),
            (NONE.into(), aside.iter().map(|s| (*s).to_owned()).collect()),
            "{name}"
        );
        // what was written is read back
        fs::copy(
            test.path("run/out/model.safetensors"),
            test.path("again.safetensors"),
        )
        .expect("a copy");
        test.write("again.ssl", pictures(encoder, "\"again.safetensors\""));
        test.run(&["run", "again.ssl", "--out", "again"]).code(0);
        let again = written(&test, "again/out/model.safetensors");
        assert_eq!(again, written(&test, "run/out/model.safetensors"), "{name}");
    }
}

fn pairs(begins: &str, start: &str, more: &str) -> String {
    format!(
        "ssl 1

dataset drawn = image_text(\"captions.csv\")

fit pieces = wordpiece(size = 60) {{ data = drawn.train }}

augment pair(image, text) {{
  picture = image |> normalize(mean = [0.4, 0.5, 0.6], std = [0.2, 0.25, 0.3])
  caption = text |> tokenize(pieces) |> crop_tokens(10, at = start)
  emit image = picture, text = caption
}}

pretext pairs = clip(width = 6{begins}) {{
  data          = drawn.train
  augment       = pair
  image_encoder = {VIT}
  text_encoder  = gpt(width = 8, depth = 1, heads = 2, pool = last, dropout = 0%)
  batch         = 8
  length        = 1 steps
  optimizer     = sgd(1e-30)
  {start}
}}

{more}
"
    )
}

#[test]
fn a_model_of_open_clip_is_taken_whole_or_one_of_its_encoders() {
    let file = "\"open_clip.safetensors\"";
    let export = "export whole = open_clip(\"whole/open_clip_model.safetensors\") { from = pairs }";
    let own = tensors(&fixture("open_clip.safetensors"));
    let whole = test(&pairs("", &format!("start = {file}"), export));
    whole.run(&["run", "recipe.ssl", "--out", "run"]).code(0);
    let found = written(&whole, "run/whole/open_clip_model.safetensors");
    assert_eq!(same(&found, &own), (NONE.into(), NONE.into()));
    // one encoder each; what stands on them begins fresh
    for (begins, of_it) in [
        (format!(", image_start = {file}"), true),
        (format!(", text_start = {file}"), false),
    ] {
        let test = test(&pairs(&begins, "", export));
        let planned = test.run(&["plan", "recipe.ssl"]).code(0).stdout();
        assert!(
            planned.contains("of `open_clip.safetensors`, without"),
            "{planned}"
        );
        test.run(&["run", "recipe.ssl", "--out", "run"]).code(0);
        let found = written(&test, "run/whole/open_clip_model.safetensors");
        for (name, numbers) in found {
            let of_image = name.starts_with("visual.") && name != "visual.proj";
            let of_text = !name.starts_with("visual.")
                && !["text_projection", "logit_scale"].contains(&name.as_str());
            let taken = if of_it { of_image } else { of_text };
            assert_eq!(numbers == own[&name], taken, "{name}");
        }
    }
}

#[test]
fn berts_begin_with_their_heads_or_alone() {
    let recipe = |start: &str| {
        format!(
            "ssl 1

dataset lines = text_lines(\"lines\")

fit pieces = wordpiece(size = 60) {{ data = lines.train }}

augment masked(text) {{
  (input, target) = text |> tokenize(pieces) |> crop_tokens(10, at = start) |> mask_tokens(15%)
  emit input, target
}}

pretext read = masked_tokens() {{
  data    = lines.train
  augment = masked
  encoder = bert(width = 8, depth = 1, heads = 2)
  batch   = 8
  length  = 1 steps
  optimizer = sgd(1e-30)
  start   = \"{start}\"
}}

export weights = safetensors(\"out/model.safetensors\", head = on) {{ from = read }}
export alone = safetensors(\"alone/model.safetensors\") {{ from = read }}
"
        )
    };
    let test = test(&recipe("bert.safetensors"));
    test.run(&["run", "recipe.ssl", "--out", "run"]).code(0);
    let own = tensors(&fixture("bert.safetensors"));
    let found = written(&test, "run/out/model.safetensors");
    let ties = [
        "cls.predictions.decoder.bias",
        "cls.predictions.decoder.weight",
    ];
    let (more, less) = same(&found, &own);
    assert_eq!((more, less), (ties.map(str::to_owned).into(), NONE.into()));
    // both of our own exports are read back
    for (at, of) in [("out", "out"), ("alone", "alone")] {
        let copy = format!("{at}.safetensors");
        let from = test.path(&format!("run/{at}/model.safetensors"));
        fs::copy(from, test.path(&copy)).expect("a copy");
        test.write("again.ssl", recipe(&copy));
        let out = format!("again-{at}");
        test.run(&["run", "again.ssl", "--out", &out]).code(0);
        let path = format!("{of}/model.safetensors");
        assert_eq!(
            written(&test, &format!("{out}/{path}")),
            written(&test, &format!("run/{path}"))
        );
    }
}

/// A file with these tensors of another, and others besides.
fn changed(of: &str, keep: impl Fn(&str) -> bool, more: &[&str]) -> Vec<u8> {
    let bytes = fixture(of);
    let file = SafeTensors::deserialize(&bytes).expect("safetensors");
    let mut all: Vec<(String, TensorView<'_>)> = file.tensors();
    all.retain(|(name, _)| keep(name));
    let data = [0; 8];
    all.extend(more.iter().map(|name| {
        let view = TensorView::new(Dtype::F32, vec![2], &data).expect("a tensor");
        ((*name).to_owned(), view)
    }));
    safetensors::serialize(all, None).expect("safetensors")
}

#[test]
fn what_does_not_fit_is_told_before_the_first_step() {
    let test = test(&pictures(VIT, "\"timm_vit.safetensors\""));
    let refused = |recipe: String| {
        test.write("recipe.ssl", recipe);
        let ran = test.run(&["run", "recipe.ssl", "--out", "run"]);
        assert!(!ran.output.status.success());
        assert!(!test.path("run/stages/turns/final.ckpt").exists());
        ran.stderr() + &ran.stdout()
    };
    let said = refused(pictures(
        "vit(width = 24, depth = 1, heads = 3, patch = 8px)",
        "\"timm_vit.safetensors\"",
    ));
    for part in [
        "are not those of `teacher` of `turns`",
        "`blocks.0.attn.proj.bias` is [12] there and [24] here",
        "recipe.ssl:5",
    ] {
        assert!(said.contains(part), "{said}");
    }
    test.write(
        "few.safetensors",
        changed(
            "timm_vit.safetensors",
            |name| !name.contains("norm1"),
            &["extra.weight"],
        ),
    );
    let said = refused(pictures(VIT, "\"few.safetensors\""));
    for part in [
        "Not in the file: `blocks.0.norm1.bias` [12], `blocks.0.norm1.weight` [12]",
        "nothing here takes it: `extra.weight`",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let whole = fixture("timm_vit.safetensors");
    test.write("cut.safetensors", &whole[..whole.len() - 100]);
    let said = refused(pictures(VIT, "\"cut.safetensors\""));
    assert!(said.contains("it is cut off: 100 of its"), "{said}");
    test.write("pickle.pt", b"PK\x03\x04 not what it says it is");
    let said = refused(pictures(VIT, "\"pickle.pt\""));
    assert!(said.contains("no safetensors file"), "{said}");
    let said = refused(pictures(VIT, "\"nowhere.safetensors\""));
    assert!(said.contains("nowhere.safetensors is not there"), "{said}");
    // the name of a stage is no path
    let named = pictures(VIT, "\"first\"").replace(
        "pretext turns",
        &format!("pretext first = rotation() {{ data = figures.train, encoder = {VIT}, batch = 16 }}\n\npretext turns"),
    );
    let said = refused(named);
    assert!(
        said.contains("without quotes: `teacher_start = first`"),
        "{said}"
    );
}

#[test]
fn what_a_file_holds_decides_not_where_it_lies() {
    let recipe = |name: &str| pictures(VIT, &format!("\"{name}\""));
    let test = test(&recipe("timm_vit.safetensors"));
    test.run(&["run", "recipe.ssl", "--out", "run"]).code(0);
    let stage = test.path("run/stages/turns/final.ckpt");
    let time = || {
        fs::metadata(&stage)
            .and_then(|about| about.modified())
            .expect("a time")
    };
    let before = time();
    test.write("moved.safetensors", fixture("timm_vit.safetensors"));
    test.write("recipe.ssl", recipe("moved.safetensors"));
    test.run(&["run", "recipe.ssl", "--out", "run"]).code(0);
    assert_eq!(time(), before);
    let mut other = fixture("timm_vit.safetensors");
    let end = other.len() - 1;
    other[end] ^= 1;
    test.write("other.safetensors", other);
    test.write("recipe.ssl", recipe("other.safetensors"));
    test.run(&["run", "recipe.ssl", "--out", "run"]).code(0);
    assert_ne!(time(), before);
}
