//! BERT (Devlin et al., 2019), with the parameter names of Hugging Face's `BertModel`.

use super::layers::{LinearInit, by_head, heads_beside, layer_norm, linear};
use super::texts::{Sizes, check_heads, drop, mean, own};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Init, Size, Var, show};
use crate::language::codes::Code;

/// Added to the variance of its layer norms.
const EPSILON: f64 = 1e-12;
const STD: f32 = 0.02;
const INIT: LinearInit = LinearInit::TruncatedNormal(STD);

/// A transformer that reads a text as a whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bert {
    /// Features of a piece, D.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// How likely a feature is left out while training.
    pub dropout: f64,
    /// A text is the mean of its pieces; else the first of them.
    pub mean: bool,
}

impl Bert {
    /// What a call says.
    pub fn of(args: &Args) -> Self {
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

    /// Ids `[B, n]`, or with their kinds `[B, n, 2]` → the text's features `[B, D]`.
    fn build(&self, g: &mut Graph, text: Var) -> Result<Var> {
        let (ids, kinds) = apart(g, text)?;
        let x = self.blocks(g, ids, kinds)?; // [B, n, D]
        if !self.mean {
            let first = g.slice(x, 1, 0.into(), 1.into())?; // [B, 1, D]
            return g.flatten(first);
        }
        let own = own(g, ids)?; // [B, n]
        mean(g, x, own)
    }

    /// Ids `[B, n]`, or with their kinds `[B, n, 2]` → features of each piece `[B, n, D]`.
    fn tokens(&self, g: &mut Graph, text: Var) -> Result<Var> {
        let (ids, kinds) = apart(g, text)?;
        self.blocks(g, ids, kinds)
    }

    /// Ids `[B, n]`, and of pairs of texts which of the two each piece is of, `[B, n]` → features of each piece `[B, n, D]`; padding looks
    /// at the text, and nobody looks at padding.
    fn blocks(&self, g: &mut Graph, ids: Var, kinds: Option<Var>) -> Result<Var> {
        let embedded = g.at_depth(0, |g| g.scoped("embeddings", |g| self.embed(g, ids, kinds)));
        let mut x = embedded?; // [B, n, D]
        let own = own(g, ids)?; // [B, n]
        let shape = g.shape(own).clone();
        let (one, one_more) = (Size::fixed(1), Size::fixed(1));
        let mask = g.reshape(own, vec![shape[0].clone(), one, one_more, shape[1].clone()])?; // [B, 1, 1, n]
        for block in 0..self.depth {
            x = g.at_depth(block + 1, |g| {
                g.scoped("encoder", |g| {
                    g.scoped("layer", |g| {
                        g.scoped(&block.to_string(), |g| self.block(g, x, mask))
                    })
                })
            })?;
            g.place(&format!("block{}", block + 1), x);
        }
        Ok(x)
    }

    /// Words, positions and kinds, which are 0 where a text is one, normalised: `[B, n]` → `[B, n, D]`.
    fn embed(&self, g: &mut Graph, ids: Var, kinds: Option<Var>) -> Result<Var> {
        let shape = g.shape(ids).clone();
        let (Some((vocabulary, _)), [_, length]) = (g.classes_of(ids), shape.as_slice()) else {
            return Err(g.shape_problem(format!(
                "bert takes ids of pieces [B, n] of a vocabulary whose size is known, not {}",
                show(&shape)
            )));
        };
        let n = length.known().unwrap_or(0);
        let table = |g: &mut Graph, name: &str, rows: usize| {
            g.scoped(name, |g| {
                g.parameter("weight", &[rows, self.width], Init::TruncatedNormal(STD))
            })
        };
        let words = table(g, "word_embeddings", vocabulary);
        let x = g.embedding(words, ids)?; // [B, n, D]
        // the first text of a graph says how many positions are trained
        let trained = g.scoped("position_embeddings", |g| {
            g.parameter_shape("weight").map(|shape| shape[0])
        });
        let trained = trained.unwrap_or(n);
        if n > trained {
            return Err(Problem::new(
                Code::Shape,
                format!("bert was trained on texts of {trained} pieces, and one of {n} flows in"),
            )
            .help(format!(
                "cut texts to that: `crop_tokens({trained}, at = start)`"
            )));
        }
        let places = table(g, "position_embeddings", trained);
        let places = g.slice(places, 0, 0.into(), n.into())?; // [n, D]
        let x = g.add(x, places)?;
        let rows = table(g, "token_type_embeddings", 2);
        let kind = g.slice(rows, 0, 0.into(), 1.into())?; // [1, D]
        let mut x = g.add(x, kind)?;
        if let Some(kinds) = kinds {
            let other = g.slice(rows, 0, 1.into(), 1.into())?; // [1, D]
            let other = g.sub(other, kind)?;
            let kinds = g.to_float(kinds)?;
            let kinds = g.unsqueeze(kinds, 2)?; // [B, n, 1]
            let other = g.mul(kinds, other)?; // [B, n, D]
            x = g.add(x, other)?;
        }
        let x = g.scoped("LayerNorm", |g| layer_norm(g, x, EPSILON))?;
        drop(g, x, self.dropout)
    }

    /// The rows of the table of pieces: ids `[..]` → `[.., D]`.
    fn vectors(&self, g: &mut Graph, ids: Var) -> Result<Var> {
        let declared = g.classes_of(ids).map(|(pieces, _)| pieces);
        let rows = g.scoped("embeddings", |g| {
            g.scoped("word_embeddings", |g| {
                let there = g.parameter_shape("weight").map(|shape| shape[0]);
                let shape = [there.or(declared)?, self.width];
                let table = g.parameter("weight", &shape, Init::TruncatedNormal(STD));
                Some(g.embedding(table, ids))
            })
        });
        rows.unwrap_or_else(|| {
            Err(g.shape_problem("bert takes ids of pieces of a vocabulary whose size is known"))
        })
    }

    /// norm(x + attention(x)), then norm(x + mlp(x)): `[B, n, D]`; `mask` `[B, 1, 1, n]`.
    fn block(&self, g: &mut Graph, x: Var, mask: Var) -> Result<Var> {
        let x = g.scoped("attention", |g| {
            let y = g.scoped("self", |g| self.attention(g, x, mask))?;
            g.scoped("output", |g| self.added(g, x, y))
        })?;
        let y = g.scoped("intermediate", |g| {
            g.scoped("dense", |g| linear(g, x, 4 * self.width, true, INIT))
        })?; // [B, n, 4 D]
        let y = g.gelu(y)?;
        g.scoped("output", |g| self.added(g, x, y))
    }

    /// norm(x + dropout(W y + b)).
    fn added(&self, g: &mut Graph, x: Var, y: Var) -> Result<Var> {
        let y = g.scoped("dense", |g| linear(g, y, self.width, true, INIT))?;
        let y = drop(g, y, self.dropout)?;
        let x = g.add(x, y)?;
        g.scoped("LayerNorm", |g| layer_norm(g, x, EPSILON))
    }

    /// softmax(q kᵀ / √d) v per head, over pieces that are no padding.
    fn attention(&self, g: &mut Graph, x: Var, mask: Var) -> Result<Var> {
        let shape = g.shape(x).clone(); // [B, n, D]
        check_heads(self.width, self.heads)?;
        let part = |g: &mut Graph, name: &str| -> Result<Var> {
            let part = g.scoped(name, |g| linear(g, x, self.width, true, INIT))?;
            by_head(g, part, self.heads) // [B, heads, n, d]
        };
        let (q, k, v) = (part(g, "query")?, part(g, "key")?, part(g, "value")?);
        let mixed = g.attention(q, k, v, Some(mask), None)?; // [B, heads, n, d]
        heads_beside(g, mixed, shape)
    }

    /// tanh(W x₀ + b) of the first piece, which is `[CLS]`: `[B, n, D]` → `[B, D]`.
    fn pooled(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let first = g.slice(x, 1, 0.into(), 1.into())?; // [B, 1, D]
        let first = g.flatten(first)?; // [B, D]
        let dense = |g: &mut Graph| g.scoped("dense", |g| linear(g, first, self.width, true, INIT));
        let x = g.scoped("pooler", dense)?;
        g.tanh(x)
    }

    /// A score for each piece of the vocabulary, by the pieces' own embeddings: `[R, D]` → `[R, V]`.
    fn words(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let table = g.scoped("embeddings", |g| {
            g.scoped("word_embeddings", |g| {
                let shape = g.parameter_shape("weight").map(<[usize]>::to_vec)?;
                Some(g.parameter("weight", &shape, Init::TruncatedNormal(STD)))
            })
        });
        let Some(table) = table else {
            return Err(g.shape_problem("bert: no text was read before its words are asked for"));
        };
        let columns = g.transpose(table, 0, 1)?; // [D, V]
        g.matmul(x, columns)
    }
}

/// Ids `[B, n]` as they are; of ids and kinds side by side, `[B, n, 2]`, both on their own.
fn apart(g: &mut Graph, text: Var) -> Result<(Var, Option<Var>)> {
    let shape = g.shape(text).clone();
    if shape.len() != 3 || shape[2] != Size::fixed(2) {
        return Ok((text, None));
    }
    let mut one = |at: usize| {
        let column = g.slice(text, 2, at.into(), 1.into())?; // [B, n, 1]
        g.squeeze(column, 2) // [B, n]
    };
    Ok((one(0)?, Some(one(1)?)))
}

pub(super) fn spec() -> Spec {
    let spec = Spec::new(
        "bert",
        Kind::Encoder,
        "A transformer that reads a text in both directions.",
        Make::Encoder(|g, args, x| Bert::of(args).build(g, x)),
    )
    .takes(SampleType::TOKENS)
    .part("tokens", |g, args, x| Bert::of(args).tokens(g, x))
    .part("words", |g, args, x| Bert::of(args).words(g, x))
    .part("pooled", |g, args, x| Bert::of(args).pooled(g, x))
    .part("vectors", |g, args, x| Bert::of(args).vectors(g, x));
    Sizes::params(
        spec,
        "2 blocks of 128 features, 4 of 256, 4 of 512, 8 of 512, or 12 of 768; 64 features a head.",
    )
    .param(Param::with_default(
        "pool",
        Type::Choice(&["mean", "cls"]),
        "mean",
        "What stands for a text: the mean of its pieces, or its first, which is `[CLS]` where a text has one.",
    ))
    .param(
        Param::with_default(
            "dropout",
            Type::Ratio,
            "10%",
            "How likely a feature is left out while training, behind each sum. Weights of the attention are not left out.",
        )
        .within(0.0, 0.9),
    )
    .paper(
        "Devlin et al., 2019",
        "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
        "arXiv:1810.04805",
    )
    .doc(
        "Takes tokens `[B, n]`; those with id 0 are padding, at which nothing looks. The first text says how many positions there are; a \
         shorter one takes the first of them. Pairs of texts (`pair`) are ids and kinds side by side, `[B, n, 2]`: where texts are not in \
         pairs, the second row of `token_type_embeddings` is never used. Places: `block1` … (`[B, n, D]`). Parameters have the names of \
         Hugging Face's `BertModel`. Sizes below `base` are those of Turc et al., 2019.\n\nParts for tasks: `tokens` (ids `[B, n]` or \
         `[B, n, 2]` to features of each piece `[B, n, D]`); `pooled` (these to one vector for a text, of its first piece, by a layer of its \
         own and tanh, `[B, D]`); `words` (features `[R, D]` to scores of the vocabulary `[R, V]`, by the embeddings of its pieces); \
         `vectors` (ids of any shape, `[B, n]`, to those embeddings, `[B, n, D]`).",
    )
    .example("bert(size = tiny)")
}
