//! Values of every type go to a plugin's transform and come back: what it gives is what it said, or an error with its name.

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use pretext::augment::{Scratch, Transform};
use pretext::catalog::{Catalog, Make, Problem};
use pretext::data::{Image, Philox, Pieces, Sample, SampleType};
use pretext::extend::{Loader, Options};
use pretext::language::checked::SampleStep;
use pretext::language::{check_using, decode};

use super::support::*;

type Made = (Vec<SampleType>, Box<dyn Transform>);

/// A call of a plugin's transform for values of a type: what it promises, and the transform.
pub fn made(project: &Path, plugin: &str, call: &str, input: &str) -> Result<Made, Problem> {
    let text = format!(
        "ssl 1\n\nuse plugin \"{plugin}\" version \"0.1\"\n\naugment a(image) {{\n  made = image |> {call}\n  emit made\n}}\n"
    );
    let (mut sources, file, _) = decode(Path::new("test.ssl"), text.as_bytes());
    let mut catalog = Catalog::builtin();
    let mut doors = Loader::new(project, Options::default());
    let file = file.expect("text");
    let (recipe, diagnostics) = check_using(&mut sources, file, &mut catalog, &mut doors, &[]);
    let recipe = recipe.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let SampleStep::Transform(call) = &recipe.augments[0].bindings[0].value.steps[0] else {
        panic!("no transform")
    };
    let Make::Transform { types, make } = &call.spec.make else {
        panic!("no transform")
    };
    let input = SampleType::parse(input).unwrap_or_else(|| panic!("`{input}` is no type"));
    Ok((types(&call.args, &input)?, make(&call.args, &input)?))
}

fn with() -> tempfile::TempDir {
    let folder = project();
    let library = cargo("tests/abi/every_type", "every_type");
    fs::copy(library, place(folder.path(), "every_type")).expect("a copy");
    folder
}

/// The same, tried and pinned once for all tests.
fn pinned() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = with();
        let made = made(folder.path(), "every_type", "backwards()", "text");
        assert!(made.is_ok(), "it is not loaded");
        folder
    });
    folder.path()
}

/// What a call promises and gives of a value, or the error.
fn apply(call: &str, ty: &str, value: Sample) -> Result<(Vec<SampleType>, Vec<Sample>), String> {
    let (promised, transform) =
        made(pinned(), "every_type", call, ty).map_err(|problem| problem.message)?;
    let mut out = Vec::new();
    let mut rng = Philox::new(1, &[2]);
    transform
        .apply(value, &mut rng, &mut Scratch::default(), &mut out)
        .map_err(|error| error.message)?;
    for (value, ty) in out.iter().zip(&promised) {
        assert!(ty.holds(value), "{ty}: {value:?}");
    }
    Ok((promised, out))
}

fn one(call: &str, ty: &str, value: Sample) -> Sample {
    let (promised, mut out) = apply(call, ty, value).unwrap_or_else(|why| panic!("{ty}: {why}"));
    assert_eq!((promised[0].to_string().as_str(), out.len()), (ty, 1));
    out.remove(0)
}

fn pieces() -> Arc<Pieces> {
    static PIECES: OnceLock<Arc<Pieces>> = OnceLock::new();
    let made = PIECES.get_or_init(|| {
        let text: Arc<str> = "sea salt sail sea salt sail".into();
        let (bytes, _) =
            Pieces::fit(&mut [Ok(text)].into_iter(), 30, Default::default()).expect("pieces");
        Arc::new(Pieces::open(&bytes).expect("pieces"))
    });
    made.clone()
}

fn tokens(text: &str) -> Sample {
    let pieces = pieces();
    Sample::tokens(pieces.encode(text).expect("ids"), pieces)
}

fn line(sample: &Sample) -> String {
    let tokens = sample.as_tokens().expect("tokens");
    assert!(Arc::ptr_eq(&tokens.pieces, &pieces()), "another vocabulary");
    tokens.pieces.line(&tokens.ids)
}

/// A frame of one colour.
fn frame(colour: u8) -> Image {
    Image::new(vec![colour; 4 * 4 * 3], 4, 4, 3)
}

fn clip() -> Sample {
    Sample::clip([1, 2, 3].map(frame).to_vec())
}

fn boxes() -> Sample {
    Sample::boxes(vec![[0.0, 1.0, 2.0, 3.0], [4.5, 5.5, 6.5, 7.5]])
}

#[test]
fn every_type_goes_there_and_comes_back() {
    let words = one("backwards()", "tokens[8] of 30", tokens("sea salt sail"));
    assert_eq!(line(&words), "sail salt sea");

    let film = one("backwards()", "clip[3, 3, 4, 4]", clip());
    let colours: Vec<u8> = film
        .as_clip()
        .expect("a clip")
        .frames
        .iter()
        .map(|f| f.pixels[0])
        .collect();
    assert_eq!(colours, [3, 2, 1]);
    // of sizes that are not known before it is read
    assert!(one("backwards()", "clip", clip()).as_clip().is_some());

    let turned = one("backwards()", "boxes[2, 4]", boxes());
    let turned = turned.as_boxes().expect("boxes");
    assert_eq!(turned, [[4.5, 5.5, 6.5, 7.5], [0.0, 1.0, 2.0, 3.0]]);

    let text = one("backwards()", "text", Sample::text("häuser"));
    assert_eq!(text.into_text().as_deref(), Some("resuäh"));

    let image = Image::new((0..12).collect(), 2, 2, 3);
    let image = one("backwards()", "image[3, 2, 2]", Sample::image(image));
    assert_eq!(image.as_image().expect("a picture").pixels[0], 11);

    let mask = Image::new(vec![255, 0, 0, 0], 2, 2, 1);
    let mask = one("backwards()", "mask[2, 2]", Sample::image(mask));
    assert_eq!(mask.as_image().expect("a mask").pixels, [0, 0, 0, 255]);

    let label = one("backwards()", "label(10)", Sample::label(2));
    assert_eq!(label.as_label(), Some(7));

    let several = Sample::list(vec![tokens("sea"), tokens("salt")]);
    let several = one("backwards()", "tokens[8] of 30 * 2", several);
    let lines: Vec<String> = several
        .as_list()
        .expect("a list")
        .iter()
        .map(line)
        .collect();
    assert_eq!(lines, ["salt", "sea"]);

    let several = Sample::list(vec![boxes(), Sample::boxes(vec![[9.0; 4]; 2])]);
    let several = one("backwards()", "boxes[2, 4] * 2", several);
    assert_eq!(
        several.as_list().expect("a list")[0]
            .as_boxes()
            .expect("boxes")[0],
        [9.0; 4]
    );

    let several = Sample::list(vec![clip(), Sample::clip(vec![frame(9); 3])]);
    let several = one("backwards()", "clip[3, 3, 4, 4] * 2", several);
    let first = several.as_list().expect("a list")[0]
        .as_clip()
        .expect("a clip");
    assert_eq!(first.frames[0].pixels[0], 9);
}

#[test]
fn pieces_are_spelt_and_found() {
    let ty = "tokens[8] of 30";
    let (promised, out) = apply("spell()", ty, tokens("sea salt")).expect("words and tokens");
    let promised: Vec<String> = promised.iter().map(SampleType::to_string).collect();
    // the vocabulary is that of what went there, which the plugin need not say
    assert_eq!(promised, ["text", ty]);
    assert_eq!(out[0].clone().into_text().as_deref(), Some("sea salt"));
    assert_eq!(line(&out[1]), "[MASK] salt");

    let image = Sample::image(Image::new(vec![0; 2 * 5 * 3], 2, 5, 3));
    let (_, out) = apply("frame()", "image[3, 2, 5]", image).expect("boxes");
    assert_eq!(
        out[0].as_boxes().expect("boxes"),
        [[0.0, 0.0, 5.0, 2.0], [0.0; 4]]
    );
}

#[test]
fn what_comes_back_is_what_was_said() {
    let text = "tokens[8] of 30";
    let film = "clip[3, 3, 4, 4]";
    let n = pieces().len();
    let cases: [(&str, &str, Sample, String); 9] = [
        (
            "id",
            text,
            tokens("sea"),
            format!("it emits piece {n} of a vocabulary of {n}"),
        ),
        (
            "long",
            text,
            tokens("sea"),
            format!("promised {text} and emitted tokens[101]"),
        ),
        (
            "kind",
            text,
            tokens("sea"),
            format!("promised {text} and emitted label 1"),
        ),
        (
            "size",
            film,
            clip(),
            format!("promised {film} and emitted clip[3, 3, 2, 2]"),
        ),
        (
            "short",
            film,
            clip(),
            format!("promised {film} and emitted clip[2, 3, 4, 4]"),
        ),
        (
            "mixed",
            film,
            clip(),
            "the frames of a clip that it emits differ in size".into(),
        ),
        (
            "empty",
            film,
            clip(),
            "it emits a clip without a frame".into(),
        ),
        (
            "short",
            "boxes[2, 4]",
            boxes(),
            "promised boxes[2, 4] and emitted boxes[1, 4]".into(),
        ),
        (
            "hole",
            "boxes[2, 4]",
            boxes(),
            "a side that is no number".into(),
        ),
    ];
    for (fault, ty, value, words) in cases {
        let error = apply(&format!("backwards(fault = {fault})"), ty, value).expect_err(fault);
        assert!(
            error.contains(&words) && error.contains("`backwards` of plugin every_type 0.1.0"),
            "{fault}: {error}"
        );
    }
}

#[test]
fn what_can_t_be_made_is_said_while_planning() {
    for (call, ty, words) in [
        (
            "invented()",
            "text",
            "plugin every_type 0.1.0: it emits `tokens[8]` of `text`, which has no vocabulary",
        ),
        (
            "invented()",
            "image[3, 4, 4] * 2",
            "which has no vocabulary",
        ),
        (
            "invented(vocabulary = 1)",
            "text",
            "says that it emits `image * 2 * 2`",
        ),
        (
            "backwards()",
            "image * 2 * 2",
            "can't go to a transform of plugin every_type",
        ),
        (
            "spell()",
            "text",
            "`spell` takes tokens, and `text` flows into it",
        ),
        ("frame()", "clip", "`frame` takes no clip"),
    ] {
        let error = apply(call, ty, Sample::text("one")).expect_err(call);
        assert!(error.contains(words), "{call} of {ty}: {error}");
    }
}

const RECIPE: &str = r#"ssl 1

use plugin "every_type" version "0.1"

dataset words = documents("texts")

fit pieces = wordpiece(size = 60) { data = words.train }

augment masked(text) {
  (input, target) = text |> tokenize(pieces) |> crop_tokens(12) |> backwards() |> mask_tokens(15%)
  emit input, target
}

pretext read = masked_tokens() {
  data    = words.train
  augment = masked
  encoder = bert(width = 8, depth = 1, heads = 2)
  batch   = 4
  length  = 3 steps
}

run { seed = 1, threads = 1 }
"#;

/// From a text to a trained network, with a plugin in between.
#[test]
fn a_network_learns_from_what_came_back() {
    let folder = with();
    for n in 0..8 {
        let topic = folder.path().join("texts/train/sea");
        fs::create_dir_all(&topic).expect("a folder");
        let text = format!("the salt of the sea and sail {n} of the boat");
        fs::write(topic.join(format!("{n}.txt")), text).expect("a text");
    }
    let output = pretext(folder.path(), &["plugin", "check", "every_type"]);
    let text = all(&output);
    assert!(text.contains("transform backwards: sound"), "{text}");
    assert!(
        text.contains("transform spell: sound") && text.contains("-> text, tokens[16]"),
        "{text}"
    );
    fs::write(folder.path().join("recipe.ssl"), RECIPE).expect("a recipe");
    let output = pretext(folder.path(), &["run", "recipe.ssl", "--quiet"]);
    assert!(output.status.success(), "{}", all(&output));
    // a type error names the plugin and the line
    let wrong = RECIPE.replace(
        "tokenize(pieces) |> crop_tokens(12) |> backwards()",
        "invented()",
    );
    fs::write(folder.path().join("wrong.ssl"), wrong).expect("a recipe");
    let text = all(&pretext(folder.path(), &["check", "wrong.ssl"]));
    assert!(
        text.contains("which has no vocabulary") && text.contains("wrong.ssl:10:"),
        "{text}"
    );
}
