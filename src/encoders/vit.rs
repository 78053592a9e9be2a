//! Vision transformers (Dosovitskiy et al., 2021) with timm's layout and parameter names.

use super::layers::{ConvLayer, LinearInit, conv, layer_norm, linear};
use crate::catalog::{Kind, Make, Param, Problem, Result, Spec, Type};
use crate::graph::{Graph, Init, Var};
use crate::language::codes::Code;

/// timm's: layer norms of a transformer have a smaller constant than PyTorch's default.
const EPSILON: f64 = 1e-6;
const INIT: LinearInit = LinearInit::TruncatedNormal(0.02);

/// A vision transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vit {
    /// Features of a token, D.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Side of a patch in pixels.
    pub patch: usize,
    /// Adds timm's classifier `head`.
    pub classes: Option<usize>,
}

impl Vit {
    /// `tiny`, `small` or `base`.
    pub fn sized(size: &str, patch: usize, classes: Option<usize>) -> Self {
        let (width, heads) = match size {
            "tiny" => (192, 3),
            "small" => (384, 6),
            _ => (768, 12),
        };
        Self {
            width,
            depth: 12,
            heads,
            patch,
            classes,
        }
    }

    /// `[B, C, H, W]` → the class token's features `[B, D]`. N = 1 + H/patch · W/patch tokens.
    pub fn build(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let mut x = g.at_depth(0, |g| self.embed(g, x))?; // [B, N, D]
        for block in 0..self.depth {
            x = g.scoped("blocks", |g| {
                g.scoped(&block.to_string(), |g| {
                    g.at_depth(block + 1, |g| self.block(g, x))
                })
            })?;
            g.place(&format!("block{}", block + 1), x);
        }
        let x = g.scoped("norm", |g| layer_norm(g, x, EPSILON))?;
        let class = g.slice(x, 1, 0.into(), 1.into())?; // [B, 1, D]
        let class = g.flatten(class)?; // [B, D]
        match self.classes {
            Some(classes) => g.scoped("head", |g| linear(g, class, classes, true, INIT)),
            None => Ok(class),
        }
    }

    /// Patches, the class token in front, positions added: `[B, C, H, W]` → `[B, N, D]`.
    fn embed(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let [_, height, width] = g.check_map("vit", x)?;
        if self.patch == 0 || height % self.patch != 0 || width % self.patch != 0 {
            return Err(Problem::argument(
                Code::Shape,
                "patch",
                format!(
                    "pictures of {height}×{width} px can't be cut into patches of {} px",
                    self.patch
                ),
            )
            .help("choose a patch that divides both sides, or crop the picture in the augment"));
        }
        let cut = ConvLayer {
            stride: self.patch,
            padding: 0,
            bias: true,
            ..ConvLayer::new(self.width, self.patch)
        };
        let patches = g.scoped("patch_embed", |g| g.scoped("proj", |g| conv(g, x, cut)))?; // [B, D, h, w]
        let batch = g.shape(x)[0].clone();
        let count = (height / self.patch) * (width / self.patch);
        let rows = g.reshape(
            patches,
            vec![batch.clone(), self.width.into(), count.into()],
        )?;
        let tokens = g.transpose(rows, 1, 2)?; // [B, N - 1, D]
        let class = g.parameter("cls_token", &[1, 1, self.width], Init::Normal(1e-6));
        let class = g.expand(class, vec![batch, 1.into(), self.width.into()])?;
        let tokens = g.concat(&[class, tokens], 1)?; // [B, N, D]
        let places = g.parameter(
            "pos_embed",
            &[1, count + 1, self.width],
            Init::TruncatedNormal(0.02),
        );
        g.add(tokens, places)
    }

    /// x + attention(norm(x)), then x + mlp(norm(x)).
    fn block(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let y = g.scoped("norm1", |g| layer_norm(g, x, EPSILON))?;
        let y = g.scoped("attn", |g| self.attention(g, y))?;
        let x = g.add(x, y)?;
        let y = g.scoped("norm2", |g| layer_norm(g, x, EPSILON))?;
        let y = g.scoped("mlp", |g| self.mlp(g, y))?;
        g.add(x, y)
    }

    /// softmax(q kᵀ / √d) v per head, d = D / heads.
    fn attention(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let shape = g.shape(x).clone(); // [B, N, D]
        let (width, size) = (self.width, self.width / self.heads);
        let qkv = g.scoped("qkv", |g| linear(g, x, 3 * width, true, INIT))?; // [B, N, 3 D]
        let part = |g: &mut Graph, index: usize| -> Result<Var> {
            let part = g.slice(qkv, 2, (index * width).into(), width.into())?;
            let split = vec![
                shape[0].clone(),
                shape[1].clone(),
                self.heads.into(),
                size.into(),
            ];
            let part = g.reshape(part, split)?;
            g.permute(part, &[0, 2, 1, 3]) // [B, heads, N, d]
        };
        let (q, k, v) = (part(g, 0)?, part(g, 1)?, part(g, 2)?);
        let q = g.mul_scalar(q, 1.0 / (size as f64).sqrt())?;
        let k = g.transpose(k, 2, 3)?;
        let scores = g.matmul(q, k)?; // [B, heads, N, N]
        let weights = g.softmax(scores, 3)?;
        let mixed = g.matmul(weights, v)?; // [B, heads, N, d]
        let mixed = g.permute(mixed, &[0, 2, 1, 3])?;
        let mixed = g.reshape(mixed, shape)?; // [B, N, D]
        g.scoped("proj", |g| linear(g, mixed, width, true, INIT))
    }

    fn mlp(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let hidden = g.scoped("fc1", |g| linear(g, x, 4 * self.width, true, INIT))?; // [B, N, 4 D]
        let hidden = g.gelu(hidden)?;
        g.scoped("fc2", |g| linear(g, hidden, self.width, true, INIT))
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "vit",
        Kind::Encoder,
        "A vision transformer; gives the class token.",
        Make::Encoder(|g, args, x| {
            Vit::sized(args.word("size"), args.length("patch"), args.maybe_size("classes")).build(g, x)
        }),
    )
    .param(Param::with_default(
        "size",
        Type::Choice(&["tiny", "small", "base"]),
        "tiny",
        "192, 384 or 768 features with 3, 6 or 12 heads; 12 blocks.",
    ))
    .param(
        Param::with_default(
            "patch",
            Type::Length,
            "16px",
            "Side of a patch; must divide the picture's. 4px suits pictures of 32 px.",
        )
        .within(1.0, 1024.0),
    )
    .param(
        Param::optional(
            "classes",
            Type::Integer,
            "Adds timm's classifier `head` with this many outputs.",
        )
        .within(1.0, 1e6),
    )
    .paper(
        "Dosovitskiy et al., 2021",
        "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
        "arXiv:2010.11929",
    )
    .doc(
        "Places: `block1` … `block12` (`[B, N, D]`, the class token first). Parameters have timm's names and start as \
         timm's do.",
    )
    .example("vit(size = tiny, patch = 4px)")
}
