//! Data that is missing, broken or elsewhere.

use std::io::Write;

use super::Test;

const TURNS: &str = "augment t(image) { (view, turn) = image |> resize(24px) |> center_crop(24px) |> normalize() |> quarter_turn()\nemit view, turn }\n";

fn recipe(dataset: &str, more: &str) -> String {
    format!(
        "ssl 1\ndataset d = {dataset}\n{TURNS}pretext p = rotation() {{ data = d.train, augment = t, encoder = small_cnn(width = 2), \
         batch = 4, length = 3 steps{more} }}\n"
    )
}

fn picture(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let pixels = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([
            (x * 7 + seed) as u8,
            (y * 5) as u8,
            (x * y + seed * 31) as u8,
        ])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("a PNG");
    bytes.into_inner()
}

/// Two classes of six pictures in several sizes; one picture is broken where `broken` says so.
fn folder(broken: bool) -> Test {
    let mut test = Test::new();
    for class in ["cat", "dog"] {
        for i in 0..6u32 {
            test = test.file(
                &format!("pets/train/{class}/{i}.png"),
                picture(24 + 3 * i, 40 - 2 * i, i),
            );
        }
    }
    if broken {
        let half = picture(30, 30, 9);
        test = test.file("pets/train/dog/9.png", &half[..half.len() / 2]);
    }
    test
}

#[test]
fn pictures_of_many_sizes_train() {
    let test = folder(false).file("recipe.ssl", recipe("image_folder(\"pets\")", ""));
    test.run(&["run", "recipe.ssl", "-q"]).success();
    // what was measured stands in both
    let expanded = test.run(&["expand", "recipe.ssl"]).success().stdout();
    assert_eq!(expanded, test.text("runs/recipe/recipe.ssl"));
    assert!(
        expanded.contains("measured on 12 of 12 records of `d.train`"),
        "{expanded}"
    );
}

#[test]
fn a_broken_picture_stops_the_run_or_is_left_out() {
    let test = folder(true);
    // the statistics that `normalize()` stands for
    test.write("recipe.ssl", recipe("image_folder(\"pets\")", ""));
    test.run(&["check", "recipe.ssl"]).success();
    test.run(&["run", "recipe.ssl", "-q", "--out", "a"])
        .code(1)
        .says("9.png")
        .says("recipe.ssl:")
        .says("on_bad_sample = skip")
        .says("1 error;");
    // the record itself, while training
    let plain = recipe("image_folder(\"pets\")", "").replace("|> normalize() ", "");
    test.write("recipe.ssl", plain.replace("3 steps", "4 epochs"));
    test.run(&["run", "recipe.ssl", "-q", "--out", "b"])
        .code(3)
        .says("E0802")
        .says("9.png")
        .says("recipe.ssl:5:");
    for (out, more) in [
        ("c", ""),
        (
            "d",
            "evaluate k = knn(k = 1) { from = p, data = d.train, test = d.train, on_bad_sample = skip }\n\
        finetune l = linear_probe() { from = p, data = d.train, test = d.train, length = 3 epochs, batch = 4, on_bad_sample = skip }\n\
        finetune c = classifier() { from = p, data = d.train, test = d.train, valid = d.train, length = 3 epochs, batch = 4, on_bad_sample = skip }\n",
        ),
    ] {
        let text = recipe(
            "image_folder(\"pets\")",
            ", on_bad_sample = skip, valid = d.train, monitor = knn(d.train, k = 1)",
        )
        .replace("3 steps", "4 epochs");
        test.write("recipe.ssl", text + more);
        test.run(&["run", "recipe.ssl", "--out", out])
            .success()
            .says("left out")
            .says("9.png");
    }
}

#[test]
fn one_class_more_in_a_split_is_a_class_of_all() {
    let test = folder(false).file("pets/test/eel/1.png", picture(20, 20, 1));
    let text = recipe("image_folder(\"pets\")", "")
        + "evaluate k = knn(k = 1) { from = p, data = d.train, test = d.test }\n";
    test.write("recipe.ssl", text);
    let plan = test.run(&["plan", "recipe.ssl", "--json"]).success().json();
    assert!(
        plan["stages"][1]["views"].to_string().contains("label(3)"),
        "{plan}"
    );
}

#[test]
fn what_is_not_a_parquet_file_is_said() {
    let test = Test::new()
        .file("pq/train.parquet", b"PAR1 and then nothing PAR1")
        .file("pq/test.parquet", b"")
        .file("recipe.ssl", recipe("parquet(\"pq\")", ""));
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("E0502")
        .says(".parquet")
        .says("recipe.ssl:2:13");
}

fn idx(magic: u8, dims: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, magic, dims.len() as u8];
    for dim in dims {
        out.extend(dim.to_be_bytes());
    }
    out.extend(bytes);
    out
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn mnist(test: Test, folder: &str, magic: u8, label: u8) -> Test {
    let mut test = test;
    for (split, n) in [("train", 60_000u32), ("t10k", 10_000)] {
        let pixels = vec![0u8; n as usize * 784];
        let labels = vec![label; n as usize];
        let name = |what: &str| format!("{folder}/{split}-{what}-ubyte.gz");
        test = test
            .file(
                &name("images-idx3"),
                packed(&idx(magic, &[n, 28, 28], &pixels)),
            )
            .file(&name("labels-idx1"), packed(&idx(8, &[n], &labels)));
    }
    test
}

#[test]
fn wrong_idx_files_are_said() {
    let test = mnist(mnist(Test::new(), "floats", 0x0d, 0), "labels", 8, 11)
        .file("recipe.ssl", recipe("mnist()", ""));
    test.run(&["run", "recipe.ssl", "--data", "mnist=floats", "-q"])
        .code(1)
        .says("idx")
        .says("recipe.ssl:2:13");
    let ran = test.run(&["run", "recipe.ssl", "--data", "mnist=labels", "-q"]);
    assert!(
        matches!(ran.output.status.code(), Some(1 | 3)),
        "{}",
        ran.stderr()
    );
    ran.says("is 11, but there are 10 classes")
        .says("recipe.ssl:");
}

#[test]
fn places_are_asked_in_order_and_named_when_all_fail() {
    let test = mnist(Test::new(), "files", 8, 3).file("recipe.ssl", recipe("mnist()", ""));
    test.run(&["check", "recipe.ssl", "--offline"])
        .code(1)
        .says("E0503")
        .says("--data mnist=PATH")
        .says("pretext.toml")
        .says("data/mnist")
        .says("download");
    test.run(&["check", "recipe.ssl"]).success().says("W0710");
    test.run(&["check", "recipe.ssl", "--data", "mnist=nowhere"])
        .code(1)
        .says("E0501");
    test.run(&["check", "recipe.ssl", "--offline", "--data", "mnist=files"])
        .success();
    test.write("pretext.toml", "[data]\nmnist = \"files\"\n");
    test.run(&["check", "recipe.ssl", "--offline"]).success();
    // what is named first holds, also where it is wrong
    test.run(&["check", "recipe.ssl", "--offline", "--data", "mnist=."])
        .code(1)
        .says("E0502");
    test.write("pretext.toml", "[dta]\n");
    test.run(&["check", "recipe.ssl"])
        .code(3)
        .says("pretext.toml");
}

#[test]
fn splits_that_are_not_there_are_said() {
    for (dataset, split, code) in [
        ("shapes() |> hold_out(10%)", "valid", "E0204"),
        ("image_folder(\"pets\")", "valid", "E0209"),
        ("image_folder(\"pets\") |> hold_out(25%)", "valid", ""),
        ("shapes(train = 40) |> take(10)", "train", ""),
        ("shapes(train = 40) |> take(100)", "train", "E0504"),
        ("shapes(train = 40) |> take(0%)", "train", "E0"),
        ("image_folder(\"pets\") |> hold_out(100%)", "train", "E0"),
        (
            "concat(shapes(train = 8), shapes(train = 8, seed = 2))",
            "train",
            "E0203",
        ),
        ("concat(shapes(train = 8), shapes(train = 9))", "train", ""),
        (
            "concat(shapes(train = 8), image_folder(\"pets\"))",
            "train",
            "E0",
        ),
        ("shapes() |> without(labl)", "train", "E0"),
    ] {
        let test = folder(false).file(
            "recipe.ssl",
            recipe(dataset, "").replace("d.train", &format!("d.{split}")),
        );
        let ran = test.run(&["check", "recipe.ssl"]);
        if code.is_empty() {
            ran.success();
        } else {
            ran.code(1).says(&format!("error[{code}"));
        }
    }
}

#[test]
fn labels_of_a_table_train_and_what_does_not_fit_is_said() {
    let mut test = Test::new();
    let mut table = "file,species,fold\n".to_owned();
    for i in 0..12u32 {
        test = test.file(&format!("pets/{i}.png"), picture(24, 24, i * 17));
        let (species, fold) = (
            ["cat", "dog"][i as usize % 2],
            ["train", "test"][i as usize / 8],
        );
        table += &format!("{i},{species},{fold}\n");
    }
    let test = test
        .file("pets/extra.png", picture(24, 24, 3))
        .file("labels.csv", table.clone() + "gone.png,cat,train\n");
    let dataset =
        "image_folder(\"pets\", labels = \"labels.csv\", label = \"species\", split = \"fold\")";
    let judged = recipe(dataset, "")
        + "evaluate k = knn(k = 1) { from = p, data = d.train, test = d.test }\n";
    test.write("recipe.ssl", &judged);
    test.run(&["run", "recipe.ssl", "-q"])
        .success()
        .says("W0725")
        .says("labels.csv: 1 of its 13 rows names no picture in")
        .says("`gone.png` (line 14)")
        .says("1 picture that labels.csv does not name left out: `extra.png`")
        .says("12 pictures, 2 classes, 2 splits; 1 file left out: 1 in no table");
    test.write("labels.csv", table.replace("0,cat,train", "0,cat,trian"));
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("the split of 1 row is none: `trian` (line 2 of labels.csv)")
        .says("recipe.ssl:2:");
    // a label that changes is another run
    test.write("labels.csv", table.replace("0,cat,train", "0,dog,train"));
    test.run(&["run", "recipe.ssl", "-q"])
        .success()
        .says_not("W0725: labels.csv: 1 of");
    for (given, wanted) in [
        ("labels = \"gone.csv\"", "the table `gone.csv` is not there"),
        (
            "labels = \"labels.csv\", label = \"spices\"",
            "no column `spices`",
        ),
        ("labels = \"{name}_*\"", "a pattern has `{label}`"),
        ("labels = leaves", "E0304"),
    ] {
        test.write(
            "recipe.ssl",
            recipe(&format!("image_folder(\"pets\", {given})"), ""),
        );
        test.run(&["check", "recipe.ssl"]).code(1).says(wanted);
    }
}

#[test]
fn grey_pictures_become_colour_and_back_with_their_statistics() {
    let test = folder(false);
    for (dataset, step, mean) in [
        ("image_folder(\"pets\", channels = grey)", "to_rgb()", 3),
        ("image_folder(\"pets\")", "to_grey()", 1),
    ] {
        let judge = "evaluate k = knn(k = 1) { from = p, data = d.train, test = d.train }\n";
        let text = (recipe(dataset, "") + judge)
            .replace("|> normalize()", &format!("|> {step} |> normalize()"));
        test.write("recipe.ssl", text);
        let out = ["run", "recipe.ssl", "-q", "--out", step];
        test.run(&out).success();
        let facts = test.json(&format!("{step}/run.json"));
        let found = facts["normalization"]["p"]["mean"]
            .as_array()
            .expect("a mean");
        assert_eq!(found.len(), mean, "{facts}");
        let plan = test.run(&["plan", "recipe.ssl", "--json"]).success().json();
        let view = plan["stages"][0]["views"].to_string();
        assert!(view.contains(&format!("image[{mean}, 24, 24]")), "{view}");
    }
    let late =
        recipe("image_folder(\"pets\")", "").replace("normalize()", "normalize() |> to_grey()");
    test.write("recipe.ssl", late);
    test.run(&["check", "recipe.ssl"])
        .code(1)
        .says("E0306")
        .says("make `normalize` the last step");
}
