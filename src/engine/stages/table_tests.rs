//! Every row of an encoder's table is read, with its word, before and after it is trained.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::{Clock, RunOptions, Silent, run_plan};
use super::*;
use crate::catalog::{Args, Catalog, Kind, Make, Param, Spec, Type};
use crate::data::{DataError, Places, SampleType};
use crate::engine::checkpoint::Opened;
use crate::evaluation::{
    About, Evaluator, Failed, Findings, Judged, Lab, Measure, Metric, Read, Want,
};
use crate::files::Folder;
use crate::graph::{Graph, Module};
use crate::language::{Diagnostic, Severity, Sources, check_into};
use crate::plan::{Plan, Purpose, plan};
use crate::report::ResultRow;

/// More than are read at once.
const DECLARED: usize = ROWS + 5;

/// Keeps every table that it is given. What it asks is a file that begins with `ask`.
struct Keeps(Arc<Mutex<Vec<Table>>>);

impl Evaluator for Keeps {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::table("{} rows")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[("rows", Measure::COUNT)]
    }

    fn asks(&self) -> Option<&'static str> {
        Some("file")
    }

    fn accepts(&self, file: &[u8]) -> Result<(), DataError> {
        match file.starts_with(b"ask") {
            true => Ok(()),
            false => Err(DataError::new("line 1: it does not ask")),
        }
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        about.view.to_owned()
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        _: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        assert!(judged.file.starts_with(b"ask"));
        let [Read::Table(table)] = &read[..] else {
            return Err(Failed);
        };
        self.0.lock().map_err(|_| Failed)?.push(table.clone());
        let metric = |place: &str, value| Metric {
            place: place.into(),
            name: "rows",
            value,
            measure: Measure::COUNT,
        };
        let rows = table.words.iter().flatten().count() as f64;
        Ok(Findings {
            metrics: vec![metric("", rows), metric("a part", rows + 1.0)],
            exhibits: Vec::new(),
        })
    }
}

/// A catalog with that evaluator, and a task that makes vectors short.
fn catalog(kept: &Arc<Mutex<Vec<Table>>>) -> Catalog {
    let mut catalog = Catalog::builtin();
    let make = Make::evaluator(Keeps(kept.clone()));
    catalog.register(
        Spec::new("kept", Kind::Evaluator, "Keeps tables.", make)
            .without(&["data", "test", "on_bad_sample"])
            .param(Param::required("file", Type::Text, "What is asked."))
            .param(Param::with_default(
                "every",
                Type::Duration,
                "1 epoch",
                "How often.",
            )),
    );
    let build = |g: &mut Graph, task: &Args| {
        let x = g.input("words")?;
        let z = g.call(&Module::new("encoder", task.net("encoder")), x)?;
        let z = g.mul(z, z)?;
        let loss = g.mean_all(z)?;
        g.objective("loss", loss);
        Ok(())
    };
    let make = Make::task(build, |_, _| None);
    catalog.register(
        Spec::new("short", Kind::Task, "Short vectors.", make).input(
            "words",
            SampleType::TOKENS,
            "A text.",
        ),
    );
    catalog
}

fn recipe(encoder: &str, more: &str) -> String {
    format!(
        "ssl 1

dataset news = documents(\"texts\")

fit pieces = wordpiece(size = {DECLARED}) {{ data = news.train }}

augment cut(text) {{
  emit words = text |> tokenize(pieces) |> crop_tokens(6)
}}

pretext read = short() {{
  data      = news.train
  augment   = cut
  encoder   = {encoder}
  batch     = 4
  length    = 2 epochs
  optimizer = sgd(0.5)
  {more}
}}

evaluate judged = kept(\"asked.txt\") {{ from = read }}

run {{ seed = 5, device = flex }}
"
    )
}

/// Texts, and what is asked of them.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for class in ["sea", "land"] {
        let class = folder.path().join("texts/train").join(class);
        fs::create_dir_all(&class).expect("a folder");
        for n in 0..6 {
            fs::write(class.join(format!("{n}.txt")), "boats sail and hills stay").expect("a file");
        }
    }
    fs::write(folder.path().join("asked.txt"), "ask").expect("a file");
    folder
}

fn planned(text: &str, catalog: &Catalog, folder: &Path) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", text);
    let (recipe, said) = check_into(&mut sources, file, catalog, &[]);
    let recipe = recipe.unwrap_or_else(|| panic!("{said:?}"));
    let places = Places::new(folder, Default::default(), true).expect("places");
    plan(&recipe, catalog, &places, Purpose::Run)
}

fn run(text: &str, catalog: &Catalog, folder: &Path) -> Vec<ResultRow> {
    let (plan, said) = planned(text, catalog, folder);
    let plan = plan.unwrap_or_else(|| panic!("{said:?}"));
    let options = RunOptions {
        directory: folder.join("run"),
        recipe: "test.ssl".into(),
        clock: Clock::default(),
        beside: Vec::new(),
        pinned: Default::default(),
    };
    let ran = run_plan(&plan, &options, &mut Silent);
    ran.unwrap_or_else(|why| panic!("{}", why.message)).rows
}

#[test]
fn every_row_is_read_with_its_word() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (catalog, folder) = (catalog(&kept), folder());
    let monitor = "monitor = kept(\"asked.txt\", every = 1 epoch)";
    let rows = run(
        &recipe("word_vectors(dim = 3)", monitor),
        &catalog,
        folder.path(),
    );
    let tables = kept.lock().expect("tables");
    // two readings while it trains, then trained and untrained: there is none without an encoder
    let [early, late, trained, untrained] = &tables[..] else {
        panic!("{}", tables.len())
    };
    assert_eq!((trained.dim, trained.rows.len()), (3, 3 * DECLARED));
    let words = &trained.words;
    assert_eq!(words.len(), DECLARED);
    assert_eq!(words[..5], [const { None }; 5], "what stands for no word");
    let file = fs::read(folder.path().join("run/stages/pieces/tokenizer.json")).expect("a file");
    let file: serde_json::Value = serde_json::from_slice(&file).expect("a vocabulary");
    let known = file["model"]["vocab"].as_object().expect("a vocabulary");
    for (word, id) in known {
        let own = words[id.as_u64().expect("an id") as usize].as_deref();
        assert!(
            own == Some(word) || (word.starts_with('[') && own.is_none()),
            "{word}"
        );
    }
    assert_eq!(words.iter().flatten().count(), known.len() - 5);

    let stage = Folder::open(&folder.path().join("run/stages/read")).expect("a folder");
    let state = Opened::new(&stage, "final.ckpt")
        .expect("weights")
        .read()
        .expect("weights")
        .state;
    let weights = state.parameters["encoder/vectors"]
        .as_f32()
        .expect("numbers");
    assert!(trained.rows == weights);
    assert!(late.rows == weights && early.rows != weights);
    assert!(untrained.rows.iter().all(|x| x.abs() <= 0.5 / 3.0));
    // what occurs is made shorter; what does not stays as it was
    let length = |table: &Table, id: u64| {
        let row = &table.rows[3 * id as usize..][..3];
        row.iter().map(|x| x * x).sum::<f32>()
    };
    let boats = known["boats"].as_u64().expect("an id");
    assert!(length(trained, boats) < length(untrained, boats));
    let last = DECLARED as u64 - 1;
    assert_eq!(length(trained, last), length(untrained, last));

    let count = (known.len() - 5) as f64;
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[0].value, rows[0].untrained, rows[0].raw),
        (count, Some(count), None)
    );
    assert_eq!(rows[0].protocol, "rows of `pieces`");
    // a monitor reads the whole, not its last part
    let lines = fs::read_to_string(folder.path().join("run/stages/read/metrics.jsonl"));
    let lines = lines.expect("metrics");
    assert!(
        lines.contains(&format!("\"monitor.kept\":{count}")),
        "{lines}"
    );
}

#[test]
fn pieces_of_bert_are_rows_of_its_embeddings() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (catalog, folder) = (catalog(&kept), folder());
    let bert = "bert(width = 4, depth = 1, heads = 1, dropout = 0%)";
    run(&recipe(bert, ""), &catalog, folder.path());
    let stage = Folder::open(&folder.path().join("run/stages/read")).expect("a folder");
    let state = Opened::new(&stage, "final.ckpt")
        .expect("weights")
        .read()
        .expect("weights")
        .state;
    let name = "encoder/embeddings/word_embeddings/weight";
    let weights = state.parameters[name].as_f32().expect("numbers");
    assert!(kept.lock().expect("tables")[0].rows == weights);
}

#[test]
fn words_are_exported_with_their_vectors() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (catalog, folder) = (catalog(&kept), folder());
    let text = recipe("word_vectors(dim = 3)", "")
        + "
export text = word2vec(\"given/words.txt\") { from = read }
export bytes = word2vec(\"given/words.bin\") { from = read }
";
    run(&text, &catalog, folder.path());
    let table = kept.lock().expect("tables").remove(0);
    let file = fs::read_to_string(folder.path().join("run/given/words.txt")).expect("a file");
    let count = table.words.iter().flatten().count();
    assert_eq!(file.lines().next(), Some(format!("{count} 3").as_str()));
    let mut lines = file.lines().skip(1);
    let mut bytes = format!("{count} 3\n").into_bytes();
    for (word, row) in table.words.iter().zip(table.rows.chunks(3)) {
        let Some(word) = word else { continue };
        let mut fields = lines.next().expect("a line").split(' ');
        assert_eq!(fields.next(), Some(word.as_str()));
        let numbers: Vec<f32> = fields.map(|x| x.parse().expect("a number")).collect();
        assert_eq!(numbers, row);
        bytes.extend(format!("{word} ").bytes());
        bytes.extend(row.iter().flat_map(|x| x.to_le_bytes()));
        bytes.push(b'\n');
    }
    assert_eq!(lines.next(), None);
    assert!(fs::read(folder.path().join("run/given/words.bin")).expect("a file") == bytes);
    assert!(!folder.path().join("run/given/config.json").exists());
    // written again over itself where the training is another one
    run(
        &text.replace("2 epochs", "1 epoch"),
        &catalog,
        folder.path(),
    );
    let again = fs::read(folder.path().join("run/given/words.bin")).expect("a file");
    assert!(again != bytes && again.len() == bytes.len());
}

#[test]
fn what_is_asked_decides_what_a_stage_is() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (catalog, folder) = (catalog(&kept), folder());
    let text = recipe("word_vectors(dim = 3)", "");
    let identity = |text: &str| {
        let (plan, said) = planned(text, &catalog, folder.path());
        let plan = plan.unwrap_or_else(|| panic!("{said:?}"));
        let judged = plan.stages.iter().find(|stage| stage.name == "judged");
        judged.expect("a stage").identity.clone()
    };
    let before = identity(&text);
    fs::write(folder.path().join("other.txt"), "ask").expect("a file");
    assert_eq!(identity(&text.replace("asked.txt", "other.txt")), before);
    fs::write(folder.path().join("asked.txt"), "ask more").expect("a file");
    assert_ne!(identity(&text), before);
}

#[test]
fn what_can_not_be_read_is_told_before_anything_runs() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (catalog, folder) = (catalog(&kept), folder());
    fs::write(folder.path().join("wrong.txt"), "no").expect("a file");
    let said = |text: &str| {
        let (plan, said) = planned(text, &catalog, folder.path());
        assert!(plan.is_none());
        let mut errors = said
            .into_iter()
            .filter(|said| said.severity == Severity::Error);
        errors.next().expect("an error")
    };
    let sound = recipe("word_vectors(dim = 3)", "");
    let lost = said(&sound.replace("asked.txt", "lost.txt"));
    assert_eq!(lost.message, "lost.txt is not there");
    let wrong = said(&sound.replace("asked.txt", "wrong.txt"));
    assert_eq!(wrong.message, "wrong.txt: line 1: it does not ask");
    let pictures = "ssl 1

dataset figures = shapes(train = 20, valid = 10, test = 10)

pretext turns = rotation() { data = figures.train, encoder = small_cnn(width = 2), batch = 5 }

evaluate judged = kept(\"asked.txt\") { from = turns }
";
    let none = said(pictures);
    assert_eq!(none.message, "`small_cnn` has no table of words");
    let helps = format!("{none:?}");
    assert!(helps.contains("word_vectors(dim = 100)"), "{helps}");
}
