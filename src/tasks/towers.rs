//! What tasks on pictures and captions share: two encoders whose features are compared in one space, and their default `augment`.

use super::{picture, texts_of, vocabulary_param};
use crate::catalog::{Args, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{Graph, Init, Module, Var};
use crate::language::codes::Code;

/// Directions of pictures, `[B, d]`.
pub const OF_IMAGE: &str = "image_features";
/// Directions of captions, `[B, d]`.
pub const OF_TEXT: &str = "text_features";
/// What is learnt of how sharply they are compared: the logarithm of the scale, `[1]`.
pub const SCALE: &str = "logit_scale";

/// Pieces of a caption in a default view: CLIP's.
const LENGTH: usize = 77;

/// An encoder with its projection: `x` → directions `[B, d]`. `locked`: nothing moves the encoder.
fn tower(g: &mut Graph, task: &Args, side: &str, x: Var, locked: bool) -> Result<Var> {
    let encoder = Module::new(
        &format!("{side}_encoder"),
        task.net(&format!("{side}_encoder")),
    );
    if locked {
        let begins = [format!("{side}_start"), "start".to_owned()];
        if !begins.iter().any(|field| task.values.contains_key(field)) {
            let message = format!("the {side} encoder is locked, and would stay as it was drawn");
            return Err(
                Problem::argument(Code::MissingField, "lock", message).help(format!(
                    "let it begin as another stage's, or as a file's: `{side}_start = STAGE`"
                )),
            );
        }
        g.hold(&encoder);
    }
    let mut x = g.call(&encoder, x)?; // [B, D]
    if locked {
        x = g.stop_gradient(x)?;
    }
    let features = g.check_features(&encoder.name, x).map_err(|problem| {
        let why = format!("a {side} is compared as one vector [B, D]");
        Problem::argument(Code::Shape, &encoder.name, problem.message).note(why)
    })?;
    let width = task.size("width"); // d
    let projection = g.scoped(&format!("{side}_projection"), |g| {
        let start = Init::Normal((features as f32).powf(-0.5));
        g.parameter("weight", &[features, width], start)
    });
    let x = g.matmul(x, projection)?; // [B, d]
    g.l2_normalize(x)
}

/// Directions of the pictures and of the captions of the batch, `[B, d]` each.
pub(super) fn directions(g: &mut Graph, task: &Args) -> Result<[Var; 2]> {
    let locked = |side: &str| task.word("lock") == side;
    let image = g.input("image")?; // [B, C, H, W]
    let text = texts_of(g, "text")?; // ids [B, n]
    let image = tower(g, task, "image", image, locked("image"))?;
    let text = tower(g, task, "text", text, locked("text"))?;
    g.place(OF_IMAGE, image);
    g.place(OF_TEXT, text);
    Ok([image, text])
}

/// The scale's logarithm at the start: ln(1/τ).
pub(super) fn scale_start(task: &Args) -> Init {
    Init::Constant(-(task.number("temperature").ln()) as f32)
}

/// e to the learnt scale, and it times the cosine of each picture with each caption: `[1]`, `[B, B]`.
pub(super) fn scaled(g: &mut Graph, [image, text]: [Var; 2], scale: Var) -> Result<[Var; 2]> {
    let captions = g.transpose(text, 0, 1)?; // [d, B]
    let cosines = g.matmul(image, captions)?; // [B, B]
    let scale = g.exp(scale)?; // [1]
    Ok([scale, g.mul(cosines, scale)?])
}

/// How often the own caption scores highest for a picture, and the own picture for a caption, of `logits [B, B]`: the mean of both.
pub(super) fn told(g: &mut Graph, logits: Var) -> Result<Var> {
    let own = g.shape(logits)[0].clone();
    let own = g.arange(own); // [B]
    let captions = g.accuracy(logits, own)?;
    let turned = g.transpose(logits, 0, 1)?;
    let pictures = g.accuracy(turned, own)?;
    let both = g.add(captions, pictures)?;
    g.mul_scalar(both, 0.5)
}

/// Nearly the whole picture, as open_clip cuts it, and the caption in pieces of the fit that the task names.
pub(super) fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    let vocabulary = task.maybe_artifact("vocabulary")?;
    let (text, _) = fields.iter().find(|(_, ty)| ty.fits(&SampleType::TEXT))?;
    let mut text = format!("{text} |> tokenize({})", vocabulary.name);
    text += &format!(" |> crop_tokens({LENGTH}, at = start)");
    Some(format!(
        "emit image = {} |> random_resized_crop({side}px, scale = 0.9..1.0) |> normalize(), text = {text}\n",
        image.name
    ))
}

/// Parameters and inputs that they share; `temperature` is the task's own at the start.
pub(super) fn sides(spec: Spec, temperature: &str) -> Spec {
    spec.without(&["encoder"])
        .param(Param::required(
            "image_encoder",
            Type::Encoder,
            "What looks at pictures; a bare `from = STAGE` means it.",
        ))
        .param(Param::with_default(
            "text_encoder",
            Type::Encoder,
            "gpt(pool = last, dropout = 0%)",
            "What reads captions.",
        ))
        .param(
            Param::with_default(
                "width",
                Type::Integer,
                "512",
                "d: features in which both are compared, behind a linear map of each encoder.",
            )
            .within(1.0, 65536.0),
        )
        .param(Param::with_default(
            "lock",
            Type::Choice(&["none", "image", "text"]),
            "none",
            "An encoder that nothing moves: only its linear map and the other side learn (Zhai et al., 2022, locked-image tuning). It begins as the stage or file that `image_start`, or `text_start`, names.",
        ))
        .param(Param::optional(
            "image_start",
            Type::begins(),
            "A stage, a part of one, or a file, with whose weights the image encoder begins.",
        ))
        .param(Param::optional(
            "text_start",
            Type::begins(),
            "The same of the text encoder.",
        ))
        .param(vocabulary_param())
        .param(
            Param::with_default(
                "temperature",
                Type::Number,
                temperature,
                "τ at the start: cosines are divided by it. It is learnt, as ln(1/τ).",
            )
            .within(1e-3, 1.0),
        )
        .input("image", SampleType::IMAGE, "A picture.")
        .input("text", SampleType::TOKENS, "What is said of it.")
}
