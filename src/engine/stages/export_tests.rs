//! `bert` as it lies on the disk after a short training, and in Hugging Face's hands.

use std::fs;
use std::process::Command;

use super::super::{Clock, RunOptions, run_plan};
use super::*;
use crate::catalog::Catalog;
use crate::data::{Philox, Pieces, Places};
use crate::engine::checkpoint::read;
use crate::engine::{Batch, Device, HostTensor, features};
use crate::graph::{Graph, Op, Var};
use crate::language::{Sources, check_into};
use crate::plan::export::{FileTensor, write_safetensors};
use crate::plan::{Plan, Purpose, Training, plan};

/// Pieces of a text.
const LENGTH: usize = 16;

/// Keeps every line that is said.
#[derive(Default)]
pub(super) struct Kept(Vec<String>);

impl Watch for Kept {
    fn begin(&mut self, _: &str, _: &str, _: u64, _: u64) {}
    fn step(&mut self, _: u64, _: f64, _: f64) {}
    fn advance(&mut self, _: u64) {}
    fn bytes(&mut self, _: &str, _: u64, _: u64) {}
    fn say(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
    fn end(&mut self, line: &str) {
        self.0.push(line.to_owned());
    }
}

impl Kept {
    /// The lines of Python that load an export.
    pub(super) fn lines(&self, stage: &str) -> String {
        let own = format!("{stage} · ");
        let anew = |line: &str| line.ends_with("runs anew");
        let lines = self.0.iter();
        let after = lines.skip_while(|line| !line.starts_with(&own) || anew(line));
        let after = after.skip(2);
        let lines = after.map_while(|line| line.strip_prefix("    "));
        lines.fold(String::new(), |text, line| text + line + "\n")
    }
}

/// A task with what its augment emits.
const BOTH: (&str, &str) = (
    "masked_tokens(next_sentence = on, guessed = 100%)",
    "(input, target) = (text, text) |> pair(pieces, 16) |> mask_tokens(15%)\n  emit input, target, next = label",
);
const WORDS: (&str, &str) = (
    "masked_tokens(guessed = 100%)",
    "(input, target) = text |> tokenize(pieces) |> crop_tokens(16) |> mask_tokens(15%)\n  emit input, target",
);
const ORDER: (&str, &str) = (
    "next_sentence()",
    "emit input = (text, text) |> pair(pieces, 16), next = label",
);

fn recipe((task, augment): (&str, &str), pool: &str, fit: &str) -> String {
    format!(
        "ssl 1

dataset news = documents(\"texts\")

fit pieces = {fit} {{ data = news.train }}

augment cut(text, label) {{
  {augment}
}}

pretext read = {task} {{
  data      = news.train
  valid     = news.test
  augment   = cut
  encoder   = bert(width = 32, depth = 2, heads = 4, pool = {pool})
  batch     = 8
  length    = 6 epochs
  optimizer = adamw(3e-3)
}}

export plain = safetensors(\"plain/model.safetensors\") {{ from = read }}

export whole = safetensors(\"whole/model.safetensors\", head = on) {{ from = read }}

run {{ seed = 5, device = flex }}
"
    )
}

/// Texts of two classes in words of many lengths.
fn texts() -> Vec<(&'static str, String)> {
    let words = [
        "Boats", "sail", "seaside", "á", "hills", "Stay", "farm", "gates", "on", "reefs", ",",
        "salt",
    ];
    let text = |index: u64| {
        let mut rng = Philox::new(3, &[index]);
        let own = (0..3 + rng.below(9)).map(|_| words[rng.below(12) as usize]);
        own.collect::<Vec<_>>().join(" ")
    };
    let class = |index: u64| ["land", "sea"][index as usize % 2];
    (0..40).map(|index| (class(index), text(index))).collect()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (at, (class, text)) in texts().into_iter().enumerate() {
        let split = if at < 32 { "train" } else { "test" };
        let class = folder.path().join("texts").join(split).join(class);
        fs::create_dir_all(&class).expect("a folder");
        fs::write(class.join(format!("{at}.txt")), text).expect("a file");
    }
    folder
}

pub(super) fn run(text: &str, folder: &Path) -> (Plan, Kept) {
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", text);
    let catalog = Catalog::builtin();
    let (recipe, said) = check_into(&mut sources, file, &catalog, &[]);
    let recipe = recipe.unwrap_or_else(|| panic!("{said:?}"));
    let places = Places::new(folder, Default::default(), true).expect("places");
    let (plan, said) = plan(&recipe, &catalog, &places, Purpose::Run);
    let plan = plan.unwrap_or_else(|| panic!("{said:?}"));
    let options = RunOptions {
        directory: folder.join("run"),
        recipe: "test.ssl".into(),
        clock: Clock::default(),
        beside: Vec::new(),
        pinned: Default::default(),
    };
    let mut kept = Kept::default();
    run_plan(&plan, &options, &mut kept).unwrap_or_else(|why| panic!("{}", why.message));
    (plan, kept)
}

fn json_of(path: &Path) -> Json {
    let bytes = fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Numbers of a tensor of an export.
fn tensor(path: &Path, name: &str) -> (Vec<usize>, Vec<f32>) {
    let bytes = fs::read(path).expect("a file");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let tensor = file
        .tensor(name)
        .unwrap_or_else(|why| panic!("{name}: {why}"));
    let (numbers, _) = tensor.data().as_chunks();
    let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
    (tensor.shape().to_vec(), numbers.collect())
}

#[test]
fn a_folder_holds_all_that_was_trained() {
    let folder = folder();
    let text = recipe(BOTH, "mean", "wordpiece(size = 60)");
    let (_, said) = run(&text, folder.path());
    let at = |name: &str| folder.path().join("run").join(name);
    let state = read(&at("stages/read/final.ckpt")).expect("weights").state;
    let whole = at("whole/model.safetensors");
    let trained = |name: &str| state.parameters[name].as_f32().expect("numbers").to_vec();

    let table = trained("encoder/embeddings/word_embeddings/weight");
    for name in [
        "bert.embeddings.word_embeddings.weight",
        "cls.predictions.decoder.weight",
    ] {
        assert!(
            tensor(&whole, name) == (vec![60, 32], table.clone()),
            "{name}"
        );
    }
    let plain = tensor(
        &at("plain/model.safetensors"),
        "embeddings.word_embeddings.weight",
    );
    assert!(plain.1 == table);
    // [in, out] here, [out, in] there
    for (own, theirs, [inside, out]) in [
        (
            "head/seq_relationship/weight",
            "cls.seq_relationship.weight",
            [32, 2],
        ),
        (
            "encoder/pooler/dense/weight",
            "bert.pooler.dense.weight",
            [32, 32],
        ),
        (
            "encoder/encoder/layer/1/intermediate/dense/weight",
            "bert.encoder.layer.1.intermediate.dense.weight",
            [32, 128],
        ),
    ] {
        let own = trained(own);
        let (shape, numbers) = tensor(&whole, theirs);
        assert_eq!(shape, [out, inside], "{theirs}");
        let turned = (0..out).flat_map(|o| (0..inside).map(move |i| i * out + o));
        assert!(numbers.into_iter().eq(turned.map(|i| own[i])), "{theirs}");
    }
    let bias = trained("head/bias");
    assert!(bias.iter().any(|x| *x != 0.0), "it was not trained");
    assert!(tensor(&whole, "cls.predictions.bias").1 == bias);

    let hash = fs::read_to_string(at("stages/read/hash")).expect("a hash");
    for (export, class) in [("plain", "BertModel"), ("whole", "BertForPreTraining")] {
        let config = json_of(&at(&format!("{export}/config.json")));
        assert_eq!(config["architectures"], json!([class]));
        assert_eq!(
            (&config["vocab_size"], &config["max_position_embeddings"]),
            (&json!(60), &json!(LENGTH))
        );
        assert_eq!(config["pretext"]["recipe_hash"], hash.trim());
        assert_eq!(config["pretext"]["task"], "masked_tokens");
        let cuts = fs::read(at(&format!("{export}/tokenizer.json"))).expect("a tokenizer");
        let learnt = fs::read(at("stages/pieces/tokenizer.json")).expect("a vocabulary");
        let [cuts, learnt] = [cuts, learnt].map(|bytes| Pieces::open(&bytes).expect("pieces"));
        assert_eq!(cuts.len(), learnt.len());
        for (_, text) in texts() {
            let [a, b] = [&cuts, &learnt].map(|pieces| pieces.encode(&text).expect("pieces"));
            assert_eq!(a, b);
        }
        let config = json_of(&at(&format!("{export}/tokenizer_config.json")));
        assert_eq!(config["do_lower_case"], true);
        assert_eq!(config["model_max_length"], LENGTH);
    }
    let line = said
        .0
        .iter()
        .find(|line| line.starts_with("whole · "))
        .expect("a line");
    assert!(
        line.ends_with("; beside it config.json, tokenizer.json and tokenizer_config.json"),
        "{line}"
    );
    assert!(
        said.lines("plain")
            .contains("model = BertModel.from_pretrained(")
    );

    // what an export wrote is written anew, what it did not write stays
    let own = fs::read(at("plain/tokenizer.json")).expect("a file");
    fs::write(at("whole/tokenizer.json"), "{\"model\": {}}").expect("a file");
    let (_, said) = run(
        &text
            .replace("6 epochs", "5 epochs")
            .replace("size = 60", "size = 59"),
        folder.path(),
    );
    assert_ne!(fs::read(at("plain/tokenizer.json")).expect("a file"), own);
    assert_eq!(
        fs::read(at("whole/tokenizer.json")).expect("a file"),
        b"{\"model\": {}}"
    );
    let line = said
        .0
        .iter()
        .find(|line| line.starts_with("whole · ") && !line.ends_with("runs anew"))
        .expect("a line");
    assert!(
        line.contains("; a tokenizer.json of another model lies beside it and stays"),
        "{line}"
    );
    // and the lines leave it alone
    let lines = said.lines("whole");
    assert!(
        lines.contains("BertForPreTraining.from_pretrained("),
        "{lines}"
    );
    assert!(!lines.contains("okenizer"), "{lines}");
}

#[test]
fn several_exports_in_one_folder_have_names_of_their_own() {
    let folder = folder();
    let text = recipe(WORDS, "cls", "wordpiece(size = 60)").replace("plain/model", "whole/plain");
    let (_, said) = run(&text, folder.path());
    for name in ["model", "plain"] {
        for end in [CONFIG, TOKENIZER, TOKENIZER_CONFIG] {
            let path = folder.path().join(format!("run/whole/{name}.{end}"));
            assert!(json_of(&path).is_object());
        }
    }
    assert!(!folder.path().join("run/whole/config.json").exists());
    let lines = said.lines("plain");
    assert!(lines.contains("whole/plain.tokenizer.json"), "{lines}");
    assert!(lines.contains("add_pooling_layer=False"), "{lines}");
}

/// Ids of texts or of pairs of them, padded, and which of the two each piece is of.
fn batch(pieces: &Pieces, texts: &[(String, Option<String>)]) -> [HostTensor; 2] {
    let (class, separator) = pieces.special().enclosing().expect("pieces of words");
    let (mut ids, mut kinds) = (Vec::new(), Vec::new());
    for (first, second) in texts {
        let before = ids.len();
        ids.push(i64::from(class));
        ids.extend(
            pieces
                .encode(first)
                .expect("pieces")
                .into_iter()
                .map(i64::from),
        );
        ids.push(i64::from(separator));
        kinds.resize(ids.len(), 0);
        if let Some(second) = second {
            ids.extend(
                pieces
                    .encode(second)
                    .expect("pieces")
                    .into_iter()
                    .map(i64::from),
            );
            ids.push(i64::from(separator));
            kinds.resize(ids.len(), 1);
        }
        assert!(ids.len() <= before + LENGTH, "{first}");
        ids.resize(before + LENGTH, 0);
        kinds.resize(before + LENGTH, 0);
    }
    let shape = [texts.len(), LENGTH];
    [ids, kinds].map(|values| HostTensor::int(values, &shape))
}

/// A graph's tensors as a training left them, by the names that they have there.
pub(super) fn model(graph: &Graph, trained: &BTreeMap<String, HostTensor>) -> crate::engine::Model {
    let mut model = crate::engine::Model::init(graph, 0, &Device::flex()).expect("a model");
    for parameter in &graph.parameters {
        let tensor = &trained[&parameter.name];
        model.set(&parameter.name, tensor).expect("a tensor");
    }
    model
}

pub(super) fn training(plan: &Plan) -> &Training {
    let found = plan.stages.iter().find_map(|stage| match &stage.body {
        Body::Train(training) => Some(training),
        _ => None,
    });
    found.expect("a training")
}

pub(super) fn file(name: &str, tensor: &HostTensor) -> FileTensor {
    let (dtype, bytes) = match tensor {
        HostTensor::F32 { data, .. } => {
            let bytes = data.iter().flat_map(|x| x.to_le_bytes());
            (safetensors::Dtype::F32, bytes.collect())
        }
        HostTensor::Int { data, .. } => {
            let bytes = data.iter().flat_map(|x| x.to_le_bytes());
            (safetensors::Dtype::I64, bytes.collect())
        }
    };
    FileTensor {
        name: name.to_owned(),
        dtype,
        shape: tensor.shape().to_vec(),
        bytes,
    }
}

/// Trains, computes from the checkpoint what encoder and heads give for some texts, and lets `tests/peers/load_bert.py` load both
/// exports and compare. Skips with a message where Python or a package is missing; `PRETEXT_PYTHON` names the interpreter.
fn loads(task: (&str, &str), pool: &str, fit: &str) {
    let folder = folder();
    let (plan, said) = run(&recipe(task, pool, fit), folder.path());
    let at = |name: &str| folder.path().join("run").join(name);
    let state = read(&at("stages/read/final.ckpt")).expect("weights").state;
    let vocabulary = fs::read(at("stages/pieces/tokenizer.json")).expect("a vocabulary");
    let pieces = Pieces::open(&vocabulary).expect("pieces");
    let pairs = task != WORDS;
    let short = |text: &&str| pieces.encode(text).is_ok_and(|ids| ids.len() <= 6);
    let some = [
        "sail on",
        "Boats stay",
        "á farm, hills",
        "gates",
        "Zebra on salt",
    ];
    let some: Vec<&str> = some.into_iter().filter(short).collect();
    assert!(some.len() > 2, "{some:?}");
    let of_one: Vec<_> = some.iter().map(|text| ((*text).to_owned(), None)).collect();
    let others = some.iter().skip(1).chain(&some);
    let of_two = some.iter().zip(others);
    let of_two = of_two.map(|(a, b)| ((*a).to_owned(), pairs.then(|| (*b).to_owned())));
    let of_two: Vec<(String, Option<String>)> = of_two.collect();

    // what evaluators read of a text
    let found = plan.stages.iter().find_map(|stage| match &stage.body {
        Body::Export(export) => Some(export),
        _ => None,
    });
    let export = found.expect("an export");
    let [ids, _] = batch(&pieces, &of_one);
    let one = Batch::from([
        ("image".to_owned(), ids.clone()),
        (
            "image/length".to_owned(),
            HostTensor::int(vec![0; of_one.len()], &[of_one.len()]),
        ),
    ]);
    let own = model(&export.graph, &state.parameters);
    let feature = features(&export.graph, &own, &one, &[export.output]).expect("features");
    // what the losses stand on, each piece guessed
    let graph = &training(&plan).valid.as_ref().expect("a validation").graph;
    let own = model(graph, &state.parameters);
    let [pair_ids, kinds] = batch(&pieces, &of_two);
    let count = of_two.len();
    let two = Batch::from([
        ("input".to_owned(), pair_ids.clone()),
        ("input/kinds".to_owned(), kinds.clone()),
        (
            "target".to_owned(),
            HostTensor::int(vec![7; count * LENGTH], &[count, LENGTH]),
        ),
        ("next".to_owned(), HostTensor::int(vec![0; count], &[count])),
    ]);
    let scores = graph.nodes.iter();
    let scores = scores.filter(|node| matches!(node.op, Op::LogSoftmax(_)));
    let scores: Vec<Var> = scores.map(|node| node.inputs[0]).collect();
    let last = graph
        .places
        .iter()
        .rfind(|place| place.name.ends_with("block2"));
    let mut wanted = vec![last.expect("a block").var];
    wanted.extend(&scores);
    let found = features(graph, &own, &two, &wanted).expect("scores");
    let names: &[&str] = match (task == BOTH, pairs) {
        (true, _) => &["hidden", "words", "order"],
        (_, true) => &["hidden", "order"],
        _ => &["hidden", "words"],
    };
    assert_eq!(found.len(), names.len());
    let mut all = vec![
        file("one.ids", &ids),
        file("features", &feature[0]),
        file("ids", &pair_ids),
        file("kinds", &kinds),
    ];
    all.extend(
        names
            .iter()
            .zip(&found)
            .map(|(name, tensor)| file(name, tensor)),
    );
    write_safetensors(&at("outputs"), &all, &BTreeMap::new()).expect("a file");
    fs::write(
        at("texts.json"),
        json!({"one": of_one, "two": of_two}).to_string(),
    )
    .expect("a file");

    let python = std::env::var("PRETEXT_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/load_bert.py");
    for export in ["plain", "whole"] {
        fs::write(at("lines.py"), said.lines(export)).expect("a file");
        let done = Command::new(&python)
            .arg(script)
            .args([at(export), at("lines.py"), at("texts.json"), at("outputs")])
            .output();
        let Ok(done) = done else {
            println!("skipped: no {python}");
            return;
        };
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        print!("{text}");
        if done.status.code() != Some(77) {
            let why = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{}\n{text}{why}", said.lines(export));
        }
    }
}

#[test]
#[ignore = "needs Python with torch, safetensors and transformers"]
fn transformers_loads_bert_after_each_of_its_tasks() {
    let exact = "wordpiece(size = 60, lowercase = off, strip_accents = off)";
    for (task, pool, fit) in [
        (BOTH, "mean", "wordpiece(size = 60)"),
        (WORDS, "cls", exact),
        (ORDER, "mean", "bpe(size = 320)"),
    ] {
        loads(task, pool, fit);
    }
}
