//! Every task by its recipe: it is sound, and what it learns is worth more than the same encoder untrained.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pretext::catalog::{Catalog, Kind};
use pretext::data::Philox;

fn recipes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes")
}

fn pretext(arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_pretext"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned() + &said
}

/// Trains by a recipe with these arguments besides: the rows of its results.
fn results(recipe: &Path, arguments: &[&str]) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recipe = recipe.to_str().expect("a path");
    let mut all = vec!["run", recipe, "--quiet", "--out", "run"];
    all.extend(arguments);
    let said = pretext(&all, folder.path());
    // what learns does not collapse, and nothing says that it does
    assert!(!said.contains("W0801"), "{said}");
    let text = fs::read_to_string(folder.path().join("run/results.json")).expect("results");
    serde_json::from_str(&text).expect("an array")
}

/// What a row says, trained and untrained, as parts of 1.
fn both(row: &serde_json::Value) -> (f64, f64) {
    let number = |key: &str| row[key].as_f64().expect("a number");
    (number("value"), number("untrained"))
}

/// Trains by a recipe with these arguments besides, and says what was learned: the last row of `evaluator`.
fn trained(recipe: &Path, arguments: &[&str], evaluator: &str) -> (f64, f64) {
    let rows = results(recipe, arguments);
    let row = rows.iter().rfind(|row| row["evaluator"] == evaluator);
    both(row.unwrap_or_else(|| panic!("no {evaluator} in {rows:?}")))
}

#[test]
fn every_task_has_a_summary_a_paper_docs_and_a_recipe() {
    let mut texts = String::new();
    for entry in fs::read_dir(recipes()).expect("recipes") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "ssl") {
            texts += &fs::read_to_string(path).expect("a recipe");
        }
    }
    for spec in Catalog::builtin().of_kind(Kind::Task) {
        let name = &spec.name;
        assert!(!spec.summary.is_empty() && spec.doc.len() > 100, "{name}");
        assert!(spec.paper.is_some() && !spec.inputs.is_empty(), "{name}");
        assert!(
            spec.params.iter().all(|param| !param.doc.is_empty()),
            "{name}"
        );
        assert!(
            texts.contains(&format!("= {name}(")),
            "no recipe for {name}"
        );
    }
}

#[test]
fn every_example_and_every_recipe_on_shapes_is_sound() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // the texts that an example names
    let line = |n: usize| format!("{{\"text\": \"the boat and wave {n}\", \"label\": \"sea\"}}\n");
    let lines: String = (0..64).map(line).collect();
    fs::create_dir(folder.path().join("news")).expect("a folder");
    fs::write(folder.path().join("news/train.jsonl"), &lines).expect("texts");
    let turn = |n: usize| {
        format!("{{\"turns\": [\"who are you {n}\", \"a boat\", \"and you {n}\", \"a wave\"]}}\n")
    };
    let talks: String = (0..64).map(turn).collect();
    fs::create_dir(folder.path().join("talks")).expect("a folder");
    fs::write(folder.path().join("talks/train.jsonl"), talks).expect("dialogues");
    fs::write(folder.path().join("corpus.txt"), &lines).expect("a text");
    let talk = format!("[{}]\n", ["\"where to, and when?\""; 8].join(", "));
    fs::write(folder.path().join("talks.jsonl"), talk.repeat(64)).expect("dialogues");
    captioned(folder.path(), 320);
    for spec in Catalog::builtin().of_kind(Kind::Task) {
        let path = folder.path().join(format!("{}.ssl", spec.name));
        fs::write(&path, &spec.example).expect("a recipe");
        pretext(
            &[
                "check",
                path.to_str().expect("a path"),
                "--deny",
                "warnings",
            ],
            folder.path(),
        );
    }
    for entry in fs::read_dir(recipes()).expect("recipes") {
        let path = entry.expect("an entry").path();
        let name = path.to_str().expect("a path");
        if name.ends_with("shapes.ssl") {
            pretext(&["check", name, "--deny", "warnings"], folder.path());
        }
    }
}

#[test]
fn a_batch_that_outgrows_its_queue_is_refused_at_its_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recipe = recipes().join("moco_shapes.ssl");
    let output = Command::new(env!("CARGO_BIN_EXE_pretext"))
        .args([
            "check",
            recipe.to_str().expect("a path"),
            "--set",
            "pretrain.batch=2000",
        ])
        .current_dir(folder.path())
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("a batch of 2000 does not fit into the 1024 rows of `queue`"),
        "{said}"
    );
}

/// Trains by a recipe on shapes, changed by each of `set`; this evaluator's last row must gain so many points on the same encoder untrained.
fn beats(recipe: &str, set: &[&str], evaluator: &str, points: f64) {
    let path = recipes().join(format!("{recipe}.ssl"));
    let set: Vec<&str> = set.iter().flat_map(|one| ["--set", one]).collect();
    let (trained, untrained) = trained(&path, &set, evaluator);
    println!("{recipe}: {trained} trained, {untrained} untrained");
    assert!(
        trained >= untrained + points / 100.0,
        "{recipe}: {trained}, untrained {untrained}"
    );
}

/// A test for each of these tasks; the margins are about half of what seed 1 gains.
macro_rules! trainings {
    ($($task:ident for $length:literal gains $points:literal)*) => {
        mod a_few_seconds_beat_the_untrained_encoder {
            $(
                #[test]
                fn $task() {
                    super::beats(concat!(stringify!($task), "_shapes"), &[concat!("pretrain.length=", $length)], "knn", $points);
                }
            )*
        }
    };
}

trainings! {
    autoencoder for "3 epochs" gains 3.0
    barlow_twins for "4 epochs" gains 7.0
    byol for "6 epochs" gains 4.0
    deepcluster for "8 epochs" gains 3.5
    densecl for "3 epochs" gains 11.0
    jigsaw for "8 epochs" gains 9.0
    lejepa for "4 epochs" gains 9.0
    moco for "4 epochs" gains 9.0
    nnclr for "5 epochs" gains 9.0
    npid for "18 epochs" gains 15.0
    relative_patch for "10 epochs" gains 7.0
    simsiam for "6 epochs" gains 6.0
    swav for "4 epochs" gains 9.0
    vicreg for "2 epochs" gains 6.0
}

/// What fills a hole is seen by a probe of the maps more than by neighbours at the output.
#[test]
fn a_few_seconds_of_inpainting_beat_the_untrained_encoder() {
    beats(
        "inpainting_shapes",
        &["pretrain.length=5 epochs"],
        "linear_probe",
        4.5,
    );
}

/// Frames one by one, judged on four of each clip.
#[test]
fn a_few_epochs_of_frame_order_beat_the_untrained_encoder() {
    beats(
        "frame_order_moving_shapes",
        &["pretrain.length=8 epochs"],
        "knn",
        7.0,
    );
}

/// Three frames of a clip, the middle one near the first.
#[test]
fn a_few_epochs_of_frame_similarity_beat_the_untrained_encoder() {
    beats(
        "frame_similarity_moving_shapes",
        &["pretrain.length=2 epochs"],
        "knn",
        12.0,
    );
}

/// Patches of a figure from the beginning and the end of its track, judged on other pictures.
#[test]
fn a_few_epochs_of_tracking_beat_the_untrained_encoder() {
    beats(
        "tracking_moving_shapes",
        &["pretrain.length=6 epochs"],
        "knn",
        7.0,
    );
}

/// Two cameras: the last row is how often the nearest frame of the other one is of the same moment.
#[test]
fn a_few_epochs_of_multi_view_beat_the_untrained_encoder() {
    beats(
        "multi_view_moving_shapes",
        &["pretrain.length=3 epochs"],
        "alignment",
        5.0,
    );
}

/// A schedule that is soon over bears a smaller rate than the recipe's.
#[test]
fn a_few_seconds_of_dino_beat_the_untrained_encoder() {
    let set = [
        "pretrain.length=12 epochs",
        "pretrain.optimizer=adamw(2e-3)",
    ];
    beats("dino_shapes", &set, "knn", 4.0);
}

/// A student of a teacher that has learnt for a moment.
#[test]
fn a_few_seconds_of_distill_beat_the_untrained_encoder() {
    let set = [
        "teacher.length=8 epochs",
        "pretrain.length=8 epochs",
        "alone.length=1 epochs",
    ];
    beats("distill_shapes", &set, "knn", 6.0);
}

/// Masks carried along by what it learns, against the untrained encoder and against masks that stay where they were.
#[test]
fn a_few_epochs_of_video_color_carry_masks_better_than_the_untrained_encoder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = fs::read_to_string(recipes().join("video_color_moving_shapes.ssl"));
    let text = text.expect("a recipe").replace("test = 100", "test = 16");
    let recipe = folder.path().join("recipe.ssl");
    fs::write(&recipe, text).expect("a recipe");
    let rows = results(&recipe, &["--set", "pretrain.length=2 epochs"]);
    let of = |protocol: &str| {
        let found = rows.iter().find(|row| {
            row["metric"] == "j_and_f" && row["protocol"].as_str().unwrap().contains(protocol)
        });
        both(found.unwrap_or_else(|| panic!("no {protocol} in {rows:?}")))
    };
    let ((trained, untrained), (stay, _)) = (of("at embed"), of("masks stay"));
    println!("video_color: {trained} trained, {untrained} untrained, {stay} where masks stay");
    assert!(
        trained >= untrained.max(stay) + 0.1,
        "{trained}, untrained {untrained}, {stay} where masks stay"
    );
}

/// Tracks that a fit finds in clips are what a stage trains on.
#[test]
fn tracks_that_a_fit_has_found_are_trained_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = "ssl 1\n\ndataset clips = moving_shapes(train = 96) |> without(tracks)\n\n\
                fit found = tracker(frames = 8) { data = clips.train, on_bad_sample = skip }\n\n\
                augment ends(clip) {\n  (begin, end) = clip |> track_ends(found, size = 24px)\n  \
                emit first = begin |> normalize(), last = end |> normalize()\n}\n\n\
                pretext pretrain = tracking() {\n  data = clips.train, augment = ends, encoder = small_cnn(width = 8)\n  \
                head = linear(16), batch = 8, length = 1 epoch, on_bad_sample = skip\n}\n\n\
                evaluate near = knn(k = 5) { from = pretrain, data = clips.train, test = clips.test |> take(32) }\n";
    let recipe = folder.path().join("recipe.ssl");
    fs::write(&recipe, text).expect("a recipe");
    let said = pretext(&["run", "recipe.ssl", "--out", "run"], folder.path());
    assert!(said.contains("followed in 96 of 96 clips"), "{said}");
}

/// A task that is a script.
#[test]
fn a_few_seconds_of_deepcluster_beat_the_untrained_encoder() {
    // the script is pinned beside the recipe: both are copied
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("tasks")).expect("a folder");
    for file in ["deepcluster_script.ssl", "tasks/deepcluster.rhai"] {
        fs::copy(recipes().join(file), folder.path().join(file)).expect("a copy");
    }
    let recipe = folder.path().join("deepcluster_script.ssl");
    let (trained, untrained) = trained(&recipe, &["--set", "groups.length=8 epochs"], "knn");
    println!("deepcluster: {trained} trained, {untrained} untrained");
    assert!(
        trained >= untrained + 0.03,
        "{trained}, untrained {untrained}"
    );
}

/// Writes `captions.csv` and so many pictures that it names: a square of one of four colours in one of four corners, on a grey ground with grain; the
/// caption says which, in one of two ways.
fn captioned(folder: &Path, pictures: u32) {
    let mut rng = Philox::new(0, &[]);
    fs::create_dir_all(folder.join("pictures")).expect("a folder");
    let mut table = "image,caption,said,kind\n".to_owned();
    for number in 0..pictures {
        let (colour, corner) = (number as usize % 4, number as usize / 4 % 4);
        let shade = rng.between(90.0, 160.0);
        let [left, top] =
            [corner % 2, corner / 2].map(|far| 8.0 * far as f64 + rng.between(0.0, 2.0));
        let mut picture = image::RgbImage::new(16, 16);
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let within = |at: u32, from: f64| (from..from + 6.0).contains(&f64::from(at));
            let own = [[220, 40, 40], [40, 200, 40], [50, 50, 230], [230, 220, 40]][colour];
            for (channel, value) in pixel.0.iter_mut().enumerate() {
                let base = match within(x, left) && within(y, top) {
                    true => f64::from(own[channel]),
                    false => shade,
                };
                *value = (base + 12.0 * f64::from(rng.normal())).clamp(0.0, 255.0) as u8;
            }
        }
        let path = format!("pictures/{number}.png");
        picture.save(folder.join(&path)).expect("a picture");
        let colour = ["red", "green", "blue", "yellow"][colour];
        let place = ["top left", "top right", "bottom left", "bottom right"][corner];
        table += &format!(
            "{path},a {colour} square at the {place},{place}: {colour},{colour} {place}\n"
        );
    }
    fs::write(folder.join("captions.csv"), table).expect("captions");
}

/// Trains by this task on pictures with captions; what is told by names alone, and what is found, must be far better than by encoders untrained.
fn tells_captions(task: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    captioned(folder.path(), 320);
    let text = format!(
        "ssl 1\n\ndataset drawn = image_text(\"captions.csv\", text = [\"caption\", \"said\"], label = \"kind\") |> hold_out(20%)\n\n\
         fit pieces = wordpiece(size = 60) {{ data = drawn.train }}\n\n\
         augment pair(image, text) {{\n  picture = image |> normalize()\n  caption = text |> tokenize(pieces) |> crop_tokens(16, at = start)\n  \
         emit image = picture, text = caption\n}}\n\n\
         pretext pairs = {task}(width = 32) {{\n  data = drawn.train, augment = pair, batch = 64, length = 24 epochs\n  \
         image_encoder = small_cnn(width = 8)\n  text_encoder = gpt(width = 32, depth = 1, heads = 2, pool = last, dropout = 0%)\n  \
         optimizer = adamw(3e-3)\n}}\n\n\
         evaluate named = zero_shot(templates = [\"{{}}\", \"a {{}}\"]) {{ from = pairs, data = drawn.valid }}\n\
         evaluate found = caption_retrieval() {{ from = pairs, data = drawn.valid }}\n"
    );
    let recipe = folder.path().join("pairs.ssl");
    fs::write(&recipe, text).expect("a recipe");
    pretext(
        &["run", "pairs.ssl", "--quiet", "--out", "run"],
        folder.path(),
    );
    let results = fs::read_to_string(folder.path().join("run/results.json")).expect("results");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&results).expect("an array");
    let found = |evaluator: &str, metric: &str| {
        let mut rows = rows.iter();
        let row = rows.find(|row| row["evaluator"] == evaluator && row["metric"] == metric);
        let row = row.unwrap_or_else(|| panic!("no {metric} of {evaluator} in {results}"));
        ["value", "untrained"].map(|key| row[key].as_f64().expect("a number"))
    };
    let named = found("zero_shot", "accuracy");
    let pictures = found("caption_retrieval", "recall_at_10");
    println!("{task}: {named:?} told, {pictures:?} found");
    // one of 16 by chance
    assert!(named[0] >= named[1] + 0.25, "{task}: {named:?}");
    assert!(pictures[0] >= pictures[1] + 0.2, "{task}: {pictures:?}");
    for file in [
        "named.txt",
        "named.confusion.png",
        "found.txt",
        "found.nearest.png",
    ] {
        assert!(
            folder.path().join("run/results").join(file).exists(),
            "{file}"
        );
    }
}

#[test]
fn a_few_seconds_of_clip_tell_pictures_by_their_captions() {
    tells_captions("clip");
}

#[test]
fn a_few_seconds_of_siglip_tell_pictures_by_their_captions() {
    tells_captions("siglip");
}

/// Writes the four files of Fashion-MNIST, but of gratings: ten classes, by the direction (five) and the width (two) of the stripes;
/// place, contrast and grain, of this strength, are chance.
fn gratings(folder: &Path, strength: f64) {
    let mut rng = Philox::new(0, &[]);
    for (split, n) in [("train", 2000_u32), ("t10k", 500)] {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for i in 0..n {
            let (direction, width) = (i % 5, i % 10 / 5);
            let (sin, cos) = (f64::from(direction) * std::f64::consts::PI / 5.0).sin_cos();
            let turns = [0.1, 0.2][width as usize]; // per pixel
            let (grey, contrast) = (rng.between(100.0, 155.0), rng.between(30.0, 90.0));
            let phase = rng.uniform();
            for at in 0..28 * 28 {
                let along = f64::from(at % 28) * cos + f64::from(at / 28) * sin;
                let wave = (std::f64::consts::TAU * (turns * along + f64::from(phase))).sin();
                let value = grey + contrast * wave + strength * f64::from(rng.normal());
                pixels.push(value.clamp(0.0, 255.0) as u8);
            }
            labels.push((i % 10) as u8);
        }
        for (kind, sizes, bytes) in [
            ("images-idx3", &[0x803, n, 28, 28][..], pixels),
            ("labels-idx1", &[0x801, n][..], labels),
        ] {
            let mut file: Vec<u8> = sizes.iter().flat_map(|size| size.to_be_bytes()).collect();
            file.extend(bytes);
            fs::write(folder.join(format!("{split}-{kind}-ubyte")), file).expect("a file");
        }
    }
}

/// Trains by this recipe on gratings of so much grain; what `evaluator` says last must gain so many points on the same encoder untrained.
fn beats_on_gratings(text: &str, more: &[&str], strength: f64, evaluator: &str, points: f64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    gratings(folder.path(), strength);
    let recipe = folder.path().join("gratings.ssl");
    fs::write(&recipe, text).expect("a recipe");
    let data = format!("fashion_mnist={}", folder.path().display());
    let arguments = [&["--data", &data], more].concat();
    let (trained, untrained) = trained(&recipe, &arguments, evaluator);
    println!("{trained} trained, {untrained} untrained, by {text}");
    assert!(
        trained >= untrained + points / 100.0,
        "{trained}, untrained {untrained}"
    );
}

/// What a picture's hidden parts look like can be told from the parts that are seen where all of it is one pattern.
#[test]
fn a_few_seconds_of_mae_beat_the_untrained_encoder_on_gratings() {
    let text = fs::read_to_string(recipes().join("mae_fashion.ssl")).expect("a recipe");
    let text = text.replace(" |> take(10000, seed = 0)", "");
    let more = ["--set", "pretrain.length=10 epochs"];
    beats_on_gratings(&text, &more, 15.0, "linear_probe", 15.0);
}

/// Trains a transformer by this call of a task on gratings with much grain; kNN on its class token must gain so many points on the same
/// one untrained.
fn tells_gratings(call: &str, fields: &str, points: f64) {
    let text = format!(
        "ssl 1\n\ndataset fashion = fashion_mnist()\n\npretext pretrain = {call} {{\n  data = fashion.train\n  \
         encoder = vit(patch = 4px, width = 48, depth = 3, heads = 3)\n  batch = 32\n  optimizer = adamw(1e-3)\n  \
         schedule = cosine(warmup = 1 epoch)\n  {fields}\n}}\n\n\
         evaluate near = knn(k = 20) {{ from = pretrain, data = fashion.train, test = fashion.test }}\n\nrun {{ seed = 1 }}\n\n\
         augment whole(image) {{ emit view = image |> normalize() }}\n"
    );
    beats_on_gratings(&text, &[], 40.0, "knn", points);
}

#[test]
fn some_seconds_of_ijepa_beat_the_untrained_encoder_on_gratings() {
    let call =
        "ijepa(momentum = 0.99, predictor_width = 48, predictor_depth = 2, predictor_heads = 3)";
    tells_gratings(call, "augment = whole, length = 20 epochs", 10.0);
}

#[test]
fn a_few_seconds_of_data2vec_beat_the_untrained_encoder_on_gratings() {
    let call = "data2vec(momentum = 0.998, top = 3, beta = 1)";
    tells_gratings(call, "augment = whole, length = 10 epochs", 20.0);
}

#[test]
fn a_few_seconds_of_ibot_beat_the_untrained_encoder_on_gratings() {
    let head = "linear(64) |> gelu() |> linear(32) |> prototypes(64, freeze = 30 steps)";
    let fields = format!("length = 8 epochs, head = {head}");
    tells_gratings("ibot(momentum = 0.98, warmup = 2 epochs)", &fields, 18.0);
}

/// What a task on grey gratings learns, by a probe of `place`, whose last row must gain so many points.
fn probes_gratings(task: &str, place: &str, points: f64) {
    let text = format!(
        "ssl 1\n\ndataset fashion = fashion_mnist() |> hold_out(10%, seed = 0)\n\npretext learnt = {task}  data = fashion.train\n  batch = 32\n  \
         optimizer = adamw(2e-3)\n  schedule = cosine(warmup = 1 epoch)\n}}\n\n\
         finetune probe = linear_probe({place}) {{ from = learnt, data = fashion.train, test = fashion.test, length = 10 epochs }}\n\nrun {{ seed = 1 }}\n"
    );
    beats_on_gratings(&text, &[], 15.0, "linear_probe", points);
}

/// What a patch looks like can be told from those above it where all of the picture is one pattern.
#[test]
fn a_few_seconds_of_cpc_beat_the_untrained_encoder_on_gratings() {
    probes_gratings(
        "cpc(patch = 12px, stride = 4px, width = 32, depth = 1, skip = 2) {\n  encoder = small_cnn(width = 4)\n  length = 12 epochs\n",
        "",
        5.0,
    );
}

/// And a hidden unit from those around it.
#[test]
fn a_few_seconds_of_simmim_beat_the_untrained_encoder_on_gratings() {
    probes_gratings(
        "simmim() {\n  encoder = vit(patch = 4px, width = 64, depth = 2, heads = 4, pool = mean)\n  length = 20 epochs\n",
        "at = [block1, block2]",
        15.0,
    );
}

/// Pictures of gratings whose colour is told by their direction (five) and width (two), and by nothing else; light, place, contrast and
/// grain are chance.
fn coloured_gratings(folder: &Path) {
    let mut rng = Philox::new(1, &[]);
    for (split, n) in [("train", 1500_u32), ("test", 500)] {
        for i in 0..n {
            let (direction, width) = (i % 5, i % 10 / 5);
            let (sin, cos) = (f64::from(direction) * std::f64::consts::PI / 5.0).sin_cos();
            let turns = [0.1, 0.2][width as usize]; // per pixel
            let (grey, contrast) = (rng.between(100.0, 155.0), rng.between(12.0, 30.0));
            let phase = rng.uniform();
            let (red, blue) = (f64::from(i % 10) * std::f64::consts::TAU / 10.0).sin_cos();
            let mut picture = image::RgbImage::new(32, 32);
            for (x, y, pixel) in picture.enumerate_pixels_mut() {
                let along = f64::from(x) * cos + f64::from(y) * sin;
                let wave = (std::f64::consts::TAU * (turns * along + f64::from(phase))).sin();
                let light = grey + contrast * wave + 45.0 * f64::from(rng.normal());
                // chroma of JPEG, which leaves the luma as it is
                let (cr, cb) = (30.0 * red, 30.0 * blue);
                let rgb = [1.402 * cr, -0.344 * cb - 0.714 * cr, 1.772 * cb];
                pixel.0 = rgb.map(|away| (light + away).clamp(0.0, 255.0) as u8);
            }
            let class = folder.join(format!("gratings/{split}/c{}", i % 10));
            fs::create_dir_all(&class).expect("a folder");
            let path = class.join(format!("{i}.png"));
            picture.save(path).expect("a picture");
        }
    }
}

/// What a task on coloured gratings gains on its encoder untrained, by the last row of an evaluator.
fn on_coloured_gratings(task: &str, evaluator: &str) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    coloured_gratings(folder.path());
    let recipe = folder.path().join("gratings.ssl");
    let text = format!(
        "ssl 1\n\ndataset own = image_folder(\"gratings\", size = 32px)\n\n\
         pretext colours = {task}  data = own.train\n  batch = 32\n  \
         length = 6 epochs\n  optimizer = adamw(2e-3)\n  schedule = cosine(warmup = 1 epoch)\n}}\n\n\
         evaluate near = knn(k = 20) {{ from = colours, data = own.train, test = own.test }}\n\
         finetune probe = linear_probe() {{ from = colours, data = own.train, test = own.test, length = 5 epochs }}\n\nrun {{ seed = 1 }}\n"
    );
    fs::write(&recipe, text).expect("a recipe");
    let data = format!("gratings={}", folder.path().join("gratings").display());
    let (trained, untrained) = trained(&recipe, &["--data", &data], evaluator);
    println!("{task}: {trained} trained, {untrained} untrained");
    trained - untrained
}

/// Which colour a picture has can be told where what is seen decides it.
#[test]
fn a_few_seconds_of_colorization_beat_the_untrained_encoder_on_coloured_gratings() {
    let gain = on_coloured_gratings(
        "colorization(width = 16) {\n  encoder = small_cnn(width = 16)\n",
        "knn",
    );
    assert!(gain >= 0.2, "{gain}");
}

/// Halves that see the colours know the classes by them, and the rows nearest in them: a probe has to be taught which.
#[test]
fn a_few_seconds_of_split_brain_beat_the_untrained_encoder_on_coloured_gratings() {
    let gain = on_coloured_gratings(
        "split_brain(width = 16) {\n  encoder = halves(small_cnn(width = 8))\n",
        "linear_probe",
    );
    assert!(gain >= 0.06, "{gain}");
}
