//! A task on pictures and captions as open_clip has it: names of tensors, its `open_clip_config.json`, the lines of Python that load it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::layout::Layout;
use crate::catalog::{Args, Artifact, Call, Kind, Net, Problem, Result, Spec};
use crate::data::{Normalization, Pieces};
use crate::graph::{Graph, TorchSource, TorchTensor};
use crate::language::codes::Code;

/// The names of the files that make a folder one for `local-dir:`.
pub const WEIGHTS: &str = "open_clip_model.safetensors";
/// What the model is.
pub const CONFIG: &str = "open_clip_config.json";

/// Added to the variance of the norms of `vit`.
const EPSILON: f64 = 1e-6;
/// The bias of patches, of which open_clip has none: it is added to their positions.
const BIAS: &str = "image_encoder/patch_embed/proj/bias";
const POSITIONS: &str = "image_encoder/pos_embed";

/// What is written for the library.
#[derive(Clone, Debug)]
pub struct OpenClip {
    /// Its tensors, as `load_state_dict(strict=True)` expects them, by the names of the training graph.
    pub tensors: Vec<TorchTensor>,
    /// Those names.
    pub of_training: Vec<String>,
    config: Json,
    /// The vocabulary of captions.
    pub words: Option<Artifact>,
    /// Pieces of the longest caption.
    pub positions: usize,
}

/// A stage that was trained.
#[derive(Clone, Copy)]
pub struct Trained<'t> {
    /// Its name.
    pub stage: &'t str,
    /// Its task, and what that was given.
    pub task: &'t Spec,
    /// Its arguments.
    pub args: &'t Args,
    /// Its training graph.
    pub graph: &'t Graph,
    /// Channels, height and width of its pictures, where it is shown pictures first.
    pub picture: Option<[usize; 3]>,
    /// What these are normalised by.
    pub by: Option<&'t Normalization>,
    /// The vocabulary of its captions.
    pub words: Option<&'t Artifact>,
}

/// What is said where open_clip has nothing of a stage.
fn refused(why: String) -> Problem {
    Problem::argument(Code::UnknownPart, "from", why)
        .note("It has `clip` and `siglip` with `vit(…)` for pictures of three channels and `gpt(pool = last)` for captions.")
        .help("export the encoders by themselves: `safetensors(…) { from = STAGE.image_encoder }`")
}

/// The call of an encoder that is this entry of the catalog and nothing else.
fn only<'a>(args: &'a Args, side: &str, name: &str) -> Result<&'a Call> {
    let net = args.maybe_net(side);
    let steps = net.map_or(&[][..], |net| net.steps.as_slice());
    match steps {
        [only] if is(&only.call.spec, Kind::Encoder, name) => Ok(&only.call),
        _ => Err(refused(format!(
            "open_clip has no `{side}` that is no `{name}`"
        ))),
    }
}

/// Whether it is the catalog's own entry of this name.
fn is(spec: &Spec, kind: Kind, name: &str) -> bool {
    spec.kind == kind && spec.provider.is_none() && spec.name == name
}

/// A tensor's name in a tower's blocks, there.
fn in_block(name: &str) -> String {
    [
        ("norm1.", "ln_1."),
        ("norm2.", "ln_2."),
        ("attn.qkv.weight", "attn.in_proj_weight"),
        ("attn.qkv.bias", "attn.in_proj_bias"),
        ("attn.c_attn.weight", "attn.in_proj_weight"),
        ("attn.c_attn.bias", "attn.in_proj_bias"),
        ("attn.proj.", "attn.out_proj."),
        ("attn.c_proj.", "attn.out_proj."),
        ("mlp.fc1.", "mlp.c_fc."),
        ("mlp.fc2.", "mlp.c_proj."),
    ]
    .into_iter()
    .fold(name.to_owned(), |name, (own, theirs)| {
        name.replace(own, theirs)
    })
}

/// What the library calls a tensor of the image encoder, with its sizes there; `None`: it has no such tensor.
fn of_image(tensor: &TorchTensor) -> Option<(String, Vec<usize>)> {
    let shape = tensor.shape.clone();
    let name = match tensor.name.as_str() {
        "cls_token" => return Some(("visual.class_embedding".into(), shape[2..].to_vec())),
        "pos_embed" => return Some(("visual.positional_embedding".into(), shape[1..].to_vec())),
        "patch_embed.proj.weight" => "visual.conv1.weight".to_owned(),
        "patch_embed.proj.bias" => return None,
        name => match name.split_once('.') {
            Some(("norm_pre", rest)) => format!("visual.ln_pre.{rest}"),
            Some(("norm", rest)) => format!("visual.ln_post.{rest}"),
            Some(("blocks", rest)) => format!("visual.transformer.resblocks.{}", in_block(rest)),
            _ => return None,
        },
    };
    Some((name, shape))
}

/// The same of the text encoder.
fn of_text(tensor: &TorchTensor) -> Option<String> {
    Some(match tensor.name.as_str() {
        "wte.weight" => "token_embedding.weight".to_owned(),
        "wpe.weight" => "positional_embedding".to_owned(),
        name => match name.split_once('.')? {
            ("ln_f", rest) => format!("ln_final.{rest}"),
            ("h", rest) => format!("transformer.resblocks.{}", in_block(rest)),
            _ => return None,
        },
    })
}

/// One of the two encoders of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Of pictures.
    Image,
    /// Of captions.
    Text,
}

/// The encoders that a file has, by the names of its tensors.
pub fn sides(has: &dyn Fn(&str) -> bool) -> Vec<Side> {
    let known = [
        ("visual.conv1.weight", Side::Image),
        ("token_embedding.weight", Side::Text),
    ];
    let found = known.into_iter().filter(|(name, _)| has(name));
    found.map(|(_, side)| side).collect()
}

/// What the library has of an encoder whose tensors are `own`; `None`: it has no such encoder.
pub fn tower(net: &Net, own: &[TorchTensor]) -> Option<(Side, Layout)> {
    let [only] = net.steps.as_slice() else {
        return None;
    };
    let spec = &only.call.spec;
    if is(spec, Kind::Encoder, "vit") {
        let wanted = own.iter().filter_map(|tensor| {
            let (name, shape) = of_image(tensor)?;
            let source = tensor.source.clone();
            Some(TorchTensor {
                name,
                shape,
                source,
            })
        });
        let bias = |tensor: &&TorchTensor| tensor.name == "patch_embed.proj.bias";
        let layout = Layout {
            wanted: wanted.collect(),
            zeros: own
                .iter()
                .filter(bias)
                .filter_map(source)
                .cloned()
                .collect(),
            aside: |name| !name.starts_with("visual.") || name == "visual.proj",
        };
        return Some((Side::Image, layout));
    }
    is(spec, Kind::Encoder, "gpt").then(|| {
        let wanted = own.iter().filter_map(|tensor| {
            let name = of_text(tensor)?;
            Some(TorchTensor {
                name,
                ..tensor.clone()
            })
        });
        let layout = Layout {
            wanted: wanted.collect(),
            zeros: Vec::new(),
            aside: |name| {
                name.starts_with("visual.")
                    || name == "text_projection"
                    || name.starts_with("logit_")
            },
        };
        (Side::Text, layout)
    })
}

/// The name in its graph of what a tensor holds.
fn source(tensor: &TorchTensor) -> Option<&String> {
    match &tensor.source {
        TorchSource::Same(name) | TorchSource::Transposed(name) => Some(name),
        TorchSource::Batches => None,
    }
}

/// What open_clip has of a stage.
///
/// # Errors
/// It has no such model.
pub fn of(trained: &Trained<'_>) -> Result<OpenClip> {
    let Trained {
        task, args, graph, ..
    } = *trained;
    if !is(task, Kind::Task, "clip") && !is(task, Kind::Task, "siglip") {
        return Err(refused(format!(
            "`{}` is a stage of `{}`",
            trained.stage, task.name
        )));
    }
    let vit = only(args, "image_encoder", "vit")?;
    let gpt = only(args, "text_encoder", "gpt")?;
    if vit.args.word("pool") != "class" || vit.args.maybe_size("classes").is_some() {
        return Err(refused("the image encoder gives no class token".into()));
    }
    if gpt.args.word("pool") != "last" {
        return Err(refused("a caption is not what its last piece says".into()));
    }
    let Some([3, height, width]) = trained.picture else {
        return Err(refused("its pictures have no three channels".into()));
    };
    let mut tensors = Vec::new();
    for tensor in graph.torch_tensors("image_encoder") {
        if let Some((name, shape)) = of_image(&tensor) {
            tensors.push(TorchTensor {
                name,
                shape,
                ..tensor
            });
        }
    }
    for tensor in graph.torch_tensors("text_encoder") {
        if let Some(name) = of_text(&tensor) {
            tensors.push(TorchTensor { name, ..tensor });
        }
    }
    let alone = [
        ("image_projection/weight", "visual.proj"),
        ("text_projection/weight", "text_projection"),
        ("logit_scale", "logit_scale"),
        ("logit_bias", "logit_bias"),
    ];
    for (own, name) in alone {
        let Some(parameter) = graph.parameters.iter().find(|p| p.name == own) else {
            continue;
        };
        tensors.push(TorchTensor {
            name: name.into(),
            // a single number has no sizes there
            shape: match parameter.shape.as_slice() {
                [1] => Vec::new(),
                shape => shape.to_vec(),
            },
            source: TorchSource::Same(own.into()),
        });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let bias = graph.parameters.iter().find(|p| p.name == BIAS);
    let bias = bias.map(|p| p.name.clone());
    let of_training = tensors.iter().filter_map(source).cloned().chain(bias);
    let sizes = |name: &str| -> Vec<usize> {
        let found = tensors.iter().find(|tensor| tensor.name == name);
        found.map_or_else(|| vec![0, 0], |tensor| tensor.shape.clone())
    };
    let (pieces, positions) = (
        sizes("token_embedding.weight"),
        sizes("positional_embedding")[0],
    );
    let features = sizes("visual.proj");
    let blocks = |of: &str| {
        let last = ".ln_1.weight";
        let of_blocks = tensors
            .iter()
            .filter(|t| t.name.starts_with(of) && t.name.ends_with(last));
        of_blocks.count()
    };
    // 64 features a head, where the recipe does not say
    let heads = |call: &Call, width: usize| {
        let size = match call.args.word("size") {
            "tiny" if call.spec.name == "vit" => 3,
            "small" if call.spec.name == "vit" => 6,
            "base" if call.spec.name == "vit" => 12,
            _ => (width / 64).max(1),
        };
        call.args.maybe_size("heads").unwrap_or(size)
    };
    let side = match height == width {
        true => json!(height),
        false => json!([height, width]),
    };
    let (mean, std) = match trained.by {
        Some(by) => (json!(by.mean), json!(by.std)),
        None => (json!([0.0, 0.0, 0.0]), json!([1.0, 1.0, 1.0])),
    };
    let mut config = json!({
        "model_cfg": {
            "embed_dim": features[1],
            "vision_cfg": {
                "image_size": side,
                "layers": blocks("visual.transformer"),
                "width": features[0],
                "head_width": features[0] / heads(vit, features[0]).max(1),
                "patch_size": vit.args.length("patch"),
                "no_ln_pre": vit.args.word("pre_norm") != "on",
                "norm_kwargs": { "eps": EPSILON },
            },
            "text_cfg": {
                "context_length": positions,
                "vocab_size": pieces[0],
                "width": pieces[1],
                "heads": heads(gpt, pieces[1]),
                "layers": blocks("transformer"),
                "pool_type": "eos",
                "pad_id": 0,
                // any name: of a folder its own is read
                "hf_tokenizer_name": "tokenizer.json",
            },
        },
        "preprocess_cfg": {
            "size": side,
            "mean": mean,
            "std": std,
            "interpolation": "bilinear",
            "resize_mode": "shortest",
        },
    });
    if task.name == "siglip" {
        config["model_cfg"]["init_logit_bias"] = json!(args.number("bias"));
    }
    Ok(OpenClip {
        of_training: of_training.collect(),
        tensors,
        config,
        words: trained.words.cloned(),
        positions,
    })
}

impl OpenClip {
    /// The same as it is read back.
    pub fn layout(self) -> Layout {
        let own = self.of_training.iter();
        let zeros = own.filter(|name| *name == BIAS).cloned().collect();
        Layout {
            wanted: self.tensors,
            zeros,
            aside: |_| false,
        }
    }

    /// Bytes of all tensors.
    pub fn bytes(&self) -> u64 {
        let numbers = self.tensors.iter();
        let numbers = numbers.map(|tensor| tensor.shape.iter().product::<usize>() as u64);
        numbers.map(|count| count.saturating_mul(4)).sum()
    }

    /// `open_clip_config.json`; `about` is what the file of weights says about itself.
    pub fn config(&self, about: &BTreeMap<String, String>) -> Json {
        let mut config = self.config.clone();
        let pieces = self.words.as_ref().and_then(Artifact::get::<Pieces>);
        if let Some(end) = pieces.and_then(|pieces| pieces.special().separator) {
            config["model_cfg"]["text_cfg"]["eos_id"] = json!(end);
        }
        config["pretext"] = json!(about);
        config
    }

    /// Lets positions of patches say what open_clip has no bias for. `numbers` are those of the training graph, by their names.
    pub fn fold(&self, numbers: &mut BTreeMap<String, Vec<f32>>) {
        let Some(bias) = numbers.remove(BIAS) else {
            return;
        };
        if let Some(places) = numbers.get_mut(POSITIONS) {
            // the class token stands first
            for place in places.chunks_mut(bias.len().max(1)).skip(1) {
                place.iter_mut().zip(&bias).for_each(|(x, b)| *x += b);
            }
        }
    }

    /// Lines of Python that load the folder of the file `file`: they leave `model`, `view` and `tokenizer`.
    pub fn lines(&self, folder: Option<&str>, file: &str) -> Vec<String> {
        let Some(folder) = folder else {
            return vec![format!(
                "# call it {WEIGHTS} in a folder of its own, and open_clip finds all of it there: {file}"
            )];
        };
        let folder = json!(format!("local-dir:{folder}"));
        vec![
            "import open_clip".into(),
            format!("model, _, view = open_clip.create_model_and_transforms({folder})"),
            format!("tokenizer = open_clip.get_tokenizer({folder})"),
            "model.eval()".into(),
        ]
    }
}
