//! Runs on clips.

use super::{readings, same, undisturbed_and_killed};
use crate::support::Test;

/// Figures in motion, with everything that is drawn for a clip.
const RECIPE: &str = r#"ssl 1

dataset clips = moving_shapes(train = 128, valid = 32, test = 32, frames = 8, size = 16px)

augment triples(clip) {
  (frames, in_order) = clip |> sample_frames(5, gap = 1..2, motion = on) |> random_crop(16px, padding = 2px)
                            |> each(color_jitter(brightness = 0.4)) |> normalize() |> maybe_shuffle(50%)
  emit frames, in_order
}

pretext rotations = frame_order() {
  data       = clips.train
  augment    = triples
  encoder    = small_cnn(width = 4)
  head       = linear(16) |> batch_norm() |> relu() |> dropout(20%) |> linear(2)
  batch      = 16
  length     = 8 epochs
  optimizer  = adamw(3e-3)
  schedule   = cosine(warmup = 4 steps)
  valid      = clips.valid
  monitor    = knn(clips.valid, k = 5, every = 1 epoch)
  checkpoint = every(5 steps, keep = 2)
}

evaluate neighbours = knn(k = 5) { from = rotations, data = clips.train, test = clips.test }

export weights = safetensors("trunk.safetensors") { from = rotations }

run { seed = 3, threads = 1 }
"#;

#[test]
fn kills_leave_the_same_bytes_of_a_run_on_clips() {
    let test = undisturbed_and_killed(RECIPE);
    same(&test.path("plain"), &test.path("killed"));
    let readings = readings(&test.path("plain"), "valid.accuracy");
    assert_eq!(readings.len(), 8);
}

/// Bad clips are left out where the recipe says so, and named where it does not.
#[test]
fn a_folder_of_frames_and_animations_trains() {
    let test = Test::new();
    for (class, shade) in [("dark", 40u8), ("light", 200)] {
        for clip in 0..8u8 {
            for at in 0..6u8 {
                let picture = image::RgbImage::from_fn(12, 12, |x, _| {
                    let moving = u32::from(at + clip % 3) == x;
                    image::Rgb(if moving {
                        [255, 0, 0]
                    } else {
                        [shade + clip, shade, shade]
                    })
                });
                let mut bytes = std::io::Cursor::new(Vec::new());
                picture
                    .write_to(&mut bytes, image::ImageFormat::Png)
                    .expect("a picture");
                let name = format!("films/{class}/{clip}/{at}.png");
                test.write(&name, bytes.into_inner());
            }
        }
    }
    // one that is too short, and one that is cut
    let short = std::fs::read(test.path("films/dark/0/0.png")).expect("a frame");
    test.write("films/dark/short/0.png", &short);
    test.write("films/light/cut/0.png", &short);
    test.write("films/light/cut/1.png", &short[..60]);
    let recipe = r#"ssl 1

dataset films = video_folder("films") |> hold_out(25%, seed = 0)

pretext order = frame_order() {
  data      = films.train
  encoder   = small_cnn(width = 4)
  head      = linear(8) |> relu() |> linear(2)
  batch     = 4
  length    = 2 epochs
  optimizer = adamw(1e-3)
  SKIP
}

evaluate nearest = knn(k = 3) { from = order, data = films.train, test = films.valid, on_bad_sample = skip }

run { seed = 1, threads = 1 }
"#;
    let skipping = recipe.replace("SKIP", "on_bad_sample = skip");
    let test = test
        .file("skip.ssl", skipping)
        .file("stop.ssl", recipe.replace("  SKIP\n", ""));
    let ran = test.run(&["run", "skip.ssl", "--out", "skipped"]).success();
    ran.says("18 clips, 2 classes, 1 split");
    let text = std::fs::read_to_string(test.path("skipped/results.json")).expect("results");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("rows");
    // brightness is what an untrained encoder sees as well
    assert!(rows[0]["value"].as_f64().expect("a number") > 0.9, "{text}");
    test.run(&["run", "stop.ssl", "--out", "stopped"])
        .code(1)
        .says("films/");
}

/// The numbers of a stage in `results.json`, by metric.
fn numbers(test: &Test, run: &str, stage: &str) -> Vec<(String, f64)> {
    let text = std::fs::read_to_string(test.path(run).join("results.json")).expect("results");
    let rows: Vec<serde_json::Value> = serde_json::from_str(&text).expect("rows");
    let own = rows.iter().filter(|row| row["stage"] == stage);
    let number = |row: &serde_json::Value| {
        let name = row["metric"].as_str().expect("a name").to_owned();
        (name, row["value"].as_f64().expect("a number"))
    };
    own.map(number).collect()
}

/// Order told by the task itself, and clips found by their features, with strips of them drawn.
#[test]
fn order_is_told_and_clips_are_found() {
    let recipe = r#"ssl 1

dataset clips = moving_shapes(train = 96, valid = 16, test = 48, frames = 8, size = 16px)

pretext order = frame_order() {
  data    = clips.train
  encoder = small_cnn(width = 4)
  head    = linear(8) |> relu() |> linear(2)
  batch   = 16
  length  = 2 epochs
}

evaluate told  = order() { from = order, data = clips.test }
evaluate found = retrieval(k = 3) { from = order, data = clips.train, test = clips.test }

run { seed = 3, threads = 1 }
"#;
    let test = Test::new().file("order.ssl", recipe);
    test.run(&["run", "order.ssl", "--out", "run"]).success();
    let told = numbers(&test, "run", "told");
    assert_eq!(told.len(), 3);
    let both = (told[1].1 + told[2].1) / 2.0;
    assert!((told[0].1 - both).abs() < 1e-9, "{told:?}");
    assert!(numbers(&test, "run", "found")[0].1 > 0.0);
    for picture in [
        "found.nearest.png",
        "found.nearest_untrained.png",
        "order.order.png",
    ] {
        assert!(
            test.path("run/results").join(picture).is_file(),
            "{picture}"
        );
    }
}

/// Colours are learnt, frames coloured, masks carried along and drawn; the same again gives the same bytes.
#[test]
fn masks_are_carried_along_by_what_colours_frames() {
    let recipe = r#"ssl 1

dataset clips = moving_shapes(train = 64, valid = 8, test = 8, frames = 6, size = 16px)

fit colours = kmeans(8) { data = clips.train |> take(20) }

pretext pointer = video_color(colours = colours, normalize = on, temperature = 0.1) {
  data      = clips.train
  encoder   = conv(8, 3) |> batch_norm() |> relu() as one |> conv(8, 3, stride = 2) as two |> global_avg_pool()
  batch     = 8
  length    = 2 epochs
  optimizer = adamw(2e-3)
  monitor   = propagation(at = [two], k = 3, every = 1 epoch, bank = 4)
}

evaluate carried = propagation(at = [one, two], k = 3, context = 2) { from = pointer, data = clips.test }

run { seed = 3, threads = 1 }
"#;
    let test = Test::new().file("color.ssl", recipe);
    let ran = test.run(&["run", "color.ssl", "--out", "run"]).success();
    ran.says("8 colours of 7680 pixels");
    let carried = numbers(&test, "run", "carried");
    let names: Vec<&str> = carried.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["j_and_f", "region_j", "contour_f"].repeat(3));
    assert!(
        carried.iter().all(|(_, value)| (0.0..=1.0).contains(value)),
        "{carried:?}"
    );
    let metrics = std::fs::read_to_string(test.path("run/stages/pointer/metrics.jsonl"));
    let metrics = metrics.expect("metrics");
    assert_eq!(metrics.matches("\"monitor.propagation\"").count(), 2);
    for picture in [
        "carried.propagated.png",
        "carried.propagated_untrained.png",
        "pointer.coloured.png",
        "pointer.pointer.png",
    ] {
        assert!(
            test.path("run/results").join(picture).is_file(),
            "{picture}"
        );
    }
    test.run(&["run", "color.ssl", "--out", "again"]).success();
    let bytes = |run: &str| std::fs::read(test.path(run).join("results.json")).expect("results");
    assert_eq!(bytes("run"), bytes("again"));
}
