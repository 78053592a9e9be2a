//! Whatever the sizes: a task that can't be built with them says so, and never panics.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pretext::catalog::{Catalog, Kind, Param, SharedSpec, Type};
use pretext::data::{Places, SampleType};
use pretext::extend::{Loader, Options};
use pretext::language::{Severity, check_all, decode, render};
use pretext::plan::{Purpose, plan};
use proptest::prelude::*;
use proptest::sample::Index;

/// Sides of pictures.
const SIDES: [u32; 12] = [1, 2, 3, 4, 5, 7, 8, 16, 28, 32, 33, 64];
/// Numbers that sizes break at.
const NUMBERS: [u64; 16] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 32, 64, 100, 1000];

/// Folders of pictures of each side, and of texts.
static DATA: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    for side in SIDES {
        for class in ["a", "b"] {
            let own = folder.path().join(format!("p{side}/{class}"));
            std::fs::create_dir_all(&own).expect("a folder");
            for number in 0..20 {
                let picture = image::RgbImage::new(side, side);
                picture
                    .save(own.join(format!("{number}.png")))
                    .expect("a picture");
            }
        }
    }
    write("corpus.txt", &"one two three four five six\n".repeat(200));
    for class in ["a", "b"] {
        for number in 0..20 {
            let text = "A headline\n\nOne two three. Four five six.\n\nSeven eight.\n";
            write(&format!("bbc/{class}/{number}.txt"), text);
        }
    }
    let turns: Vec<String> = (0..24).map(|turn| format!("\"well {turn}\"")).collect();
    write(
        "talks.jsonl",
        &format!("[{}]\n", turns.join(", ")).repeat(40),
    );
    folder
});

/// A plan or an error comes out.
fn planned(text: &str) -> Result<(), TestCaseError> {
    let folder = DATA.path();
    let mut catalog = Catalog::builtin();
    let (mut sources, file, _) = decode(&folder.join("test.ssl"), text.as_bytes());
    let mut doors = Loader::new(folder, Options::default());
    let file = file.expect("UTF-8");
    let checked = check_all(&mut sources, file, &mut catalog, &mut doors, &[]);
    let mut diagnostics = checked.diagnostics;
    let given = [
        ("corpus", "corpus.txt"),
        ("bbc", "bbc"),
        ("chitchat", "talks.jsonl"),
    ];
    let given: BTreeMap<String, PathBuf> = (given.into_iter())
        .map(|(name, path)| (name.to_owned(), folder.join(path)))
        .collect();
    let places = Places::new(folder, given, true).expect("places");
    let (planned, found) = plan(&checked.recipe, &catalog, &places, Purpose::Check);
    diagnostics.extend(found);
    let wrong = diagnostics.iter().any(|d| d.severity == Severity::Error);
    let said: Vec<String> = diagnostics
        .iter()
        .map(|d| render(d, &sources, false))
        .collect();
    prop_assert!(wrong || planned.is_some(), "{text}\n{}", said.join("\n"));
    Ok(())
}

/// The tasks on pictures.
fn tasks(catalog: &Catalog) -> Vec<SharedSpec> {
    let of_pictures = |task: &&SharedSpec| {
        let mut inputs = task.inputs.iter();
        !inputs.any(|input| input.holds(&SampleType::TOKENS) || input.ty.frame().is_some())
    };
    catalog
        .of_kind(Kind::Task)
        .filter(of_pictures)
        .cloned()
        .collect()
}

/// An encoder with these numbers.
fn encoder(which: &Index, numbers: &[u64]) -> String {
    let [a, b, c, d] = [numbers[0], numbers[1], numbers[2] % 4, numbers[3]];
    let small = a.min(17);
    let all = [
        format!("vit(patch = {b}px, width = {a}, depth = {c}, heads = {d})"),
        format!("vit(patch = {b}px, width = 12, depth = {c}, heads = 3, pool = mean)"),
        "vit(patch = 4px, width = 12, depth = 1, heads = 3)".to_owned(),
        format!("small_cnn(width = {small})"),
        format!("halves(small_cnn(width = {small}))"),
        format!("nin(blocks = {c})"),
        "resnet18(stem = small)".to_owned(),
        format!("conv({small}, {b}) |> relu() as a |> max_pool({d}) |> global_avg_pool()"),
        format!("conv({small}, {b}) |> flatten() |> linear({a})"),
    ];
    which.get(&all).clone()
}

/// A value of a parameter's type, often one at which something ends.
fn value(param: &Param, number: u64, other: u64) -> Option<String> {
    let whole = match param.range {
        Some((low, high)) => (number as f64).clamp(low, high.min(2000.0)),
        None => number as f64,
    };
    Some(match &param.ty {
        Type::Integer => format!("{}", whole.round()),
        Type::Number => format!("{whole}"),
        Type::Ratio => format!("{}%", number.min(100)),
        Type::Length => format!("{number}px"),
        Type::Range => format!("{}..{}", number.min(other), number.max(other)),
        Type::Duration => format!("{number} steps"),
        Type::Choice(words) => words[number as usize % words.len()].to_owned(),
        Type::Head => format!("linear({number}) |> relu() |> linear({other})"),
        _ => return None,
    })
}

fn number() -> impl Strategy<Value = u64> {
    prop::sample::select(NUMBERS.to_vec())
}

/// The recipes, on data that is here.
static RECIPES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let mut paths: Vec<PathBuf> = (std::fs::read_dir(folder).expect("the recipes"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "ssl"))
        .collect();
    paths.sort();
    let texts = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a recipe"));
    texts
        .filter(|text| !text.contains("use ") && !text.contains("script("))
        .map(|text| {
            let text = text.replace(
                "parquet(\"cifar10\", image = \"img\", label = \"label\")",
                "shapes()",
            );
            let text = text.replace("fashion_mnist()", "shapes()");
            let lines = text.lines().filter(|line| !line.starts_with("//"));
            lines.map(|line| format!("{line}\n")).collect()
        })
        .collect()
});

/// Where the whole numbers of a recipe stand, those of its first line left out.
fn numbers(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = text.find('\n').unwrap_or(0);
    while let Some(next) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + next;
        let length = text[start..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(1);
        let before = text[..start].chars().next_back().unwrap_or(' ');
        if !before.is_alphanumeric() && before != '_' {
            found.push(start..start + length);
        }
        at = start + length;
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_task_of_any_sizes_is_planned_or_refused(
        task in any::<Index>(),
        net in any::<Index>(),
        sizes in prop::collection::vec(number(), 8),
        side in prop::sample::select(SIDES.to_vec()),
        given in prop::collection::vec((any::<Index>(), number(), number()), 0..4),
    ) {
        let catalog = Catalog::builtin();
        let tasks = tasks(&catalog);
        let task = task.get(&tasks);
        let mut arguments: BTreeMap<&str, String> = BTreeMap::new();
        for (which, number, other) in &given {
            if task.params.is_empty() {
                break;
            }
            let param = which.get(&task.params);
            if let Some(value) = value(param, *number, *other) {
                arguments.insert(&param.name, value);
            }
        }
        let arguments: Vec<String> = arguments.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        let encoder = encoder(&net, &sizes);
        let mut text = format!("ssl 1\n\ndataset own = image_folder(\"p{side}\", size = {side}px)\n\n");
        let _ = write!(
            text,
            "pretext a = {}({}) {{\n  data = own.train\n  encoder = {encoder}\n  batch = {}\n  length = {} steps\n}}\n",
            task.name, arguments.join(", "), sizes[4].max(1), sizes[5]
        );
        planned(&text)?;
    }

    #[test]
    fn a_recipe_of_any_sizes_is_planned_or_refused(
        which in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), number()), 1..5),
    ) {
        let mut text = which.get(&RECIPES).clone();
        for (place, number) in &changes {
            let all = numbers(&text);
            let at = place.get(&all).clone();
            text.replace_range(at, &number.to_string());
        }
        planned(&text)?;
    }
}
