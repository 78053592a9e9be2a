//! GPT-2 (Radford et al., 2019), with the parameter names of Hugging Face's `GPT2Model`.

use super::layers::{LinearInit, by_head, heads_beside, layer_norm, linear};
use super::texts::{Sizes, check_heads, drop, last, mean, own, position, seen};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Init, Past, Var, show};
use crate::language::codes::Code;

/// Added to the variance of its layer norms.
const EPSILON: f64 = 1e-5;
const STD: f32 = 0.02;
const INIT: LinearInit = LinearInit::TruncatedNormal(STD);

/// A transformer in which a piece looks at those before it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Gpt {
    /// Features of a piece, D.
    width: usize,
    /// Blocks.
    depth: usize,
    /// Attention heads.
    heads: usize,
    /// How likely a feature is left out while training.
    dropout: f64,
    /// A text is the mean of its pieces; else the last of them, which has seen the others.
    mean: bool,
}

impl Gpt {
    /// What a call says.
    fn of(args: &Args) -> Self {
        let Sizes {
            width,
            depth,
            heads,
        } = Sizes::of(args);
        Self {
            width,
            depth,
            heads,
            dropout: args.ratio("dropout"),
            mean: args.word("pool") == "mean",
        }
    }

    /// Ids `[B, n]` → the text's features `[B, D]`.
    fn build(&self, g: &mut Graph, ids: Var) -> Result<Var> {
        let x = self.tokens(g, ids)?; // [B, n, D]
        let own = own(g, ids)?; // [B, n]
        if self.mean {
            return mean(g, x, own);
        }
        let last = last(g, own)?; // [B, 1]
        let last = g.gather_rows(x, last)?; // [B, 1, D]
        g.flatten(last)
    }

    /// Ids `[B, n]` → features of each piece `[B, n, D]`, of itself and of those before it. Padding may stand anywhere: nobody looks at it,
    /// and it takes no position.
    fn tokens(&self, g: &mut Graph, ids: Var) -> Result<Var> {
        self.next(g, &mut Past::default(), ids)
    }

    /// The same of pieces that stand behind m others, of which `past` knows.
    fn next(&self, g: &mut Graph, past: &mut Past, ids: Var) -> Result<Var> {
        let fresh = own(g, ids)?; // [B, n]
        let own = match past.own {
            Some(before) => g.concat(&[before, fresh], 1)?,
            None => fresh,
        }; // [B, m + n]
        past.own = Some(own);
        let mut x = g.at_depth(0, |g| self.embed(g, ids, own))?; // [B, n, D]
        let n = g.shape(ids)[1].clone();
        let mask = seen(g, own, &n)?; // [B, 1, n, m + n]
        past.blocks.resize_with(self.depth, || None);
        for (block, past) in past.blocks.iter_mut().enumerate() {
            x = g.at_depth(block + 1, |g| {
                g.scoped("h", |g| {
                    g.scoped(&block.to_string(), |g| self.block(g, x, mask, past))
                })
            })?;
            g.place(&format!("block{}", block + 1), x);
        }
        g.scoped("ln_f", |g| layer_norm(g, x, EPSILON))
    }

    /// Words and positions, added: `[B, n]`, and what is padding of them and of those before, `[B, m + n]` → `[B, n, D]`.
    fn embed(&self, g: &mut Graph, ids: Var, own: Var) -> Result<Var> {
        let shape = g.shape(ids).clone();
        let known = g.classes_of(ids).map(|(pieces, _)| pieces);
        // ids that were drawn: of the vocabulary of those that were read before
        let read = g.scoped("wte", |g| g.parameter_shape("weight").map(|shape| shape[0]));
        let (Some(vocabulary), [_, length]) = (known.or(read), shape.as_slice()) else {
            return Err(g.shape_problem(format!(
                "gpt takes ids of pieces [B, n] of a vocabulary whose size is known, not {}",
                show(&shape)
            )));
        };
        let n = length.clone();
        let length = g.shape(own)[1].known().unwrap_or(0);
        let table = |g: &mut Graph, name: &str, rows: usize| {
            g.scoped(name, |g| {
                g.parameter("weight", &[rows, self.width], Init::TruncatedNormal(STD))
            })
        };
        let words = table(g, "wte", vocabulary);
        let x = g.embedding(words, ids)?; // [B, n, D]
        // the first text of a graph says how many positions are trained
        let trained = g.scoped("wpe", |g| g.parameter_shape("weight").map(|shape| shape[0]));
        let trained = trained.unwrap_or(length);
        if length > trained {
            return Err(Problem::new(
                Code::Shape,
                format!(
                    "gpt was trained on texts of {trained} pieces, and one of {length} flows in"
                ),
            )
            .help(format!(
                "cut texts to that: `crop_tokens({trained}, at = start)`"
            )));
        }
        let places = table(g, "wpe", trained);
        let own_place = position(g, own, &n)?; // [B, n]
        let places = g.embedding(places, own_place)?; // [B, n, D]
        let x = g.add(x, places)?;
        drop(g, x, self.dropout)
    }

    /// x + attention(norm(x)), then x + mlp(norm(x)): `[B, n, D]`; `mask` `[B, 1, n, m + n]`.
    fn block(&self, g: &mut Graph, x: Var, mask: Var, past: &mut Option<[Var; 2]>) -> Result<Var> {
        let y = g.scoped("ln_1", |g| layer_norm(g, x, EPSILON))?;
        let y = g.scoped("attn", |g| self.attention(g, y, mask, past))?;
        let x = g.add(x, y)?;
        let y = g.scoped("ln_2", |g| layer_norm(g, x, EPSILON))?;
        let y = g.scoped("mlp", |g| {
            let y = g.scoped("c_fc", |g| linear(g, y, 4 * self.width, true, INIT))?; // [B, n, 4 D]
            let y = g.gelu(y)?;
            self.back(g, y)
        })?;
        g.add(x, y)
    }

    /// softmax(q kᵀ / √d) v per head, over the pieces that a piece may see.
    fn attention(
        &self,
        g: &mut Graph,
        x: Var,
        mask: Var,
        past: &mut Option<[Var; 2]>,
    ) -> Result<Var> {
        let shape = g.shape(x).clone(); // [B, n, D]
        check_heads(self.width, self.heads)?;
        let qkv = g.scoped("c_attn", |g| linear(g, x, 3 * self.width, true, INIT))?; // [B, n, 3 D]
        let part = |g: &mut Graph, index: usize| -> Result<Var> {
            let part = g.slice(qkv, 2, (index * self.width).into(), self.width.into())?;
            by_head(g, part, self.heads) // [B, heads, n, d]
        };
        let (q, mut k, mut v) = (part(g, 0)?, part(g, 1)?, part(g, 2)?);
        if let Some([keys, values]) = *past {
            k = g.concat(&[keys, k], 2)?; // [B, heads, m + n, d]
            v = g.concat(&[values, v], 2)?;
        }
        *past = Some([k, v]);
        let mixed = g.attention(q, k, v, Some(mask), None)?; // [B, heads, n, d]
        let mixed = heads_beside(g, mixed, shape)?; // [B, n, D]
        self.back(g, mixed)
    }

    /// dropout(W y + b), which is added to what went in: it starts smaller the deeper the network, so that the sum does not grow with depth.
    fn back(&self, g: &mut Graph, y: Var) -> Result<Var> {
        let init = LinearInit::TruncatedNormal(STD / (2.0 * self.depth as f32).sqrt());
        let y = g.scoped("c_proj", |g| linear(g, y, self.width, true, init))?;
        drop(g, y, self.dropout)
    }

    /// The table of pieces, once a text was read or where the size of the vocabulary is known.
    fn table(&self, g: &mut Graph, declared: Option<usize>) -> Option<Var> {
        g.scoped("wte", |g| {
            let there = g.parameter_shape("weight").map(|shape| shape[0]);
            let shape = [there.or(declared)?, self.width];
            Some(g.parameter("weight", &shape, Init::TruncatedNormal(STD)))
        })
    }

    /// The rows of the table of pieces: ids `[..]` → `[.., D]`.
    fn vectors(&self, g: &mut Graph, ids: Var) -> Result<Var> {
        let declared = g.classes_of(ids).map(|(pieces, _)| pieces);
        match self.table(g, declared) {
            Some(table) => g.embedding(table, ids),
            None => {
                Err(g.shape_problem("gpt takes ids of pieces of a vocabulary whose size is known"))
            }
        }
    }

    /// A score for each piece of the vocabulary, by the pieces' own embeddings: `[R, D]` → `[R, V]`.
    fn words(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let Some(table) = self.table(g, None) else {
            return Err(g.shape_problem("gpt: no text was read before its words are asked for"));
        };
        let columns = g.transpose(table, 0, 1)?; // [D, V]
        g.matmul(x, columns)
    }
}

pub(super) fn spec() -> Spec {
    let spec = Spec::new(
        "gpt",
        Kind::Encoder,
        "A transformer that reads a text from left to right, and can write.",
        Make::Encoder(|g, args, x| Gpt::of(args).build(g, x)),
    )
    .takes(SampleType::TOKENS)
    .part("tokens", |g, args, x| Gpt::of(args).tokens(g, x))
    .part("words", |g, args, x| Gpt::of(args).words(g, x))
    .part("vectors", |g, args, x| Gpt::of(args).vectors(g, x))
    .next(|g, args, past, x| Gpt::of(args).next(g, past, x));
    Sizes::params(
        spec,
        "As those of `bert`: 2 blocks of 128 features, 4 of 256, 4 of 512, 8 of 512, or 12 of 768, the paper's smallest; 64 features a head.",
    )
    .param(Param::with_default(
        "pool",
        Type::Choice(&["mean", "last"]),
        "mean",
        "What stands for a text: the mean of its pieces, or its last, which has seen all of them.",
    ))
    .param(
        Param::with_default(
            "dropout",
            Type::Ratio,
            "10%",
            "How likely a feature is left out while training, behind the embeddings and before each sum. Weights of the attention are not left out.",
        )
        .within(0.0, 0.9),
    )
    .paper(
        "Radford et al., 2019",
        "Language Models are Unsupervised Multitask Learners",
        "openai.com/research/better-language-models",
    )
    .doc(
        "Takes tokens `[B, n]`; those with id 0 are padding, at which nothing looks. A piece looks at itself and at those before it. The first \
         text says how many positions there are; a piece's own is how many come before it, padding not counted, so that texts can be laid one \
         behind the other with padding between. Places: `block1` … (`[B, n, D]`). Parameters have the names of Hugging Face's `GPT2Model` with \
         `activation_function = \"gelu\"` (the exact one).\n\nParts for tasks: `tokens` (ids `[B, n]` to features of each piece `[B, n, D]`); \
         `words` (features `[R, D]` to scores of the vocabulary `[R, V]`, by the embeddings of its pieces: of what comes next); `vectors` (ids \
         of any shape, `[B, n]`, to those embeddings, `[B, n, D]`).",
    )
    .example("gpt(size = tiny)")
}

#[cfg(test)]
#[path = "gpt_tests.rs"]
mod tests;
