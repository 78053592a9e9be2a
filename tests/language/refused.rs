//! Every kind of error, by its code. The texts are in `tests/ui`.

use crate::accepted::FIRST;
use crate::check;

/// The codes of a recipe that gets these lines; the lines before are sound.
fn codes(lines: &str) -> Vec<&'static str> {
    let text = format!("{FIRST}\n{lines}\n");
    let outcome = check(text.as_bytes(), &[]);
    println!("{}", outcome.text);
    outcome.codes()
}

fn changed(from: &str, to: &str) -> Vec<&'static str> {
    assert!(FIRST.contains(from), "{from}");
    let outcome = check(FIRST.replace(from, to).as_bytes(), &[]);
    println!("{}", outcome.text);
    outcome.codes()
}

#[test]
fn editions() {
    assert_eq!(changed("ssl 1\n", ""), ["E0102"]);
    assert_eq!(changed("ssl 1\n", "ssl 2\n"), ["E0102"]);
    assert_eq!(changed("ssl 1\n", "ssl one two\n"), ["E0102"]);
    assert_eq!(codes("ssl 1"), ["E0102"]);
}

#[test]
fn syntax_errors_do_not_hide_each_other() {
    let text = "ssl 1
        dataset = fashion_mnist()
        dataset f = fashion_mnist(
        encoder e = small_cnn() small_cnn()
        datset g = fashion_mnist()
        pretext p = rotation() {
          data: f.train
          encoder = e
          batch = 1 2, bacth = 3
          head = linear(4
          'a' = 1
        }
        run { sed = 1 }";
    let outcome = check(text.as_bytes(), &[]);
    let lines: Vec<&str> = outcome
        .text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--> test.ssl:"))
        .filter_map(|place| place.split(':').next())
        .collect();
    assert_eq!(
        lines,
        ["2", "3", "4", "5", "7", "9", "9", "10", "11", "13"],
        "{}",
        outcome.text
    );
}

#[test]
fn an_open_brace_ends_at_the_next_item() {
    assert_eq!(changed("keep = 2)\n}", "keep = 2)\n"), ["E0101"]);
    assert_eq!(changed("emit view, turn\n}", "emit view, turn"), ["E0101"]);
    assert_eq!(codes("run {"), ["E0204", "E0101"]);
}

#[test]
fn sweeps_list_values_of_fields_that_are_there() {
    let whole = "sweep grid { rotations.optimizer.rate = [1e-3, 3e-4], run.seed = 1..5 }";
    let none: [&str; 0] = [];
    assert_eq!(codes(whole), none);
    for (text, code) in [
        ("sweep grid { rotations.optimizer.rate = 1e-3 }", "E0301"),
        (
            "sweep grid { rotations.optimizer.rate = 1e-3..3e-3 }",
            "E0301",
        ),
        ("sweep grid { rotations.optimizer.rate = [] }", "E0302"),
        ("sweep grid { run.seed = 5..1 }", "E0302"),
        ("sweep grid { run.seed = 1..2000 }", "E0302"),
        (
            "sweep grid { run.seed = 1..100, rotations.batch = [8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88] }",
            "E0302",
        ),
        ("sweep grid { run.seed = [1, 2, 1] }", "E0204"),
        ("sweep grid { run.seed = [1], run.seed = [2] }", "E0204"),
        (
            "sweep grid { rotations.optimizer.rate = [1e-3], rotations.optimizer = [adamw(1e-3)] }",
            "E0204",
        ),
        (
            "sweep grid { run.seed = [1] }\nsweep grid { run.seed = [2] }",
            "E0204",
        ),
        ("sweep grid { }", "E0104"),
        ("sweep grid { rotations.nothing = [1, 2] }", "E0203"),
        ("sweep grid { nothing.batch = [1, 2] }", "E0201"),
        ("sweep grid { rotations.batch = [\"a\"] }", "E0301"),
        ("sweep grid { rotations.batch }", "E0101"),
        ("sweep grid", "E0101"),
    ] {
        assert_eq!(codes(text), [code], "{text}");
    }
}

#[test]
fn names() {
    assert_eq!(changed("encoder   = trunk", "encoder = trnk"), ["E0201"]);
    assert_eq!(changed("encoder   = trunk", "encoder = fashion"), ["E0207"]);
    assert_eq!(changed("augment   = turned", "augment = none"), ["E0201"]);
    assert_eq!(
        changed("image |> random_crop", "img |> random_crop"),
        ["E0201"]
    );
    assert_eq!(changed("fashion_mnist()", "fashion_mnits()"), ["E0202"]);
    assert_eq!(changed("hold_out(10%, seed = 0)", "hflip()"), ["E0207"]);
    assert_eq!(changed("rotation()", "knn()"), ["E0207"]);
    assert_eq!(changed("rotation()", "rotation"), ["E0301"]);
    assert_eq!(codes("dataset trunk = fashion_mnist()"), ["E0204"]);
    assert_eq!(codes("run { seed = 1 }"), ["E0204"]);
    assert_eq!(codes("dataset run = fashion_mnist()"), ["E0204"]);
    assert_eq!(changed("fashion.test\n}", "fashion.tets\n}"), ["E0209"]);
}

#[test]
fn circles() {
    assert_eq!(codes("dataset a = a"), ["E0208"]);
    assert_eq!(codes("dataset a = b |> take(1%)\ndataset b = a"), ["E0208"]);
    assert_eq!(
        codes("augment a(x) { emit x |> b() }\naugment b(x) { emit x |> a() }"),
        ["E0208"]
    );
}

#[test]
fn fields() {
    assert_eq!(changed("batch     = 256", "bacth = 256"), ["E0203"]);
    assert_eq!(
        changed("batch     = 256", "batch = 1, batch = 2"),
        ["E0204"]
    );
    assert_eq!(changed("data      = fashion.train\n", ""), ["E0205"]);
    assert_eq!(
        changed("data      = fashion.train\n", "dta = fashion.train\n"),
        ["E0203"]
    );
    assert_eq!(changed("linear(128)", "linear()"), ["E0205"]);
    assert_eq!(changed("linear(128)", "linear(128, on, 3, 4)"), ["E0206"]);
    assert_eq!(changed("linear(128)", "linear(128, units = 3)"), ["E0204"]);
    assert_eq!(changed("linear(128)", "linear(128, bais = off)"), ["E0203"]);
    assert_eq!(changed("rotation()", "rotation(batch = 3)"), ["E0203"]);
    assert_eq!(changed("seed = 7", "sed = 7"), ["E0203"]);
    assert_eq!(changed("emit view, turn", ""), ["E0205"]);
    assert_eq!(changed("emit view, turn", "emit view, view"), ["E0204"]);
    assert_eq!(
        changed("(view, turn) =", "(view, image) ="),
        ["E0204", "E0201"]
    );
}

#[test]
fn types() {
    assert_eq!(changed("batch     = 256", "batch = \"256\""), ["E0301"]);
    assert_eq!(changed("batch     = 256", "batch = 256.0"), ["E0301"]);
    assert_eq!(changed("batch     = 256", "batch = [256]"), ["E0301"]);
    assert_eq!(changed("batch     = 256", "batch = 256px"), ["E0303"]);
    assert_eq!(changed("batch     = 256", "batch = 0"), ["E0302"]);
    assert_eq!(
        changed("batch     = 256", "batch = 99999999999999999999"),
        ["E0302"]
    );
    assert_eq!(changed("length    = 10 epochs", "length = 10"), ["E0303"]);
    assert_eq!(
        changed("length    = 10 epochs", "length = 10 minutes"),
        ["E0303"]
    );
    assert_eq!(
        changed("length    = 10 epochs", "length = 1.5 steps"),
        ["E0301"]
    );
    assert_eq!(changed("random_crop(28px", "random_crop(28"), ["E0303"]);
    assert_eq!(changed("hflip(50%)", "hflip(0.5)"), ["E0303"]);
    assert_eq!(changed("hflip(50%)", "hflip(150%)"), ["E0302"]);
    assert_eq!(changed("device = auto", "device = gpu"), ["E0304"]);
    assert_eq!(changed("device = auto", "device = \"auto\""), ["E0301"]);
    assert_eq!(changed("pool = flatten", "pool = flaten"), ["E0304"]);
    assert_eq!(changed("pool = flatten", "pool = 3"), ["E0301"]);
    assert_eq!(changed("pool = flatten", "pool = gird(2)"), ["E0202"]);
    assert_eq!(changed("\"trunk.safetensors\"", "trunk"), ["E0301"]);
    assert_eq!(changed("batch_norm()", "batch_norm"), ["E0301"]);
    assert_eq!(
        changed("hold_out(10%, seed = 0)", "hold_out(10%, seed = -1)"),
        ["E0302"]
    );
    assert_eq!(changed("emit view, turn", "emit view * 0, turn"), ["E0302"]);
    assert_eq!(changed("batch     = 256", "batch = 256 * 2"), ["E0301"]);
    assert_eq!(
        codes("augment z(image) { emit image |> random_resized_crop(8px, scale = 1.0..0.5) }"),
        ["E0302"]
    );
    assert_eq!(
        codes("augment z(image) { emit image |> turned() }"),
        ["E0306"]
    );
    assert_eq!(codes("augment z(image) { emit hflip() }"), ["E0301"]);
    assert_eq!(codes("encoder z = trunk |> relu()"), ["E0207"]);
    assert_eq!(codes("encoder z = relu() as a |> relu() as a"), ["E0204"]);
    assert_eq!(
        changed("from = rotations\n", "from = neighbours\n"),
        ["E0207"]
    );
    assert_eq!(
        changed("from = rotations\n", "from = rotations.encodr\n"),
        ["E0209"]
    );
}

#[test]
fn one_cause_one_error() {
    // an encoder with an error, used twice
    let outcome = check(
        FIRST
            .replace("small_cnn(width = 32)", "small_cnn(widht = 32)")
            .as_bytes(),
        &[],
    );
    assert_eq!(outcome.codes(), ["E0203"], "{}", outcome.text);
    // a data set whose head can't be parsed
    assert_eq!(changed("dataset fashion =", "dataset fashion"), ["E0101"]);
    // a task that does not exist: nothing is said about its fields
    assert_eq!(
        changed("rotation() {", "rotatoin() {\n bacth = 3"),
        ["E0202"]
    );
}
