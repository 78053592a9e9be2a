//! Later stages that start from a part: the slow copy of an encoder, an encoder that is called something else.

use std::collections::BTreeMap;

use pretext::engine::HostTensor;
use pretext::engine::checkpoint::read;

use super::{Test, run, with};

/// BYOL whose encoder has no running statistics; everything that may start from its target does.
fn recipe(momentum: &str, settings: &str) -> Test {
    with(&format!(
        r#"ssl 1

dataset figures = shapes(train = 128, valid = 32, test = 64)

augment view(image) {{ emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> hflip(50%) |> normalize() }}
augment pair(image) {{ emit views = (image |> view()) * 2 }}

encoder trunk = conv(8, 3, stride = 2) |> relu() |> conv(8, 3) |> relu() |> global_avg_pool()

pretext twins = byol(momentum = {momentum}) {{
  data      = figures.train
  augment   = pair
  encoder   = trunk
  head      = linear(16) |> relu() |> linear(8)
  predictor = linear(16) |> relu() |> linear(8)
  batch     = 32
  schedule  = constant()
  {settings}
}}

export target  = safetensors("target.safetensors") {{ from = twins.target }}
export student = safetensors("student.safetensors") {{ from = twins }}
evaluate nearest = knn(k = 5) {{ from = twins.target, data = figures.train, test = figures.test }}
evaluate nearest_student = knn(k = 5) {{ from = twins.encoder, data = figures.train, test = figures.test }}
finetune probe = linear_probe() {{
  from = twins.target, data = figures.train, test = figures.test, length = 2 epochs, batch = 32
}}
finetune tuned = classifier(unfreeze = none) {{
  from = twins.target, data = figures.train, test = figures.test, length = 2 epochs, batch = 32
}}

run {{ seed = 3, threads = 1 }}
"#
    ))
}

/// Tensors of a safetensors file: numbers by name.
fn tensors(test: &Test, name: &str) -> BTreeMap<String, Vec<f32>> {
    let bytes = std::fs::read(test.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let numbers = |data: &[u8]| -> Vec<f32> {
        data.chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect()
    };
    file.tensors()
        .into_iter()
        .map(|(name, tensor)| (name, numbers(tensor.data())))
        .collect()
}

/// Value and untrained baseline of a stage.
fn row(test: &Test, stage: &str) -> (f64, f64) {
    let rows = test.json("run/results.json");
    let rows = rows.as_array().expect("rows");
    let row = rows.iter().find(|row| row["stage"] == stage);
    let row = row.unwrap_or_else(|| panic!("no row of {stage}"));
    let number = |key: &str| row[key].as_f64().expect("a number");
    (number("value"), number("untrained"))
}

/// The encoder before any training, as a rate of 0 leaves it.
fn untrained() -> BTreeMap<String, Vec<f32>> {
    let test = recipe("0.5", "length = 1 steps\n  optimizer = sgd(0)");
    run(&test, "run", &[]).success();
    tensors(&test, "run/student.safetensors")
}

#[test]
fn a_target_that_never_moves_is_the_untrained_encoder() {
    let test = recipe("1.0", "length = 4 epochs\n  optimizer = sgd(0.5)");
    run(&test, "run", &[]).success();
    let target = tensors(&test, "run/target.safetensors");
    assert_eq!(target, untrained());
    let student = tensors(&test, "run/student.safetensors");
    assert_eq!(
        target.keys().collect::<Vec<_>>(),
        student.keys().collect::<Vec<_>>()
    );
    assert_ne!(target, student);
    for stage in ["nearest", "probe", "tuned"] {
        let (value, untrained) = row(&test, stage);
        assert_eq!(value, untrained, "{stage}");
    }
    let text = test.text("run/results.json");
    assert!(
        text.contains("at output, k = 5, temperature = 0.1, target, pool avg"),
        "{text}"
    );
}

#[test]
fn a_target_that_keeps_nothing_is_the_student() {
    // τ rises from 0 along half a cosine: in the first step it is 0
    let test = recipe("0.0", "length = 1 steps\n  optimizer = sgd(0.5)");
    run(&test, "run", &[]).success();
    let (target, student) = (
        tensors(&test, "run/target.safetensors"),
        tensors(&test, "run/student.safetensors"),
    );
    assert_eq!(target, student);
    assert_ne!(target, untrained());
    assert_eq!(row(&test, "nearest"), row(&test, "nearest_student"));
}

#[test]
fn a_target_is_the_mean_that_its_momentum_says() {
    let test = recipe("0.75", "length = 1 steps\n  optimizer = sgd(0.5)");
    run(&test, "run", &[]).success();
    let (target, student, start) = (
        tensors(&test, "run/target.safetensors"),
        tensors(&test, "run/student.safetensors"),
        untrained(),
    );
    for (name, target) in &target {
        for ((x, new), old) in target.iter().zip(&student[name]).zip(&start[name]) {
            assert!((x - (0.75 * old + 0.25 * new)).abs() < 1e-6, "{name}");
        }
    }
}

#[test]
fn a_slow_copy_is_exported_with_the_statistics_of_its_own_batches() {
    let test = recipe("0.9", "length = 2 epochs\n  optimizer = sgd(0.5)");
    let text = test
        .text("recipe.ssl")
        .replace("conv(8, 3) |>", "conv(8, 3) |> batch_norm() |>");
    test.write("recipe.ssl", text);
    run(&test, "run", &[]).success();
    let kept = read(&test.path("run/stages/twins/final.ckpt"))
        .expect("weights")
        .state;
    let own = |name: &str| match &kept.buffers[name] {
        HostTensor::F32 { data, .. } => data.clone(),
        HostTensor::Int { .. } => panic!("{name}"),
    };
    let target = tensors(&test, "run/target.safetensors");
    let student = tensors(&test, "run/student.safetensors");
    let mut seen = 0;
    for (name, mean) in target
        .iter()
        .filter(|(name, _)| name.ends_with("running_mean"))
    {
        let of = |module: &str| own(&format!("{module}/{}", name.replace('.', "/")));
        assert_eq!(*mean, of("ema/encoder"));
        assert_eq!(student[name], of("encoder"));
        assert_ne!(of("ema/encoder"), of("encoder"));
        seen += 1;
    }
    assert_eq!(seen, 1);
}

#[test]
fn a_monitor_reads_the_part_that_a_bare_name_means() {
    // DINO's teacher that never moves gives the same reading after every epoch, its student does not
    let recipe = r#"ssl 1

dataset figures = shapes(train = 128, valid = 64, test = 64)

augment view(image) { emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> normalize() }
augment crops(image) { emit globals = (image |> view()) * 2 }

pretext distill = dino(momentum = 1.0) {
  data      = figures.train
  augment   = crops
  encoder   = conv(8, 3, stride = 2) |> relu() |> conv(8, 3) |> relu() |> global_avg_pool()
  head      = linear(16) |> gelu() |> linear(8) |> prototypes(16, freeze = 0 steps)
  batch     = 32
  length    = 4 epochs
  optimizer = sgd(2)
  schedule  = constant()
  monitor   = knn(figures.valid, k = 5, every = 1 epoch)
}

export teacher = safetensors("teacher.safetensors") { from = distill }
export student = safetensors("student.safetensors") { from = distill.student }

run { seed = 3, threads = 1 }
"#;
    let test = with(recipe);
    run(&test, "run", &[]).success();
    let text = test.text("run/stages/distill/metrics.jsonl");
    let read: Vec<f64> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|line| line["monitor.knn"].as_f64())
        .collect();
    assert_eq!(read.len(), 4);
    assert!(read.iter().all(|value| *value == read[0]), "{read:?}");
    assert_ne!(
        tensors(&test, "run/teacher.safetensors"),
        tensors(&test, "run/student.safetensors")
    );
}

/// An encoder beside the one that every stage has, as a script's parameter.
const TWO: &str = r#"// Two encoders agree.
fn params() { [#{ name: "image_encoder", type: "encoder", doc: "Another one." }] }
fn inputs() { [#{ name: "view", type: "image", doc: "A picture." }] }
fn augment(p, fields) { "emit view = image |> normalize()" }
fn build(g, p) {
    let x = g.input("view");
    let away = g.call(p.encoder, x) - g.call(p.image_encoder, x);
    g.objective(mean_all(away * away));
}
"#;

#[test]
fn an_encoder_by_another_name_has_a_baseline_of_its_own() {
    let recipe = |rate: &str| {
        format!(
            r#"ssl 1

use script "two.rhai"

dataset figures = shapes(train = 128, valid = 32, test = 64)

pretext pair = two() {{
  data          = figures.train
  encoder       = small_cnn(width = 4)
  image_encoder = conv(16, 3, stride = 2) |> relu() |> global_avg_pool()
  batch         = 32
  length        = 2 epochs
  optimizer     = sgd({rate})
}}

export one     = safetensors("one.safetensors") {{ from = pair.image_encoder }}
export another = safetensors("another.safetensors") {{ from = pair }}
evaluate nearest = knn(k = 5) {{ from = pair.image_encoder, data = figures.train, test = figures.test }}

run {{ seed = 3, threads = 1 }}
"#
        )
    };
    // a rate of 0: trained and untrained are one, under the names of the part's own layers
    let test = with(&recipe("0")).file("two.rhai", TWO);
    run(&test, "run", &[]).success();
    let (value, untrained) = row(&test, "nearest");
    assert_eq!(value, untrained);
    let start = tensors(&test, "run/one.safetensors");
    assert_eq!(start.len(), 2, "{:?}", start.keys());
    assert!(tensors(&test, "run/another.safetensors").len() > 2);
    // with another one only the trained column changes
    let test = with(&recipe("0.5")).file("two.rhai", TWO);
    run(&test, "run", &[]).success();
    assert_ne!(tensors(&test, "run/one.safetensors"), start);
    assert_eq!(row(&test, "nearest").1, untrained);
}
