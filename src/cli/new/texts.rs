//! Recipes for texts, dialogues, and pictures with captions.

use std::fmt::Write;

use super::draft::{Draft, Pace, head};
use super::look::Looked;
use super::pictures;
use crate::catalog::SharedSpec;
use crate::data::SampleType;

/// The first field of this type.
fn field<'l>(looked: &'l Looked, ty: &SampleType) -> Option<&'l str> {
    let found = looked.fields.iter().find(|(_, own)| ty.fits(own));
    found.map(|(name, _)| name.as_str())
}

/// Pieces that are learnt of so many texts.
fn pieces(records: usize) -> usize {
    match records {
        0..=499 => 1000,
        500..=9_999 => 4000,
        _ => 8000,
    }
}

fn title(task: &SharedSpec, looked: &Looked) -> String {
    format!("{} On {}.", task.summary, looked.name)
}

/// What may suit a folder or a file of texts.
pub fn drafts(task: &SharedSpec, looked: &Looked) -> Vec<Draft> {
    let Some(text) = field(looked, &SampleType::TEXT) else {
        return Vec::new();
    };
    let (start, judges) = head(looked, &title(task, looked), "");
    let size = pieces(looked.train());
    let pace = Pace::new(looked, 32, "1e-3", "texts");
    let judged = pictures::judged(looked, judges);
    let mut out = start;
    match task.name.as_str() {
        "skip_gram" | "cbow" => {
            let _ = write!(
                out,
                "fit words = vocabulary(size = 30000, min = 2) {{ data = own.train }} // rarer words are not known\n\n\
                 augment running({text}) {{\n  words = {text} |> tokenize(words) |> subsample(1e-3) |> crop_tokens(256)\n  \
                 noise = words |> negatives(5, share = 4)\n  emit words, noise\n}}\n\n\
                 pretext pretrain = {}(vocabulary = words) {{\n  data = own.train\n  augment = running\n  \
                 encoder = word_vectors(100) // numbers for each word\n  batch = {} // texts\n  length = 10 epochs\n}}\n\n\
                 export vectors = word2vec(\"vectors.txt\") {{ from = pretrain }}\n\n",
                task.name,
                pace.batch.min(8)
            );
        }
        "next_sentence" => {
            let _ = write!(
                out,
                "dataset pairs = own |> sentences() |> neighbours(next = 50%)\n\n\
                 fit pieces = wordpiece(size = {size}) {{ data = own.train }}\n\n\
                 augment read(first, second, next) {{\n  input = (first, second) |> pair(pieces, 128)\n  emit input, next\n}}\n\n\
                 pretext pretrain = next_sentence() {{\n  data = pairs.train\n  augment = read\n  encoder = bert(size = tiny)\n{}}}\n\n",
                pace.lines
            );
            out += &judged;
        }
        _ => {
            let _ = write!(
                out,
                "fit pieces = wordpiece(size = {size}) {{ data = own.train }} // of {} texts\n\n\
                 augment masked({text}) {{\n  (input, target) = {text} |> tokenize(pieces) |> crop_tokens(128) |> mask_tokens(15%)\n  \
                 emit input, target\n}}\n\n\
                 pretext pretrain = {}() {{\n  data = own.train\n  augment = masked\n  encoder = bert(size = tiny)\n{}}}\n\n",
                looked.train(),
                task.name,
                pace.lines
            );
            out += &judged;
        }
    }
    out += "run { seed = 1 }\n";
    vec![Draft::whole(out, looked)]
}

/// What may suit dialogues.
pub fn dialogues(task: &SharedSpec, looked: &Looked) -> Vec<Draft> {
    let (mut out, _) = head(looked, &title(task, looked), "");
    let size = pieces(looked.train() * 10);
    let pace = Pace::new(looked, 32, "1e-3", "dialogues");
    let _ = write!(
        out,
        "fit pieces = wordpiece(size = {size}) {{ data = own.train }}\n\n"
    );
    if task.name == "reply" {
        let _ = write!(
            out,
            "dataset answers = own |> replies(context = 2) // turns before each answer\n\n\
             augment said(context, reply) {{\n  before = context |> join(vocabulary = pieces) |> crop_tokens(48, at = end)\n  \
             answer = reply |> tokenize(pieces) |> crop_tokens(24, at = start)\n  emit context = before, reply = answer\n}}\n\n\
             pretext pretrain = reply() {{\n  data = answers.train\n  augment = said\n  encoder = gpt(size = tiny)\n{}}}\n\n",
            pace.lines
        );
    } else {
        let _ = write!(
            out,
            "dataset three = own |> triples(ordered = 50%)\n\n\
             augment read(target, in_order, out_of_order, ordered) {{\n  asked = target |> tokenize(pieces) |> crop_tokens(24, at = start)\n  \
             straight = in_order |> tokenize(pieces) |> crop_tokens(24, at = start)\n  \
             mixed = out_of_order |> tokenize(pieces) |> crop_tokens(24, at = start)\n  \
             emit target = asked, in_order = straight, out_of_order = mixed, ordered\n}}\n\n\
             pretext pretrain = {}(width = 48) {{\n  data = three.train\n  augment = read\n  encoder = gru(width = 48, embedding = 48)\n{}}}\n\n",
            task.name, pace.lines
        );
    }
    out += "run { seed = 1 }\n";
    vec![Draft::whole(out, looked)]
}

/// What may suit pictures with captions.
pub fn captions(task: &SharedSpec, looked: &Looked) -> Vec<Draft> {
    let (start, judges) = head(looked, &title(task, looked), "");
    let size = pieces(looked.train());
    let pace = Pace::new(looked, 256, "1e-3", "pictures");
    let mut found = Vec::new();
    for (side, encoder) in [(64, "small_cnn(width = 32)"), (32, "small_cnn(width = 32)")] {
        let mut out = start.clone();
        let _ = write!(
            out,
            "fit pieces = wordpiece(size = {size}) {{ data = own.train }}\n\n\
             augment pair(image, text) {{\n  picture = image |> random_resized_crop({side}px, scale = 0.6..1.0) |> normalize()\n  \
             caption = text |> tokenize(pieces) |> crop_tokens(32, at = start)\n  emit image = picture, text = caption\n}}\n\n\
             pretext pretrain = {}(width = 128) {{\n  data = own.train\n  augment = pair\n  image_encoder = {encoder} // for {side} px\n  \
             text_encoder = gpt(width = 128, depth = 2, heads = 4, pool = last)\n{}}}\n\n\
             evaluate found = caption_retrieval() {{ from = pretrain, data = {judges} }}\n\nrun {{ seed = 1 }}\n",
            task.name, pace.lines
        );
        found.push(Draft::whole(out, looked));
    }
    found
}
