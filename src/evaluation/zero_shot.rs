//! Classes told by their names alone (Radford et al., 2021, section 3.1): which of the texts that name them is nearest to a picture.

use super::asked::aligned;
use super::evaluator::{About, Evaluator, Exhibit, Findings, Judged, Metric, TABLE, Tell, Want};
use super::features::normalize_rows;
use super::lab::{Failed, Lab, Read, Shown};
use super::metric::{ACCURACY, Measure};
use crate::catalog::{Args, Kind, Make, Param, Problem, Spec, Type, Value};
use crate::language::codes::Code;
use crate::tasks::{OF_IMAGE, OF_TEXT};

struct ZeroShot;

/// How often the class is among the five nearest.
const TOP_5: &str = "top_5";
/// Classes in the picture of the confusion, at most.
const DRAWN: usize = 32;
/// Records that ask at once.
const BLOCK: usize = 256;

/// What the task tells of pictures, and of names.
const PICTURES: &[Tell] = &[Tell::several(OF_IMAGE)];
const NAMES: &[Tell] = &[Tell::several(OF_TEXT)];

impl Evaluator for ZeroShot {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![
            Want::shown("data", PICTURES, "{}, pictures").labelled(),
            Want::written(NAMES, "{}, names"),
        ]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[(ACCURACY, Measure::FRACTION), (TOP_5, Measure::FRACTION)]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let among = match args.word("among") {
            "present" => "classes of the records",
            _ => "all classes",
        };
        let About { records, view, .. } = about;
        match texts(args, "templates").as_slice() {
            [one] => format!("{records} pictures, {among}, by {one:?}, {view}"),
            many => format!(
                "{records} pictures, {among}, by {} templates, {view}",
                many.len()
            ),
        }
    }

    fn writes(&self, args: &Args, classes: &[String]) -> Result<Vec<String>, Problem> {
        let own = texts(args, "classes");
        let named = match own.is_empty() {
            true => classes.to_vec(),
            false => own,
        };
        if named.is_empty() {
            let message = "the classes of these records have no names";
            return Err(Problem::new(Code::MissingField, message)
                .help("name them, in the order of their numbers: `classes = [\"cat\", \"dog\"]`"));
        }
        if !classes.is_empty() && classes.len() != named.len() {
            let message = format!(
                "there are {} classes, and {} names",
                classes.len(),
                named.len()
            );
            return Err(Problem::argument(Code::Classes, "classes", message)
                .help("name all of them, in the order of their numbers"));
        }
        let templates = texts(args, "templates");
        if templates.is_empty() {
            let message = "no text is there to name a class by";
            return Err(Problem::argument(Code::OutOfRange, "templates", message)
                .help("write one at least: `templates = [\"a picture of a {}\"]`"));
        }
        if let Some(without) = templates.iter().find(|template| !template.contains("{}")) {
            let message = format!("{without:?} has no place for the name of a class");
            return Err(Problem::argument(Code::OutOfRange, "templates", message)
                .help("write `{}` where the name is to stand: `\"a picture of a {}\"`"));
        }
        let of_class = |name: &String| {
            let name = name.replace('_', " ");
            let written = templates.iter().map(move |text| text.replace("{}", &name));
            written.collect::<Vec<String>>()
        };
        Ok(named.iter().flat_map(of_class).collect())
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter();
        let (Some(Read::Shown(shown)), Some(Read::Shown(prompts))) = (read.next(), read.next())
        else {
            return Err(Failed);
        };
        let templates = texts(judged.args, "templates").len().max(1);
        let classes = prompts.rows.records / templates;
        let width = prompts.rows.dims[0];
        let labels = &shown.rows.labels;
        if labels.len() != shown.rows.records || shown.rows.dims[0] != width {
            return Err(Failed);
        }
        let Some(names) = ensembles(&prompts, templates, classes) else {
            return Ok(Findings {
                metrics: [ACCURACY, TOP_5]
                    .map(|name| Metric::new("", (name, Measure::FRACTION), f64::NAN))
                    .to_vec(),
                exhibits: Vec::new(),
            });
        };
        let mut counts = Counts::new(classes);
        let mut open = vec![judged.args.word("among") == "all"; classes];
        labels.iter().for_each(|label| {
            if let Some(open) = open.get_mut(*label as usize) {
                *open = true;
            }
        });
        let mut rows = lab.rows(names, width)?;
        let pictures = shown.rows.places[0].chunks(BLOCK * width);
        for (pictures, labels) in pictures.zip(labels.chunks(BLOCK)) {
            let scores = rows.products(pictures)?; // [pictures, classes]
            for (scores, label) in scores.chunks(classes).zip(labels) {
                counts.add(scores, *label as usize, &open);
            }
        }
        let called = match texts(judged.args, "classes") {
            own if own.is_empty() => shown.classes.clone(),
            own => own,
        };
        let chance = 1.0 / open.iter().filter(|open| **open).count().max(1) as f64;
        Ok(Findings {
            metrics: vec![
                Metric::new("", (ACCURACY, Measure::FRACTION), counts.part(counts.right)),
                Metric::new("", (TOP_5, Measure::FRACTION), counts.part(counts.near)),
            ],
            exhibits: vec![
                Exhibit::Text(counts.table(&called, chance)),
                counts.confusion(&called),
            ],
        })
    }

    fn files(&self) -> &'static [&'static str] {
        &[TABLE]
    }
}

/// The texts of a parameter that is a list of them.
fn texts(args: &Args, name: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    };
    match args.values.get(name).map(|argument| &argument.value) {
        Some(Value::List(values)) => values.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// One direction for each class: of the mean of those of its texts, which are of length 1. `None`: something in it is no number.
fn ensembles(prompts: &Shown, templates: usize, classes: usize) -> Option<Vec<f32>> {
    let rows = &prompts.rows;
    if !rows.is_finite(0) {
        return None;
    }
    let (width, mut all) = (rows.dims[0], rows.places[0].clone());
    normalize_rows(&mut all, width);
    let mut names = vec![0.0; classes * width];
    for (text, row) in all.chunks(width).enumerate() {
        let class = text / templates;
        let own = &mut names[class * width..(class + 1) * width];
        own.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    normalize_rows(&mut names, width);
    Some(names)
}

/// Which classes are taken for which.
struct Counts {
    classes: usize,
    /// `[true, told]`
    told: Vec<u32>,
    right: usize,
    near: usize,
    all: usize,
}

impl Counts {
    fn new(classes: usize) -> Self {
        Self {
            classes,
            told: vec![0; classes * classes],
            right: 0,
            near: 0,
            all: 0,
        }
    }

    /// A picture of this class, with its score for each; only those that are `open` are told. Of equal ones the others come first.
    fn add(&mut self, scores: &[f32], label: usize, open: &[bool]) {
        self.all += 1;
        let Some(own) = scores.get(label).filter(|x| x.is_finite()) else {
            return;
        };
        let others = (0..self.classes).filter(|class| open[*class] && *class != label);
        let before = others
            .clone()
            .filter(|class| scores[*class] >= *own)
            .count();
        self.right += usize::from(before == 0);
        self.near += usize::from(before < 5);
        let best = others.max_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let told = best.filter(|_| before > 0).unwrap_or(label);
        self.told[label * self.classes + told] += 1;
    }

    fn part(&self, n: usize) -> f64 {
        n as f64 / self.all as f64
    }

    /// Pictures of a class, how many of them are told, and what it is most often taken for.
    fn of(&self, class: usize) -> (u32, u32, Option<(usize, u32)>) {
        let row = &self.told[class * self.classes..(class + 1) * self.classes];
        let others = row.iter().copied().enumerate();
        let others = others.filter(|(other, n)| *other != class && *n > 0);
        // of equal ones the first
        let most = others.max_by_key(|(other, n)| (*n, std::cmp::Reverse(*other)));
        (row.iter().sum(), row[class], most)
    }

    /// A line for each class that some picture is of, those that are told least first.
    fn table(&self, names: &[String], chance: f64) -> String {
        let name = |class: usize| match names.get(class) {
            Some(name) => name.clone(),
            None => class.to_string(),
        };
        let mut classes: Vec<usize> = (0..self.classes).filter(|c| self.of(*c).0 > 0).collect();
        let part = |class: &usize| {
            let (all, right, _) = self.of(*class);
            f64::from(right) / f64::from(all)
        };
        classes.sort_by(|a, b| part(a).total_cmp(&part(b)).then(a.cmp(b)));
        let header = ["class", "pictures", "told", "most often taken for"];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        for class in &classes {
            let (all, _, most) = self.of(*class);
            rows.push(vec![
                name(*class),
                all.to_string(),
                format!("{:.1}%", 100.0 * part(class)),
                most.map_or_else(String::new, |(other, n)| format!("{} ({n})", name(other))),
            ]);
        }
        let told = 100.0 * self.part(self.right);
        let chance = 100.0 * chance;
        format!(
            "{told:.1}% of {} pictures told, chance {chance:.2}%\n\n",
            self.all
        ) + &aligned(&rows)
    }

    /// Of the classes that are confused most, in their order.
    fn confusion(&self, names: &[String]) -> Exhibit {
        let mut classes: Vec<usize> = (0..self.classes).filter(|c| self.of(*c).0 > 0).collect();
        let wrong = |class: &usize| {
            let (all, right, _) = self.of(*class);
            std::cmp::Reverse(all - right)
        };
        classes.sort_by_key(wrong);
        classes.truncate(DRAWN);
        classes.sort_unstable();
        let row = |class: &usize| {
            let told = classes
                .iter()
                .map(|other| self.told[class * self.classes + other]);
            told.collect::<Vec<u32>>()
        };
        Exhibit::Confusion {
            counts: classes.iter().flat_map(row).collect(),
            classes: classes
                .iter()
                .map(|class| {
                    names
                        .get(*class)
                        .cloned()
                        .unwrap_or_else(|| class.to_string())
                })
                .collect(),
        }
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "zero_shot",
        Kind::Evaluator,
        "Which class's name is nearest to a picture, with no picture of a class shown before",
        Make::evaluator(ZeroShot),
    )
    .without(&["test", "supervised", "beside"])
    .param(Param::optional(
        "classes",
        Type::List(Box::new(Type::Text)),
        "Names of the classes, in the order of their numbers; those that the data has where it is absent. `_` is read as a space.",
    ))
    .param(Param::with_default(
        "templates",
        Type::List(Box::new(Type::Text)),
        "[\"a picture of a {}\"]",
        "Texts around a name, which stands for `{}`. Of several the mean direction stands for the class.",
    ))
    .param(Param::with_default(
        "among",
        Type::Choice(&["all", "present"]),
        "all",
        "Which classes may be told: `all`, or those that some record of `data` is `present` of, as where others were trained on.",
    ))
    .paper(
        "Radford et al., 2021",
        "Learning Transferable Visual Models From Natural Language Supervision",
        "arXiv:2103.00020",
    )
    .doc(
        "The stage is one of `clip` or `siglip`, or of a task of one's own that names `image_features` and `text_features`, `[B, d]` of length 1, as \
         places. Records need a picture and a class; pictures are resized, cut from the centre and normalised, names are cut into the pieces of the \
         stage's vocabulary, and nothing is trained. `accuracy` is how often the right name is nearest, `top_5` how often it is among the five nearest. \
         A name that is as near as the right one counts as nearer.\n\n`results/STAGE.txt` has a line for each class, and chance; the report draws \
         which of the 32 classes with the most mistakes is taken for which. Of classes that no picture was trained on, as `hold_out` leaves them with \
         `group`, `among = present` tells those alone.",
    )
    .example(
        "ssl 1\n\ndataset drawn = image_text(\"captions.csv\", label = \"kind\") |> hold_out(10%, seed = 0)\n\n\
         fit pieces = bpe(size = 1000) { data = drawn.train }\n\n\
         pretext pairs = clip(vocabulary = pieces) {\n  data          = drawn.train\n  image_encoder = small_cnn()\n}\n\n\
         evaluate named = zero_shot(templates = [\"a picture of a {}\", \"{}\"]) {\n  from = pairs\n  data = drawn.valid\n}\n",
    )
}

#[cfg(test)]
#[path = "zero_shot_tests.rs"]
mod tests;
