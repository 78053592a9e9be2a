//! Default augments against encoders: every task with every encoder at every usual size is sound, or is told in one error what to
//! write instead, which then is.

use std::fmt::Write as _;
use std::path::Path;

use pretext::catalog::{Catalog, Kind, SharedSpec};
use pretext::data::{Philox, Places, SampleType};
use pretext::language::{Diagnostic, Severity, Sources, check_into, render};
use pretext::plan::{Body, Purpose, plan};

const SIDES: [u32; 5] = [28, 32, 64, 96, 224];

/// Encoders small enough to be traced a thousand times.
const ENCODERS: [&str; 12] = [
    "halves(small_cnn(width = 2))",
    "small_cnn(width = 2)",
    "nin(blocks = 2)",
    "resnet18()",
    "resnet18(stem = small)",
    "resnet34(stem = small)",
    "resnet50()",
    "vit(patch = 4px, width = 12, depth = 1, heads = 3)",
    "vit(patch = 7px, width = 12, depth = 1, heads = 3)",
    "vit(patch = 8px, width = 12, depth = 1, heads = 3)",
    "vit(patch = 16px, width = 12, depth = 1, heads = 3)",
    "vit(patch = 32px, width = 12, depth = 1, heads = 3)",
];

/// A folder of classes of small pictures, which say their size in their headers.
fn pictures(folder: &Path, side: u32) {
    for class in ["a", "b"] {
        let path = folder.join(format!("p{side}/{class}"));
        std::fs::create_dir_all(&path).unwrap();
        for number in 0..16 {
            image::RgbImage::new(side, side)
                .save(path.join(format!("{number}.png")))
                .unwrap();
        }
    }
}

/// Whether a task is for pictures.
fn of_pictures(task: &&SharedSpec) -> bool {
    let mut inputs = task.inputs.iter();
    // the pictures of `tracking` are cut out of clips; what a task only may take is no reason against it
    task.name != "tracking"
        && !inputs.any(|input| {
            let words = input.at_least > 0 && input.holds(&SampleType::TOKENS);
            words || input.ty.frame().is_some()
        })
}

fn recipe(task: &str, encoder: &str, side: u32) -> String {
    let more = match task {
        "mae" => "decoder_width = 16, decoder_depth = 1, decoder_heads = 2",
        "cpc" => "width = 4, depth = 1",
        "deepcluster" => "clusters = 2",
        "dino" => "head = linear(8) |> prototypes(16)",
        "distill" => "teacher = small_cnn(width = 2), teacher_start = before, queue = 64",
        _ => "",
    };
    let mut text = format!("ssl 1\n\ndataset own = image_folder(\"p{side}\", size = {side}px)\n\n");
    if task == "distill" {
        text += "pretext before = rotation() { data = own.train, encoder = small_cnn(width = 2), batch = 16 }\n\n";
    }
    let _ = write!(
        text,
        "pretext a = {task}({more}) {{\n  data = own.train\n  encoder = {encoder}\n  batch = 16\n  length = 2 epochs\n}}\n\n\
         evaluate b = knn(k = 5) {{ from = a, data = own.train, test = own.train }}\n"
    );
    text
}

/// The errors of a recipe, and how they read.
fn errors(text: &str, catalog: &Catalog, folder: &Path) -> (Vec<Diagnostic>, String) {
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", text);
    let (recipe, mut said) = check_into(&mut sources, file, catalog, &[]);
    if let Some(recipe) = recipe {
        let places = Places::new(folder, Default::default(), true).unwrap();
        let (plan, more) = plan(&recipe, catalog, &places, Purpose::Check);
        said.extend(more);
        assert_eq!(
            plan.is_none(),
            said.iter().any(|d| d.severity == Severity::Error)
        );
    }
    said.retain(|d| d.severity == Severity::Error);
    let texts: Vec<String> = said.iter().map(|d| render(d, &sources, false)).collect();
    (said, texts.join("\n\n"))
}

/// The recipe and its encoder with what the help says to write: `patch = 4px` in place of the patch, another encoder in place of the encoder.
fn mended(text: &str, encoder: &str, said: &Diagnostic) -> Option<(String, String)> {
    let taken = |own: &str| Some((text.replace(encoder, own), own.to_owned()));
    for help in &said.helps {
        let Some(code) = help.text.split('`').nth(1) else {
            continue;
        };
        if code.starts_with("patch = ") {
            let old = encoder.split(", ").next()?.split('(').nth(1)?;
            return taken(&encoder.replace(old, code));
        }
        if code.starts_with("vit(") {
            return taken("vit(patch = 4px, width = 12, depth = 1, heads = 3)");
        }
        if let Some(own) = code.strip_prefix("encoder = ") {
            return taken(own);
        }
        if code.starts_with("augment ") {
            let text = text.replace("\npretext", &format!("\n{code}\n\npretext"));
            let text = text.replace("  batch = 16", "  augment = own_tiles\n  batch = 16");
            return Some((text, encoder.to_owned()));
        }
    }
    None
}

#[test]
fn default_augments_suit_every_encoder_or_a_fix_is_named() {
    let folder = tempfile::tempdir().unwrap();
    SIDES.iter().for_each(|side| pictures(folder.path(), *side));
    let catalog = Catalog::builtin();
    let encoders = catalog.of_kind(Kind::Encoder);
    for spec in encoders.filter(|spec| spec.takes == Some(SampleType::IMAGE)) {
        let tried = ENCODERS.iter().any(|text| text.starts_with(&spec.name));
        assert!(tried, "{} is not tried", spec.name);
    }
    let (mut sound, mut wrong) = (0, String::new());
    for task in catalog.of_kind(Kind::Task).filter(of_pictures) {
        for encoder in ENCODERS {
            for side in SIDES {
                let (mut text, mut own) = (recipe(&task.name, encoder, side), encoder.to_owned());
                let (mut found, mut says) = errors(&text, &catalog, folder.path());
                sound += usize::from(found.is_empty());
                // what is mended may have hidden something else
                for _ in 0..2 {
                    let fix = match found.as_slice() {
                        [one] => mended(&text, &own, one),
                        _ => None,
                    };
                    let Some(fix) = fix else { break };
                    (text, own) = fix;
                    let (left, still) = errors(&text, &catalog, folder.path());
                    found = left;
                    let _ = write!(says, "\nmended:\n{still}");
                }
                if !found.is_empty() {
                    let name = &task.name;
                    let _ = writeln!(wrong, "{name} with {encoder} at {side} px:\n{says}\n");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(sound > 500, "{sound}");
}

/// A word or a number drawn from some.
fn one_of<'a>(rng: &mut Philox, from: &[&'a str]) -> &'a str {
    from[rng.below(from.len() as u32) as usize]
}

#[test]
fn no_task_panics_whatever_the_sizes() {
    let folder = tempfile::tempdir().unwrap();
    let sides = [1, 2, 3, 5, 7, 8, 12, 13, 16, 17, 20, 28, 31, 32, 33, 40];
    sides.iter().for_each(|side| pictures(folder.path(), *side));
    let catalog = Catalog::builtin();
    let (mut tried, mut sound) = (0, 0);
    for (number, task) in catalog.of_kind(Kind::Task).filter(of_pictures).enumerate() {
        for round in 0..40 {
            let mut rng = Philox::new(11, &[number as u64, round]);
            let side = sides[rng.below(sides.len() as u32) as usize];
            let mut n = |most: u32| 1 + rng.below(most);
            let (patch, width, depth, batch) = (n(34), n(9), n(2), n(16));
            let (kernel, stride, out) = (n(9), n(4), n(70));
            let encoder = match n(6) {
                1..=3 => {
                    format!("vit(patch = {patch}px, width = {width}, depth = {depth}, heads = 1)")
                }
                4 => format!("small_cnn(width = {width})"),
                5 => format!(
                    "conv({width}, {kernel}, stride = {stride}) |> relu() |> global_avg_pool()"
                ),
                _ => format!("max_pool({kernel}, stride = {stride}) |> flatten() |> linear({out})"),
            };
            let head = ["", "linear(4)", "linear(1)", "batch_norm()"];
            let head = one_of(&mut rng, &head);
            let head = match head {
                "" => String::new(),
                head if task.find("head").is_some() => format!("  head = {head}\n"),
                _ => String::new(),
            };
            let arguments = match task.name.as_str() {
                "mae" => "mask = 99%, decoder_width = 4, decoder_depth = 1, decoder_heads = 1",
                "cpc" => one_of(
                    &mut rng,
                    &[
                        "width = 4, depth = 1",
                        "patch = 3px, stride = 2px, width = 2",
                        "",
                    ],
                ),
                "deepcluster" => one_of(&mut rng, &["clusters = 2", ""]),
                "npid" => one_of(&mut rng, &["negatives = 0", "negatives = 3", ""]),
                "simmim" => one_of(&mut rng, &["unit = 4px", ""]),
                "moco" | "nnclr" => one_of(&mut rng, &["queue = 1", "queue = 16", ""]),
                "swav" => one_of(&mut rng, &["queue = 16", "prototypes = 1", ""]),
                _ => "",
            };
            let text = format!(
                "ssl 1\n\ndataset own = image_folder(\"p{side}\", size = {side}px)\n\npretext a = {}({arguments}) {{\n  data = own.train\n  encoder = {encoder}\n  batch = {batch}\n{head}  length = 2 epochs\n}}\n",
                task.name
            );
            let trial = std::panic::AssertUnwindSafe(|| errors(&text, &catalog, folder.path()));
            let planned = std::panic::catch_unwind(trial);
            let (found, _) = planned.unwrap_or_else(|_| panic!("panics:\n{text}"));
            tried += 1;
            sound += usize::from(found.is_empty());
        }
    }
    // both answers occur
    assert!(sound > tried / 10 && sound < tried, "{sound} of {tried}");
}

/// The paper's numbers stay where the encoder takes any size.
#[test]
fn small_crops_are_multiples_of_the_patch() {
    let folder = tempfile::tempdir().unwrap();
    pictures(folder.path(), 32);
    pictures(folder.path(), 224);
    let catalog = Catalog::builtin();
    let small = |encoder: &str, side: u32| {
        let mut sources = Sources::default();
        let file = sources.add("test.ssl", recipe("dino", encoder, side));
        let (recipe, _) = check_into(&mut sources, file, &catalog, &[]);
        let places = Places::new(folder.path(), Default::default(), true).unwrap();
        let (plan, _) = plan(&recipe.unwrap(), &catalog, &places, Purpose::Check);
        let plan = plan.unwrap();
        let Body::Train(training) = &plan.stages[0].body else {
            panic!("no training")
        };
        let outputs = training.samples.outputs();
        let locals = outputs.iter().find(|(name, _)| name == "locals");
        locals.unwrap().1.to_string()
    };
    for (encoder, side, crop) in [
        ("small_cnn(width = 2)", 32, 14),
        ("vit(patch = 4px, width = 12, depth = 1, heads = 3)", 32, 12),
        (
            "vit(patch = 16px, width = 12, depth = 1, heads = 3)",
            32,
            16,
        ),
        (
            "vit(patch = 16px, width = 12, depth = 1, heads = 3)",
            224,
            96,
        ),
        ("small_cnn(width = 2)", 224, 96),
    ] {
        let shape = small(encoder, side);
        assert!(
            shape.contains(&format!("{crop}, {crop}")),
            "{encoder} {side}: {shape}"
        );
    }
}
