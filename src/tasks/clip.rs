//! Which caption is of which picture? Each finds the other in the batch (Radford et al., 2021).

use super::towers::{SCALE, augment, directions, scale_start, scaled, sides, told};
use super::{CAPTIONED, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::graph::Graph;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let [image, text] = directions(g, task)?; // I_e, T_e: [B, d]
    // t of the paper's figure 3: learnt as a logarithm, and bounded after each step
    let most = task.number("most_scale").ln();
    let scale = g.bounded(SCALE, &[1], scale_start(task), (0.0, most));
    let [scale, logits] = scaled(g, [image, text], scale)?; // [B, B]

    let labels = g.shape(logits)[0].clone();
    let labels = g.arange(labels); // [B]
    let captions = g.transpose(logits, 0, 1)?;
    let of_images = g.cross_entropy(logits, labels)?;
    let of_texts = g.cross_entropy(captions, labels)?;
    let both = g.add(of_images, of_texts)?;
    let loss = g.mul_scalar(both, 0.5)?;
    g.objective("loss", loss);
    let accuracy = told(g, logits)?;
    g.metric("accuracy", accuracy);
    g.metric("scale", scale);
    Ok(())
}

pub(super) fn spec() -> Spec {
    let spec = Spec::new(
        "clip",
        Kind::Task,
        "Which caption is of which picture?",
        Make::task(build, augment),
    );
    sides(spec, "0.07")
        .param(
            Param::with_default(
                "most_scale",
                Type::Number,
                "100",
                "1/τ stays between 1 and this.",
            )
            .within(1.0, 1e6),
        )
        .params(training_params(
            (256, CAPTIONED),
            "32 epochs",
            "adamw(5e-4, beta2 = 0.98, epsilon = 1e-6, weight_decay = 0.2)",
            "cosine(warmup = 1 epoch)",
        ))
        .paper(
            "Radford et al., 2021",
            "Learning Transferable Visual Models From Natural Language Supervision",
            "arXiv:2103.00020",
        )
        .doc(
            "A picture and its caption are encoded, projected to the same space by a linear map each, and compared by their cosine over a learnt temperature. \
             The loss is the mean of two cross-entropies: of all captions of the batch which is the picture's, and of all pictures which is the caption's. \
             The larger the batch, the more there is to tell apart: the paper's is 32,768. `accuracy` is the mean of both ways, `scale` is 1/τ, which is \
             set back to 100 after a step that moves it beyond.\n\nThe text encoder is a transformer that reads from left to right, and a caption is \
             what it says at its last piece, `[SEP]`, which has seen all others. `from = STAGE.text_encoder` goes on with it, a bare `from = STAGE` with \
             the image encoder. `zero_shot` and `caption_retrieval` ask the whole stage. With `lock = image` and `image_start = STAGE`, or the name of a \
             file of weights, only captions are learnt (locked-image tuning). `start = \"open_clip_model.safetensors\"` begins with all of open_clip's.\n\nThe defaults for optimizer and crop are open_clip's for the paper's ViT; `vit(…, pre_norm = on)` is its \
             encoder.",
        )
        .example(
            "ssl 1\n\ndataset drawn = image_text(\"captions.csv\")\n\nfit pieces = bpe(size = 1000) { data = drawn.train }\n\n\
             pretext pairs = clip(vocabulary = pieces) {\n  data          = drawn.train\n  image_encoder = small_cnn()\n}\n",
        )
}

#[cfg(test)]
#[path = "clip_tests.rs"]
mod tests;
