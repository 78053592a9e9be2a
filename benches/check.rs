//! `pretext check` of a recipe of 100 lines, the whole process: `cargo bench --bench check`. At most 20 ms.

use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const RUNS: usize = 101;
const LIMIT_MS: f64 = 20.0;

/// A hundred lines: six pretext stages, each with two judges, on the data set inside the program.
fn recipe() -> String {
    let mut text = String::from(
        "ssl 1\n\n/// A hundred lines.\n\ndataset figures = shapes(train = 4000)\n\naugment view(image) {\n  emit image |> \
         random_resized_crop(32px, scale = 0.2..1.0) |> hflip(50%)\n             |> color_jitter(brightness = 0.4, contrast = \
         0.4, saturation = 0.4, hue = 0.1, chance = 80%)\n             |> grayscale(20%) |> normalize()\n}\naugment \
         pair(image) { emit a = image |> view(), b = image |> view() }\n\n",
    );
    for i in 0..5 {
        text += &format!(
            "pretext contrast{i} = simclr(temperature = 0.5) {{\n  data      = figures.train\n  augment   = pair\n  encoder   = \
             resnet18(stem = small)\n  head      = linear(128) |> batch_norm() |> relu() |> linear(64)\n  batch     = 256\n  \
             length    = 10 epochs\n  optimizer = lars(1.0, weight_decay = 1e-6)\n  schedule  = cosine(warmup = 1 epoch)\n}}\n\n\
             evaluate near{i} = knn(k = 20) {{ from = contrast{i}, data = figures.train, test = figures.test }}\n\nfinetune \
             probe{i} = linear_probe(at = [layer3, layer4]) {{\n  from = contrast{i}, data = figures.train, test = \
             figures.test, length = 10 epochs\n}}\n\n"
        );
    }
    while text.lines().count() < 99 {
        text += "// and a line to make it a hundred\n";
    }
    text + "run { seed = 1 }\n"
}

fn main() -> ExitCode {
    let text = recipe();
    let lines = text.lines().count();
    let folder = std::env::temp_dir().join(format!("pretext-check-{}", std::process::id()));
    let path = folder.join("recipe.ssl");
    if std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, text))
        .is_err()
    {
        println!("can't write {}", path.display());
        return ExitCode::FAILURE;
    }
    let mut times: Vec<f64> = Vec::new();
    let mut sound = true;
    for _ in 0..RUNS {
        let began = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_pretext"))
            .arg("check")
            .arg(&path)
            .stdout(Stdio::null())
            .status();
        times.push(began.elapsed().as_secs_f64() * 1e3);
        sound &= status.is_ok_and(|status| status.success());
    }
    let _ = std::fs::remove_dir_all(&folder);
    times.sort_by(f64::total_cmp);
    let (median, slowest) = (times[RUNS / 2], times[RUNS - 1]);
    println!(
        "check, {lines} lines, whole process: median {median:.1} ms, slowest {slowest:.1} ms of {RUNS} (limit {LIMIT_MS} ms)"
    );
    if sound && median <= LIMIT_MS {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
