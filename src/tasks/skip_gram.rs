//! Does this word stand near that one? (Mikolov et al., 2013)

use super::windows;
use crate::catalog::{Kind, Make, Spec};

pub(super) fn spec() -> Spec {
    windows::declared(Spec::new(
        "skip_gram",
        Kind::Task,
        "Does this word stand near that one, or is it noise?",
        Make::task(|g, task| windows::build(g, task, false), windows::augment),
    ))
    .doc(&format!(
        "word2vec's skip-gram: each word of a window tells the word in its middle. {}",
        windows::DOC
    ))
    .example(
        "ssl 1\n\ndataset corpus = text_lines(\"corpus.txt\")\n\nfit words = vocabulary(size = 30000) { data = corpus.train }\n\n\
         pretext vectors = skip_gram(vocabulary = words) {\n  data    = corpus.train\n  encoder = word_vectors(100)\n}\n",
    )
}

#[cfg(test)]
#[path = "skip_gram_tests.rs"]
mod tests;
