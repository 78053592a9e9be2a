//! The example plugins, as their recipes use them; one task written three ways; what a call through the door costs.

use std::fs;
use std::path::Path;
use std::time::Instant;

use pretext::augment::{Scratch, Transform};
use pretext::catalog::{Catalog, Make};
use pretext::data::{Image, Philox, Sample, SampleType};
use pretext::extend::{Loader, Options};
use pretext::language::checked::SampleStep;
use pretext::language::{check_using, decode};
use pretext::plan::Body;

use super::support::*;

/// A project with these plugins of `plugins/` and all recipes.
fn with(plugins: &[&str]) -> tempfile::TempDir {
    let folder = project();
    for name in plugins {
        let library = place(folder.path(), name);
        let source = format!("plugins/{name}");
        let c = root().join(&source).join(format!("{name}.c"));
        if c.is_file() {
            cc(&c, &[], &library);
        } else {
            fs::copy(cargo(&source, name), library).expect("a copy");
        }
    }
    let recipes = folder.path().join("recipes");
    copy(&root().join("recipes"), &recipes);
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).expect("a copy");
        }
    }
}

/// Checks an example, its recipe, and a few steps of it.
fn works(name: &str, recipe: &str, stage: &str) {
    let folder = with(&[name]);
    // where the project's folder is, and with it its plugins
    fs::write(folder.path().join("ssl.lock"), "version = 1\n").expect("a lock");
    let run = |args: &[&str]| {
        let output = pretext(folder.path(), args);
        assert!(
            output.status.success(),
            "{}:\n{}",
            args.join(" "),
            all(&output)
        );
        all(&output)
    };
    run(&["plugin", "check", name]);
    run(&["check", recipe]);
    let [length, batch] = ["length=3 steps", "batch=8"].map(|set| format!("{stage}.{set}"));
    run(&[
        "run",
        recipe,
        "--quiet",
        "--out",
        "out",
        "--set",
        &length,
        "--set",
        &batch,
        "--set",
        "figures.train=64",
        "--set",
        "figures.test=32",
    ]);
    let plugin = run(&["plugin", "list"]);
    assert!(plugin.contains("\n  pinned"), "{plugin}");
}

#[test]
fn a_task_in_rust() {
    works("barlow_twins", "recipes/barlow_twins_plugin.ssl", "twins");
}

#[test]
fn a_task_in_c() {
    works(
        "relative_position_c",
        "recipes/relative_position_c.ssl",
        "neighbours",
    );
}

#[test]
fn a_transform_in_rust() {
    works("grid_shuffle", "recipes/grid_shuffle_plugin.ssl", "pairs");
}

/// A call of a transform, made for pictures of this type.
fn transform(project: &Path, call: &str, input: &SampleType) -> Box<dyn Transform> {
    let text = format!(
        "ssl 1\n\nuse plugin \"grid_shuffle\" version \"0.1\"\n\naugment a(image) {{\n  made = image |> {call}\n  emit made\n}}\n"
    );
    let (mut sources, file, _) = decode(Path::new("test.ssl"), text.as_bytes());
    let mut catalog = Catalog::builtin();
    let mut doors = Loader::new(project, Options::default());
    let (recipe, diagnostics) = check_using(
        &mut sources,
        file.expect("text"),
        &mut catalog,
        &mut doors,
        &[],
    );
    let recipe = recipe.unwrap_or_else(|| panic!("{diagnostics:?}"));
    let SampleStep::Transform(call) = &recipe.augments[0].bindings[0].value.steps[0] else {
        panic!("no transform")
    };
    let Make::Transform { types, make } = &call.spec.make else {
        panic!("no transform")
    };
    types(&call.args, input).expect("types");
    make(&call.args, input).expect("a transform")
}

fn picture(seed: u64, side: usize) -> Sample {
    let mut rng = Philox::new(seed, &[1]);
    let pixels = (0..side * side * 3).map(|_| rng.next_u32() as u8).collect();
    Sample::Image(Image::new(pixels, side, side, 3))
}

fn applied(transform: &dyn Transform, seed: u64, side: usize) -> (Vec<u8>, u32) {
    let mut rng = Philox::new(seed, &[2]);
    let mut out = Vec::new();
    transform
        .apply(
            picture(seed, side),
            &mut rng,
            &mut Scratch::default(),
            &mut out,
        )
        .expect("a picture");
    match &out[..] {
        [Sample::Image(image)] => (image.pixels.clone(), rng.next_u32()),
        other => panic!("{other:?}"),
    }
}

/// The same numbers are drawn, and as many of them: a plugin's transform gives what a built-in one would.
#[test]
fn a_transform_through_the_door_gives_the_same() {
    let folder = with(&["grid_shuffle"]);
    let input = SampleType::image(3, 9, 9);
    let built_in = transform(folder.path(), "hflip(50%)", &input);
    let plugin = transform(folder.path(), "mirror(50%)", &input);
    let mut mirrored = 0;
    for seed in 0..64 {
        let (one, other) = (applied(&*built_in, seed, 9), applied(&*plugin, seed, 9));
        assert_eq!(one, other, "{seed}");
        let Sample::Image(image) = picture(seed, 9) else {
            panic!()
        };
        mirrored += usize::from(one.0 != image.pixels);
    }
    assert!(
        (16..48).contains(&mirrored),
        "{mirrored} of 64 were mirrored"
    );
}

#[test]
fn tiles_are_shuffled_and_nothing_else() {
    let folder = with(&["grid_shuffle"]);
    let input = SampleType::image(3, 8, 8);
    let shuffle = transform(folder.path(), "grid_shuffle(2)", &input);
    let mut orders = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let Sample::Image(before) = picture(7, 8) else {
            panic!()
        };
        let mut rng = Philox::new(seed, &[2]);
        let mut out = Vec::new();
        shuffle
            .apply(
                Sample::Image(before.clone()),
                &mut rng,
                &mut Scratch::default(),
                &mut out,
            )
            .expect("a picture");
        let Sample::Image(after) = &out[0] else {
            panic!()
        };
        let tile = |image: &Image, at: usize| -> Vec<u8> {
            let (top, left) = (at / 2 * 4, at % 2 * 4);
            (top..top + 4)
                .flat_map(|y| image.pixels[(y * 8 + left) * 3..][..12].to_vec())
                .collect()
        };
        let order: Vec<usize> = (0..4)
            .map(|to| {
                let own = tile(after, to);
                (0..4)
                    .find(|from| tile(&before, *from) == own)
                    .expect("a tile of the picture")
            })
            .collect();
        orders.insert(order);
    }
    // 24 orders, 200 draws: each is missing with probability (23/24)^200 = 2e-4
    assert!(orders.len() >= 23, "{} orders", orders.len());
}

/// Nanoseconds of one call, the least of several rounds.
fn nanoseconds(transform: &dyn Transform, side: usize) -> f64 {
    const TIMES: u32 = 2000;
    let mut scratch = Scratch::default();
    let mut rng = Philox::new(3, &[]);
    let mut sample = picture(3, side);
    let mut out = Vec::with_capacity(1);
    let round =
        |sample: &mut Sample, rng: &mut Philox, scratch: &mut Scratch, out: &mut Vec<Sample>| {
            let began = Instant::now();
            for _ in 0..TIMES {
                let input = std::mem::replace(sample, Sample::Label(0));
                transform
                    .apply(input, rng, scratch, out)
                    .expect("a picture");
                *sample = out.pop().expect("a picture");
            }
            began.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
        };
    (0..20)
        .map(|_| round(&mut sample, &mut rng, &mut scratch, &mut out))
        .fold(f64::INFINITY, f64::min)
}

/// At most 2 µs over the built-in. `cargo test --release --test abi costs -- --nocapture` prints the figures.
#[test]
fn what_a_call_costs() {
    let folder = with(&["grid_shuffle"]);
    for side in [8, 32, 224] {
        let input = SampleType::image(3, side, side);
        // nothing is mirrored: what is left is the call
        let built_in = transform(folder.path(), "hflip(0%)", &input);
        let plugin = transform(folder.path(), "mirror(0%)", &input);
        let (one, other) = (nanoseconds(&*built_in, side), nanoseconds(&*plugin, side));
        eprintln!(
            "{side} px: built in {one:.0} ns, plugin {other:.0} ns, over it {:.0} ns",
            other - one
        );
        assert!(
            other - one <= 2000.0,
            "{side} px: {one:.0} ns and {other:.0} ns"
        );
    }
}

const TWINS: &str = "ssl 1\n\nUSE\n\ndataset figures = shapes(train = 256, valid = 32, test = 32)\n\n\
    augment pair(image) {\n  emit views = (image |> random_resized_crop(32px, scale = 0.5..1.0) |> hflip(50%) |> normalize()) * 2\n}\n\n\
    pretext twins = barlow_twins(lambda = 0.01) {\n  data      = figures.train\n  augment   = pair\n  \
    encoder   = small_cnn(width = 4)\n  head      = linear(16) |> batch_norm() |> relu() |> linear(16)\n  \
    batch     = 16\n  length    = 50 steps\n  optimizer = adamw(1e-3)\n  schedule  = constant()\n}\n\n\
    run { seed = 5, threads = 1 }\n";

/// Barlow Twins as it is built in, as a script and as a plugin: one graph, and 50 steps that agree to the last bit.
#[test]
fn one_task_three_ways() {
    let folder = with(&["barlow_twins"]);
    let ways = [
        ("built_in", String::new()),
        (
            "plugin",
            "use plugin \"barlow_twins\" version \"0.1\"".to_owned(),
        ),
        (
            "script",
            "use script \"recipes/tasks/barlow_twins.rhai\"".to_owned(),
        ),
    ];
    let mut found = Vec::new();
    for (way, used) in ways {
        let text = TWINS.replace("USE", &used);
        let planned = plan(folder.path(), &text, Options::default()).sound();
        let Body::Train(training) = &planned.stages[0].body else {
            panic!("no pretext stage")
        };
        fs::write(folder.path().join(format!("{way}.ssl")), text).expect("a recipe");
        let output = pretext(folder.path(), &["run", &format!("{way}.ssl"), "--quiet"]);
        assert!(output.status.success(), "{way}: {}", all(&output));
        let stage = folder.path().join("runs").join(way).join("stages/twins");
        let losses = fs::read_to_string(stage.join("metrics.jsonl")).expect("metrics");
        assert!(losses.lines().count() >= 50, "{way}: {losses}");
        let weights = pretext::engine::checkpoint::read(&stage.join("final.ckpt"));
        let weights = weights.expect("a checkpoint").state;
        found.push((way, training.graph.hash(), losses, weights));
    }
    for (way, graph, losses, weights) in &found[1..] {
        let (_, one_graph, one_losses, one_weights) = &found[0];
        assert_eq!(graph, one_graph, "the graph of the {way} is another one");
        assert_eq!(losses, one_losses, "the losses of the {way} are others");
        assert!(
            weights == one_weights,
            "the weights of the {way} are others"
        );
    }
}
