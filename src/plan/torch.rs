//! The lines of Python that load an export into torchvision, timm or plain PyTorch.

use serde_json::{Map, Value as Json, json};

use super::{Export, numbers};
use crate::catalog::{Call, Kind, Make, Net, NetStep};
use crate::data::Normalization;
use crate::data::lab::LabPart;
use crate::graph::TorchTensor;

/// How PyTorch loads an export.
#[derive(Clone, Debug, Default)]
pub struct Loading {
    /// Lines of Python; they leave `model` and `view`. Empty where neither library nor plain layers make the net.
    pub lines: Vec<String>,
    /// timm's name of the architecture, where timm has it.
    pub timm: Option<String>,
    /// Further arguments of timm's constructor.
    pub model_args: Map<String, Json>,
    /// timm's word for what the features are.
    pub global_pool: Option<&'static str>,
    /// The input can't have another size.
    pub fixed_size: bool,
    /// timm's `first_conv` and `classifier`.
    pub named: Vec<(&'static str, &'static str)>,
}

/// How PyTorch loads an export whose file is `file` and whose pictures are normalised by `by`.
pub fn loading(export: &Export, by: Option<&Normalization>, file: &str) -> Loading {
    let net = &export.encoder.net;
    let Some(image) = export.encoder.picture() else {
        return Loading::default();
    };
    let tensors = export.graph.torch_tensors(super::ENCODER);
    let mut loading = match net.steps.as_slice() {
        [only] if only.call.spec.provider.is_some() => Loading::default(),
        [only] if only.call.spec.kind == Kind::Encoder => {
            let call = &only.call;
            match call.spec.name.as_str() {
                name @ ("resnet18" | "resnet34" | "resnet50") => resnet(name, call, image),
                "vit" => vit(call, image),
                "small_cnn" => small_cnn(call, image),
                "nin" => nin(call, image),
                _ => Loading::default(),
            }
        }
        _ => layers(net, &tensors),
    };
    if !loading.lines.is_empty() {
        let file = python(file);
        loading.lines.extend([
            "from safetensors.torch import load_file".into(),
            format!("model.load_state_dict(load_file({file}))"),
            "model.eval()".into(),
        ]);
        match export.encoder.lab_part() {
            Some(part) => loading.lines.extend(lab_view(image, part)),
            None => loading.lines.extend(view(image, by)),
        }
    }
    loading
}

/// A text as Python writes it.
fn python(text: &str) -> String {
    json!(text).to_string()
}

/// From a PIL picture to what the model takes.
fn view([channels, height, width]: [usize; 3], by: Option<&Normalization>) -> [String; 2] {
    let mut steps = Vec::new();
    if channels == 1 {
        steps.push("T.Grayscale()".to_owned());
    }
    steps.extend(sized(height, width));
    steps.push("T.ToTensor()".into());
    steps.extend(by.map(|n| format!("T.Normalize({}, {})", numbers(&n.mean), numbers(&n.std))));
    [
        "from torchvision import transforms as T".into(),
        format!("view = T.Compose([{}])", steps.join(", ")),
    ]
}

/// The same for a part of Lab, by scikit-image.
fn lab_view([_, height, width]: [usize; 3], part: LabPart) -> [String; 5] {
    let (channels, scale) = match part {
        LabPart::Lightness => ("[0]", "(x - 50) / 25"),
        LabPart::Colour => ("[1, 2]", "x / 10"),
        LabPart::Whole => (
            "[0, 1, 2]",
            "(x - torch.tensor([50, 0, 0]).view(3, 1, 1)) / torch.tensor([25, 10, 10]).view(3, 1, 1)",
        ),
    };
    let steps = sized(height, width).join(", ");
    [
        "import torch".into(),
        "from torchvision import transforms as T".into(),
        "from skimage.color import rgb2lab".into(),
        format!("scaled = lambda x: {scale}"),
        format!(
            "view = T.Compose([{steps}, T.Lambda(lambda x: scaled(torch.tensor(rgb2lab(x.convert(\"RGB\"))[..., {channels}]).permute(2, 0, 1).float()))])"
        ),
    ]
}

fn sized(height: usize, width: usize) -> Vec<String> {
    match height == width {
        true => vec![
            format!("T.Resize({height})"),
            format!("T.CenterCrop({height})"),
        ],
        false => vec![format!("T.Resize(({height}, {width}))")],
    }
}

fn resnet(name: &str, call: &Call, [channels, ..]: [usize; 3]) -> Loading {
    let small = call.args.word("stem") == "small";
    let classes = call.args.maybe_size("classes");
    let mut lines = vec!["import torch, torchvision".to_owned()];
    lines.push(match classes {
        Some(classes) => format!("model = torchvision.models.{name}(num_classes={classes})"),
        None => format!("model = torchvision.models.{name}()"),
    });
    if small {
        lines.push(format!(
            "model.conv1 = torch.nn.Conv2d({channels}, 64, 3, padding=1, bias=False)"
        ));
        lines.push("model.maxpool = torch.nn.Identity()".into());
    } else if channels != 3 {
        lines.push(format!(
            "model.conv1 = torch.nn.Conv2d({channels}, 64, 7, stride=2, padding=3, bias=False)"
        ));
    }
    if classes.is_none() {
        lines.push("model.fc = torch.nn.Identity()".into());
    }
    Loading {
        lines,
        timm: Some(name.to_owned()),
        model_args: arguments(channels, classes),
        global_pool: Some("avg"),
        fixed_size: false,
        named: vec![("first_conv", "conv1"), ("classifier", "fc")],
    }
}

/// `num_classes` and, where it is not 3, `in_chans`.
fn arguments(channels: usize, classes: Option<usize>) -> Map<String, Json> {
    let mut arguments = Map::new();
    arguments.insert("num_classes".into(), json!(classes.unwrap_or(0)));
    if channels != 3 {
        arguments.insert("in_chans".into(), json!(channels));
    }
    arguments
}

fn vit(call: &Call, [channels, height, width]: [usize; 3]) -> Loading {
    let size = call.args.word("size");
    let patch = call.args.length("patch");
    let classes = call.args.maybe_size("classes");
    let mut args = Map::new();
    let side = if height == width {
        json!(height)
    } else {
        json!([height, width])
    };
    args.insert("img_size".into(), side);
    args.insert("patch_size".into(), json!(patch));
    // what the recipe sets apart from the size
    for (own, theirs) in [
        ("width", "embed_dim"),
        ("depth", "depth"),
        ("heads", "num_heads"),
    ] {
        if let Some(n) = call.args.maybe_size(own) {
            args.insert(theirs.into(), json!(n));
        }
    }
    // timm's norm would stand behind the mean
    let mean = call.args.word("pool") == "mean";
    if mean {
        args.insert("global_pool".into(), json!("avg"));
        args.insert("fc_norm".into(), json!(false));
        args.insert("class_token".into(), json!(false));
    }
    if call.args.word("pre_norm") == "on" {
        args.insert("pre_norm".into(), json!(true));
    }
    args.extend(arguments(channels, classes));
    let name = format!("vit_{size}_patch16_224");
    let written: Vec<String> = args
        .iter()
        .map(|(name, value)| match value {
            Json::Array(sides) => {
                let sides: Vec<String> = sides.iter().map(Json::to_string).collect();
                format!("{name}=({})", sides.join(", "))
            }
            Json::Bool(false) => format!("{name}=False"),
            Json::Bool(true) => format!("{name}=True"),
            value => format!("{name}={value}"),
        })
        .collect();
    Loading {
        lines: vec![
            "import timm".into(),
            format!(
                "model = timm.create_model({}, {})",
                python(&name),
                written.join(", ")
            ),
        ],
        timm: Some(name),
        model_args: args,
        global_pool: Some(if mean { "avg" } else { "token" }),
        fixed_size: true,
        named: vec![("first_conv", "patch_embed.proj"), ("classifier", "head")],
    }
}

/// Neither library has it: its layers.
fn small_cnn(call: &Call, [channels, ..]: [usize; 3]) -> Loading {
    let n = call.args.size("width");
    let lines = [
        "from collections import OrderedDict",
        "from torch import nn",
        "block = lambda i, o: nn.Sequential(OrderedDict(conv=nn.Conv2d(i, o, 3, padding=1, bias=False), bn=nn.BatchNorm2d(o), relu=nn.ReLU(), pool=nn.MaxPool2d(2)))",
    ];
    let mut lines: Vec<String> = lines.map(str::to_owned).into();
    lines.push(format!(
        "model = nn.Sequential(OrderedDict(conv1=block({channels}, {n}), conv2=block({n}, {}), conv3=block({}, {}), pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten()))",
        2 * n, 2 * n, 4 * n
    ));
    Loading {
        lines,
        ..Loading::default()
    }
}

/// Neither library has it: its layers.
fn nin(call: &Call, [channels, ..]: [usize; 3]) -> Loading {
    let blocks = call.args.size("blocks");
    let lines = [
        "from collections import OrderedDict",
        "from torch import nn",
        "layer = lambda i, o, k: nn.Sequential(OrderedDict(conv=nn.Conv2d(i, o, k, padding=k // 2, bias=False), bn=nn.BatchNorm2d(o), relu=nn.ReLU()))",
        "three = lambda i, a, b, c, k, end: nn.Sequential(OrderedDict([('1', layer(i, a, k)), ('2', layer(a, b, 1)), ('3', layer(b, c, 1)), ('pool', end)]))",
    ];
    let mut lines: Vec<String> = lines.map(str::to_owned).into();
    let blocks = (1..=blocks).map(|block| match block {
        1 => format!("conv1=three({channels}, 192, 160, 96, 5, nn.MaxPool2d(3, 2, 1))"),
        2 => "conv2=three(96, 192, 192, 192, 5, nn.AvgPool2d(3, 2, 1))".to_owned(),
        n => format!("conv{n}=three(192, 192, 192, 192, 3, nn.Identity())"),
    });
    let blocks: Vec<String> = blocks.collect();
    lines.push(format!(
        "model = nn.Sequential(OrderedDict({}, pool=nn.AdaptiveAvgPool2d(1), flat=nn.Flatten()))",
        blocks.join(", ")
    ));
    Loading {
        lines,
        ..Loading::default()
    }
}

/// A net that the recipe writes layer by layer, where PyTorch has every layer under the same arithmetic.
fn layers(net: &Net, tensors: &[TorchTensor]) -> Loading {
    let mut steps = Vec::new();
    let mut map = true;
    for (index, step) in net.steps.iter().enumerate() {
        let name = step.place.clone().unwrap_or_else(|| index.to_string());
        match layer(step, &name, tensors, &mut map) {
            Some(text) => steps.push(format!("({}, {text})", python(&name))),
            None => return Loading::default(),
        }
    }
    let end = if steps.is_empty() { "" } else { "," };
    let mut lines = vec![
        "from collections import OrderedDict".to_owned(),
        "from torch import nn".into(),
        "model = nn.Sequential(OrderedDict([".into(),
    ];
    lines.push(format!("    {}{end}", steps.join(",\n    ")));
    lines.push("]))".into());
    Loading {
        lines: lines
            .iter()
            .flat_map(|line| line.lines().map(str::to_owned))
            .collect(),
        ..Loading::default()
    }
}

/// PyTorch's constructor of a layer; `None` where it has none that computes the same. `map`: whether a map flows in, then whether
/// one flows out.
fn layer(step: &NetStep, name: &str, tensors: &[TorchTensor], map: &mut bool) -> Option<String> {
    let (call, args) = (&step.call, &step.call.args);
    let whole = *map;
    if matches!(call.spec.name.as_str(), "global_avg_pool" | "flatten") {
        *map = false;
    }
    // PyTorch's take the last dimension of a map, which is its width
    if whole && matches!(call.spec.name.as_str(), "linear" | "layer_norm") {
        return None;
    }
    if call.spec.provider.is_some() || !matches!(call.spec.make, Make::Layer(_)) {
        return None;
    }
    let weight = || {
        let name = format!("{name}.weight");
        let tensor = tensors.iter().find(|tensor| tensor.name == name)?;
        Some(tensor.shape.as_slice())
    };
    let bias = || if args.switch("bias") { "True" } else { "False" };
    let window = || {
        let kernel = args.size("kernel");
        let stride = args.maybe_size("stride").unwrap_or(kernel);
        format!("{kernel}, {stride}, {}", args.size("padding"))
    };
    Some(match call.spec.name.as_str() {
        "conv" => {
            let [out, inside, kernel, _] = *weight()? else {
                return None;
            };
            let groups = args.size("groups").max(1);
            let padding = args.maybe_size("padding").unwrap_or(kernel / 2);
            format!(
                "nn.Conv2d({}, {out}, {kernel}, stride={}, padding={padding}, groups={groups}, bias={})",
                inside * groups,
                args.size("stride"),
                bias()
            )
        }
        "linear" => {
            let [out, inside] = *weight()? else {
                return None;
            };
            format!("nn.Linear({inside}, {out}, bias={})", bias())
        }
        "max_pool" => format!("nn.MaxPool2d({})", window()),
        "avg_pool" => format!("nn.AvgPool2d({})", window()),
        "adaptive_avg_pool" => format!("nn.AdaptiveAvgPool2d({})", args.size("side")),
        "global_avg_pool" => "nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())".into(),
        "flatten" => "nn.Flatten()".into(),
        "dropout" => format!("nn.Dropout({:?})", args.ratio("ratio")),
        "relu" => "nn.ReLU()".into(),
        "gelu" => "nn.GELU()".into(),
        "silu" => "nn.SiLU()".into(),
        "tanh" => "nn.Tanh()".into(),
        "sigmoid" => "nn.Sigmoid()".into(),
        "softplus" => "nn.Softplus()".into(),
        "leaky_relu" => format!("nn.LeakyReLU({:?})", args.number("slope")),
        "group_norm" => format!(
            "nn.GroupNorm({}, {}, eps={:?})",
            args.size("groups"),
            weight()?.first()?,
            args.number("epsilon")
        ),
        "layer_norm" => {
            format!(
                "nn.LayerNorm({}, eps={:?})",
                weight()?.first()?,
                args.number("epsilon")
            )
        }
        "batch_norm" => format!(
            "nn.BatchNorm{}d({}, eps={:?}, momentum={:?})",
            if whole { 2 } else { 1 },
            weight()?.first()?,
            args.number("epsilon"),
            args.number("momentum")
        ),
        _ => return None,
    })
}
