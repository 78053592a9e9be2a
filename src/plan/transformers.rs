//! `bert` as Hugging Face's `transformers` has it: names of tensors, `config.json`, the tokenizer, the lines of Python that load them.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::layout::Layout;
use crate::catalog::{Artifact, Call, Kind, Net, Problem, Result, Spec};
use crate::data::{Pieces, SPECIAL};
use crate::encoders::Bert;
use crate::graph::{Graph, TorchSource, TorchTensor};
use crate::language::codes::Code;

/// The names of the files that make a folder one for `from_pretrained`.
pub const WEIGHTS: &str = "model.safetensors";
/// What the model is.
pub const CONFIG: &str = "config.json";
/// How texts are cut.
pub const TOKENIZER: &str = "tokenizer.json";
/// What the tokenizer is.
pub const TOKENIZER_CONFIG: &str = "tokenizer_config.json";

/// A layer and a tanh on the first piece.
const POOLER: [&str; 2] = ["pooler.dense.weight", "pooler.dense.bias"];
/// Tensors of the head that guesses words, here and there.
const WORDS: [(&str, &str); 5] = [
    ("dense.weight", "cls.predictions.transform.dense.weight"),
    ("dense.bias", "cls.predictions.transform.dense.bias"),
    ("norm.weight", "cls.predictions.transform.LayerNorm.weight"),
    ("norm.bias", "cls.predictions.transform.LayerNorm.bias"),
    ("bias", "cls.predictions.bias"),
];
/// Tensors of the head that tells whether one text follows another.
const ORDER: [(&str, &str); 2] = [
    ("seq_relationship.weight", "cls.seq_relationship.weight"),
    ("seq_relationship.bias", "cls.seq_relationship.bias"),
];
/// The table of pieces.
const TABLE: &str = "embeddings.word_embeddings.weight";

/// A model of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The encoder alone.
    Encoder,
    /// With the head that guesses words.
    Words,
    /// With the head that tells whether one text follows another.
    Order,
    /// With both.
    Both,
}

impl Class {
    /// As the library calls it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Encoder => "BertModel",
            Class::Words => "BertForMaskedLM",
            Class::Order => "BertForNextSentencePrediction",
            Class::Both => "BertForPreTraining",
        }
    }
}

/// A training that an encoder comes from.
#[derive(Clone, Copy)]
pub struct Trained<'t> {
    /// Its graph.
    pub graph: &'t Graph,
    /// Its task.
    pub task: &'t Spec,
    /// What the encoder is called in that graph.
    pub module: &'t str,
}

/// What is written for the library.
#[derive(Clone, Debug)]
pub struct Transformers {
    /// The model.
    pub class: Class,
    /// Its tensors, as `load_state_dict(strict=True)` expects them. Their numbers are those of the export's graph, or of the training
    /// graph: see [`Self::of_training`].
    pub tensors: Vec<TorchTensor>,
    /// Names in the training graph of what the export's graph has not.
    pub of_training: Vec<String>,
    /// Whether the pooler was trained.
    pub pooler: bool,
    bert: Bert,
    /// Rows of the tables of pieces and of positions.
    pieces: usize,
    positions: usize,
    words: Option<Artifact>,
}

/// What the library has of a net whose tensors are `tensors`: `None` where it has nothing of it. `head`: with the head that was
/// trained; `words`: the vocabulary.
///
/// # Errors
/// The library has no model with the head.
pub fn of(
    net: &Net,
    mut tensors: Vec<TorchTensor>,
    trained: Option<Trained<'_>>,
    head: bool,
    words: Option<&Artifact>,
) -> Result<Option<Transformers>> {
    let Some(call) = bert_of(net) else {
        return match head {
            true => Err(of_no_bert(net)),
            false => Ok(None),
        };
    };
    let rows = |name: &str| {
        let table = tensors.iter().find(|tensor| tensor.name == name);
        table.map_or(0, |table| table.shape[0])
    };
    let (bert, pieces) = (Bert::of(&call.args), rows(TABLE));
    let positions = rows("embeddings.position_embeddings.weight");
    let of_encoder = trained.map(|trained| trained.graph.torch_tensors(trained.module));
    let pooler = chosen(
        of_encoder.as_deref().unwrap_or_default(),
        POOLER.map(|name| (name, name)),
        [vec![bert.width, bert.width], vec![bert.width]],
    );
    let mut class = Class::Encoder;
    let mut heads = Vec::new();
    if let Some(trained) = trained.filter(|_| head) {
        (class, heads) = heads_of(trained, bert.width, pieces, pooler.is_some())?;
    }
    // a model that only guesses words has no place for it
    let mut pooler = pooler.filter(|_| class != Class::Words).unwrap_or_default();
    if class != Class::Encoder {
        let inside = tensors.iter_mut().chain(&mut pooler);
        inside.for_each(|tensor| tensor.name.insert_str(0, "bert."));
    }
    let beside = pooler.iter().chain(&heads);
    let of_training = beside.filter_map(name_of).map(str::to_owned).collect();
    let with_pooler = !pooler.is_empty();
    if let Class::Words | Class::Both = class {
        // the library ties both to these, and lists them all the same
        let ties = [
            ("cls.predictions.decoder.weight", format!("bert.{TABLE}")),
            (
                "cls.predictions.decoder.bias",
                "cls.predictions.bias".to_owned(),
            ),
        ];
        for (name, like) in ties {
            let mut all = tensors.iter().chain(&heads);
            let tied = all.find(|tensor| tensor.name == like).cloned();
            let name = name.to_owned();
            heads.extend(tied.map(|tied| TorchTensor { name, ..tied }));
        }
    }
    tensors.extend(pooler);
    tensors.extend(heads);
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Some(Transformers {
        class,
        tensors,
        of_training,
        pooler: with_pooler,
        bert,
        pieces,
        positions,
        words: words.cloned(),
    }))
}

/// The call of a net that is `bert` and nothing else.
fn bert_of(net: &Net) -> Option<&Call> {
    let [only] = net.steps.as_slice() else {
        return None;
    };
    let spec = &only.call.spec;
    let built_in = spec.kind == Kind::Encoder && spec.provider.is_none();
    (built_in && spec.name == "bert").then_some(&only.call)
}

/// The name in its graph of what a tensor holds.
fn name_of(tensor: &TorchTensor) -> Option<&str> {
    match &tensor.source {
        TorchSource::Same(name) | TorchSource::Transposed(name) => Some(name),
        TorchSource::Batches => None,
    }
}

/// Tensors of these names and shapes under their names in the library; `None` where one is missing.
fn chosen<const N: usize>(
    tensors: &[TorchTensor],
    names: [(&str, &str); N],
    shapes: [Vec<usize>; N],
) -> Option<Vec<TorchTensor>> {
    let named = names.into_iter().zip(shapes);
    let found = named.map(|((own, theirs), shape)| {
        let mut tensors = tensors.iter();
        let found = tensors.find(|tensor| tensor.name == own && tensor.shape == shape)?;
        Some(TorchTensor {
            name: theirs.to_owned(),
            ..found.clone()
        })
    });
    found.collect()
}

/// The heads of a task that the library has on an encoder of features `width`.
fn heads_of(
    trained: Trained<'_>,
    width: usize,
    pieces: usize,
    pooler: bool,
) -> Result<(Class, Vec<TorchTensor>)> {
    let Trained {
        graph,
        task,
        module,
    } = trained;
    if module != crate::evaluation::ENCODER {
        let message = "the head stands on the encoder that was trained, not on this part";
        return Err(Problem::argument(Code::UnknownPart, "head", message)
            .help("start from the stage itself, or leave `head` out"));
    }
    let own = match task.provider {
        // what somebody else's head computes is not known by its names
        Some(_) => Vec::new(),
        None => graph.torch_tensors("head"),
    };
    let (square, row) = (vec![width, width], vec![width]);
    let of_words = [square, row.clone(), row.clone(), row, vec![pieces]];
    let words = chosen(&own, WORDS, of_words);
    let order = chosen(&own, ORDER, [vec![2, width], vec![2]]).filter(|_| pooler);
    let class = match (&words, &order) {
        (Some(_), Some(_)) => Class::Both,
        (Some(_), None) => Class::Words,
        (None, Some(_)) => Class::Order,
        (None, None) => {
            let message = format!(
                "transformers has no `bert` with the head of `{}`",
                task.name
            );
            return Err(Problem::argument(Code::UnknownPart, "head", message)
                .note("It has those with the heads of `masked_tokens` and of `next_sentence`.")
                .help("leave `head` out: the encoder is written alone"));
        }
    };
    let both = words.into_iter().chain(order).flatten();
    Ok((class, both.collect()))
}

/// What stands before the names of an encoder's tensors in a file of the library; `None`: the file, or the net, is no `bert`.
pub fn prefix(net: &Net, has: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    bert_of(net)?;
    let mut prefixes = ["", "bert."].into_iter();
    prefixes.find(|prefix| has(&format!("{prefix}{TABLE}")))
}

/// What is read back of a file with this prefix: the encoder whose tensors are `own`, and of its `heads` those that the file has.
pub fn layout(
    prefix: &str,
    own: Vec<TorchTensor>,
    heads: Vec<TorchTensor>,
    has: &dyn Fn(&str) -> bool,
) -> Layout {
    let encoder = own.into_iter().map(|tensor| TorchTensor {
        name: format!("{prefix}{}", tensor.name),
        ..tensor
    });
    // a model that only guesses words has none, and it begins fresh
    let of_pooler = |name: &str| POOLER.iter().any(|own| name.ends_with(own));
    let encoder = encoder.filter(|tensor| has(&tensor.name) || !of_pooler(&tensor.name));
    let known = || WORDS.iter().chain(&ORDER);
    let heads = heads.into_iter().filter_map(|tensor| {
        let (_, name) = known().find(|(own, _)| *own == tensor.name)?;
        has(name).then(|| TorchTensor {
            name: (*name).to_owned(),
            ..tensor
        })
    });
    Layout {
        wanted: encoder.chain(heads).collect(),
        zeros: Vec::new(),
        aside: |name| {
            let name = name.strip_prefix("bert.").unwrap_or(name);
            let parts = ["cls.", "pooler."];
            parts.iter().any(|part| name.starts_with(part)) || name == "embeddings.position_ids"
        },
    }
}

/// What is said where the head of another encoder is asked for.
fn of_no_bert(net: &Net) -> Problem {
    let first = net.steps.first().map(|step| &step.call.spec);
    let name = match first.filter(|spec| spec.kind == Kind::Encoder) {
        Some(spec) => format!("`{}`", spec.name),
        None => "an encoder of layers".to_owned(),
    };
    let message = format!("no library has a place for the head of {name}");
    Problem::argument(Code::UnknownPart, "head", message)
        .note("transformers has one for the heads of `bert`.")
        .help("leave `head` out: the encoder is written alone")
}

/// What lies beside the weights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The folder, where `from_pretrained` finds all that it takes in it.
    pub folder: Option<String>,
    /// The path of the tokenizer, where it was written.
    pub tokenizer: Option<String>,
}

impl Transformers {
    /// Bytes of all tensors.
    pub fn bytes(&self) -> u64 {
        let numbers = self.tensors.iter();
        let numbers = numbers.map(|tensor| tensor.shape.iter().product::<usize>() as u64);
        numbers.map(|count| count.saturating_mul(4)).sum()
    }

    /// The arguments of the library's `BertConfig`.
    fn sizes(&self) -> Map<String, Json> {
        let Bert {
            width,
            depth,
            heads,
            dropout,
            ..
        } = self.bert;
        let sizes = [
            ("vocab_size", json!(self.pieces)),
            ("hidden_size", json!(width)),
            ("num_hidden_layers", json!(depth)),
            ("num_attention_heads", json!(heads)),
            ("intermediate_size", json!(4 * width)),
            ("max_position_embeddings", json!(self.positions)),
            ("hidden_dropout_prob", json!(dropout)),
            // weights of the attention are not left out
            ("attention_probs_dropout_prob", json!(0.0)),
        ];
        let sizes = sizes.into_iter();
        sizes.map(|(name, size)| (name.to_owned(), size)).collect()
    }

    /// `config.json`; `about` is what the file of weights says about itself.
    pub fn config(&self, about: &BTreeMap<String, String>) -> Json {
        let mut config = Map::new();
        config.insert("architectures".into(), json!([self.class.name()]));
        config.insert("model_type".into(), json!("bert"));
        config.extend(self.sizes());
        let always = json!({
            "hidden_act": "gelu",
            "initializer_range": 0.02,
            "layer_norm_eps": 1e-12,
            "pad_token_id": 0,
            "tie_word_embeddings": true,
            "type_vocab_size": 2,
        });
        config.extend(always.as_object().cloned().unwrap_or_default());
        let own = about.iter().filter(|(key, _)| *key != "format");
        let own: Map<String, Json> = own.map(|(k, v)| (k.clone(), json!(v))).collect();
        config.insert("pretext".into(), Json::Object(own));
        Json::Object(config)
    }

    /// [`tokenizer_of`] its vocabulary.
    pub fn tokenizer(&self, mark: &Json) -> Option<(Vec<u8>, Json)> {
        tokenizer_of(self.words.as_ref(), self.positions, mark)
    }

    /// Lines of Python that load the file `file`: they leave `model`, `tokenizer` and `view`, which makes texts what the model takes; of
    /// an encoder alone also `features`, which makes that what Pretext's evaluators read.
    pub fn lines(&self, file: &str, beside: &Beside) -> Vec<String> {
        let class = self.class.name();
        let python = |text: &str| json!(text).to_string();
        let alone = self.class == Class::Encoder;
        let pooling = match alone && !self.pooler {
            true => ", add_pooling_layer=False",
            false => "",
        };
        let cuts = beside.tokenizer.as_deref();
        let mut lines = Vec::new();
        match &beside.folder {
            Some(folder) => {
                let folder = python(folder);
                let auto = cuts.map_or("", |_| "AutoTokenizer, ");
                lines.push(format!("from transformers import {auto}{class}"));
                lines.push(format!(
                    "model = {class}.from_pretrained({folder}{pooling})"
                ));
                lines.extend(
                    cuts.map(|_| format!("tokenizer = AutoTokenizer.from_pretrained({folder})")),
                );
            }
            None => {
                let sizes = self.sizes();
                let sizes = sizes.iter().map(|(name, size)| format!("{name}={size}"));
                let sizes: Vec<String> = sizes.collect();
                let fast = cuts.map_or("", |_| ", PreTrainedTokenizerFast");
                lines.push("from safetensors.torch import load_file".into());
                lines.push(format!(
                    "from transformers import BertConfig, {class}{fast}"
                ));
                lines.push(format!("config = BertConfig({})", sizes.join(", ")));
                lines.push(format!("model = {class}(config{pooling})"));
                lines.push(format!(
                    "model.load_state_dict(load_file({}))",
                    python(file)
                ));
                lines.push("model.eval()".into());
                lines.extend(cuts.map(|path| self.fast(path)));
            }
        }
        if cuts.is_some() {
            lines.push(
                "view = lambda texts: tokenizer(texts, padding=True, truncation=True, return_tensors=\"pt\")"
                    .into(),
            );
        }
        if alone && self.bert.mean {
            lines.push("pieces = lambda x: x[\"attention_mask\"][:, :, None]".into());
            lines.push(
                "features = lambda x: (model(**x).last_hidden_state * pieces(x)).sum(1) / pieces(x).sum(1)"
                    .into(),
            );
        } else if alone {
            lines.push("features = lambda x: model(**x).last_hidden_state[:, 0]".into());
        }
        lines
    }

    /// The line that makes a tokenizer of a file on its own.
    fn fast(&self, path: &str) -> String {
        let pieces = self.words.as_ref().and_then(Artifact::get::<Pieces>);
        let special = pieces.map(|pieces| special_of(&pieces)).unwrap_or_default();
        let special = special.iter();
        let special = special.map(|(name, piece)| format!(", {name}={}", json!(piece)));
        format!(
            "tokenizer = PreTrainedTokenizerFast(tokenizer_file={}, model_max_length={}{})",
            json!(path),
            self.positions,
            special.collect::<String>()
        )
    }
}

/// The content of `tokenizer.json` and of `tokenizer_config.json`, which say with `mark` who wrote them; `None` where it is not known
/// what learnt the vocabulary.
pub fn tokenizer_of(
    words: Option<&Artifact>,
    positions: usize,
    mark: &Json,
) -> Option<(Vec<u8>, Json)> {
    let pieces = words?.get::<Pieces>()?;
    let spelling = pieces.spelling();
    let mut config = Map::new();
    // the library's own cuts words by WordPiece, whatever the file says
    let class = match pieces.cuts_words() {
        true => "BertTokenizer",
        false => "PreTrainedTokenizerFast",
    };
    config.insert("tokenizer_class".into(), json!(class));
    config.insert("model_max_length".into(), json!(positions));
    config.insert("do_lower_case".into(), json!(spelling.lowercase));
    config.insert("strip_accents".into(), json!(spelling.strip_accents));
    config.insert("tokenize_chinese_chars".into(), json!(true));
    for (name, piece) in special_of(&pieces) {
        config.insert(name.into(), json!(piece));
    }
    let mut reads = vec!["input_ids", "token_type_ids", "attention_mask"];
    if pieces.whole() {
        // it encloses no text, and joins no two
        reads.remove(1);
    }
    config.insert("model_input_names".into(), json!(reads));
    config.insert("pretext".into(), mark.clone());
    Some((pieces.tokenizer(mark), Json::Object(config)))
}

/// What the library calls the pieces that stand for no word, of those that there are.
fn special_of(pieces: &Pieces) -> Vec<(&'static str, &'static str)> {
    let names = [
        "pad_token",
        "unk_token",
        "cls_token",
        "sep_token",
        "mask_token",
    ];
    let all = names.into_iter().zip(SPECIAL);
    all.filter(|(_, piece)| pieces.id(piece).is_some())
        .collect()
}

#[cfg(test)]
#[path = "transformers_tests.rs"]
mod tests;
