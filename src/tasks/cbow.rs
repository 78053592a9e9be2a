//! Which word stands among these? (Mikolov et al., 2013)

use super::windows;
use crate::catalog::{Kind, Make, Spec};

pub(super) fn spec() -> Spec {
    windows::declared(Spec::new(
        "cbow",
        Kind::Task,
        "Does this word stand among those, or is it noise?",
        Make::task(|g, task| windows::build(g, task, true), windows::augment),
    ))
    .doc(&format!(
        "word2vec's continuous bag of words: the mean of a window's words tells the word in its middle. {}",
        windows::DOC
    ))
    .example(
        "ssl 1\n\ndataset corpus = text_lines(\"corpus.txt\")\n\nfit words = vocabulary(size = 30000) { data = corpus.train }\n\n\
         pretext vectors = cbow(vocabulary = words) {\n  data    = corpus.train\n  encoder = word_vectors(100)\n}\n",
    )
}
