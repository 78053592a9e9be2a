//! The catalog entries of the exports.

use crate::catalog::{Kind, Make, Param, Spec, Type};

pub(super) fn specs() -> Vec<Spec> {
    vec![safetensors(), word2vec(), open_clip(), onnx()]
}

/// Words with their vectors.
fn word2vec() -> Spec {
    Spec::new(
        "word2vec",
        Kind::Export,
        "The encoder's words with their vectors, in the format of word2vec.c",
        Make::Stage,
    )
    .paper(
        "Mikolov et al., 2013",
        "Efficient Estimation of Word Representations in Vector Space",
        "arXiv:1301.3781",
    )
    .doc(
        "The first line says how many words there are and how many numbers each has; a line for each word follows, in the order of its \
         vocabulary. What stands for no word (`[UNK]`, ids that the vocabulary does not use) is left out. The file is written into the run \
         directory and replaces nothing but an older export; with `--allow-outside` the path may lead elsewhere. The encoder has a part \
         `vectors`: `word_vectors`, or `bert` with the embeddings of its pieces. The run prints the lines of Python that load it.",
    )
    .param(Param::required("path", Type::Text, "Where the file is written."))
    .param(Param::optional(
        "binary",
        Type::Choice(&["on", "off"]),
        "Whether numbers are little-endian f32 instead of decimals; where absent, they are in a file that ends in `.bin`.",
    ))
    .example("word2vec(\"vectors.txt\")")
}

/// Both encoders of pictures and captions.
fn open_clip() -> Spec {
    Spec::new(
        "open_clip",
        Kind::Export,
        "Both encoders of `clip` or `siglip`, with all that compares them, as open_clip loads them",
        Make::Stage,
    )
    .doc(
        "The stage is one of `clip` or `siglip` with `vit(…)` for pictures of three channels, which gives its class token, and `gpt(pool = last)` for \
         captions. The file is written into the run directory and replaces nothing but an older export; with `--allow-outside` the path may lead \
         elsewhere. Beside it lie `open_clip_config.json` and the tokenizer of the vocabulary that captions were read in (`tokenizer.json`, \
         `tokenizer_config.json`): a folder with an `open_clip_model.safetensors` is one for `local-dir:`. Names are those of open_clip's CLIP with a \
         ViT, which loads them strictly. A bias of patches, which that has not, is added to their positions; `vit(pre_norm = on)` has none. The run \
         prints the lines of Python that load it.",
    )
    .param(Param::required("path", Type::Text, "Where the file is written."))
    .example("open_clip(\"clip/open_clip_model.safetensors\")")
}

/// A model that runs without this program and without PyTorch.
fn onnx() -> Spec {
    Spec::new(
        "onnx",
        Kind::Export,
        "The encoder of pictures as ONNX, for any number of pictures at once",
        Make::Stage,
    )
    .doc(
        "Opset 18. `input` is [batch, channels, height, width], as the encoder was trained on it: pixels in 0..1, less `mean` and divided by `std`, which \
         stand in the model's metadata with all that the header of `safetensors` says; `output` is what the encoder gives. The file is written into the \
         run directory and replaces nothing but an older export; with `--allow-outside` the path may lead elsewhere. An encoder that computes what ONNX \
         has not is refused before anything runs. `pretext onnx` writes one of a run that is over, at any place.",
    )
    .param(Param::required("path", Type::Text, "Where the file is written."))
    .example("onnx(\"encoder.onnx\")")
}

/// Weights.
fn safetensors() -> Spec {
    Spec::new(
        "safetensors",
        Kind::Export,
        "The encoder's weights under the names that torchvision, timm and transformers expect",
        Make::Stage,
    )
    .doc(
        "The file is written into the run directory and replaces nothing but an older export; with `--allow-outside` the path may lead \
         elsewhere. The file's header says what the encoder takes (size, view, mean and \
         deviation), what it is and what it was learnt from; `config.json` beside it (`NAME.config.json` where several exports \
         share a folder) says it in the form that timm reads. The run prints the lines of Python that load it.\n\n\
         `bert` is written as Hugging Face's `BertModel`, with its `config.json` and the tokenizer of the vocabulary that it was trained with \
         (`tokenizer.json`, `tokenizer_config.json`): a folder with a `model.safetensors` is one for `from_pretrained`. Its pooler is there \
         where the task trained one; `add_pooling_layer=False` goes without. With `head = on` the task's head is written too: \
         `BertForPreTraining` after `masked_tokens(next_sentence = on)`, `BertForMaskedLM` after `masked_tokens`, \
         `BertForNextSentencePrediction` after `next_sentence`.",
    )
    .param(Param::required("path", Type::Text, "Where the file is written."))
    .param(Param::switch(
        "head",
        "off",
        "Whether the head that the task trained is written with the encoder, where `transformers` has a model with it.",
    ))
    .example("safetensors(\"encoder.safetensors\")")
}
