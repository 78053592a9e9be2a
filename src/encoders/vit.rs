//! Vision transformers (Dosovitskiy et al., 2021) with timm's layout and parameter names.

use super::layers::{ConvLayer, LinearInit, conv, layer_norm, linear, transformer_halves};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::SampleType;
use crate::graph::{Graph, Init, Resampling, Size, Var, show};
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
    /// What is given: the class token's features, or the mean of the patches', without such a token.
    pub pool: Pool,
    /// Tokens with their positions are normalised before the first block, and patches have no bias: CLIP's (Radford et al., 2021).
    pub pre_norm: bool,
    /// Adds timm's classifier `head`.
    pub classes: Option<usize>,
}

/// What a transformer gives of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// A token of its own, which stands before the patches.
    Class,
    /// The mean of all patches; timm's `gap` models.
    Mean,
}

impl Pool {
    /// Tokens that stand before the patches.
    fn before(self) -> usize {
        usize::from(self == Pool::Class)
    }
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
            pool: Pool::Class,
            pre_norm: false,
            classes,
        }
    }

    /// `[B, C, H, W]` → the class token's features, or the mean of the patches', `[B, D]`.
    pub fn build(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let x = g.at_depth(0, |g| self.embed(g, x))?; // [B, N, D]
        let x = self.blocks(g, x)?; // [B, 1 + N, D], or [B, N, D]
        let x = self.norm(g, x)?;
        let pooled = match self.pool {
            Pool::Class => g.slice(x, 1, 0.into(), 1.into())?, // [B, 1, D]
            Pool::Mean => g.mean(x, 1)?,
        };
        let pooled = g.flatten(pooled)?; // [B, D]
        match self.classes {
            Some(classes) => g.scoped("head", |g| linear(g, pooled, classes, true, INIT)),
            None => Ok(pooled),
        }
    }

    /// Patches with their positions, without a class token: `[B, C, H, W]` → `[B, N, D]`, N = H/patch · W/patch.
    fn embed(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let [_, height, width] = g.check_map("vit", x)?;
        let tokens = self.patches(g, x)?;
        self.positions(g, tokens, height / self.patch, width / self.patch)
    }

    /// Patches without positions: `[B, C, H, W]` → `[B, N, D]`.
    fn patches(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let [_, height, width] = g.check_map("vit", x)?;
        if self.patch == 0 || height % self.patch != 0 || width % self.patch != 0 {
            let problem = Problem::argument(
                Code::Shape,
                "patch",
                format!(
                    "pictures of {height}×{width} px can't be cut into patches of {} px",
                    self.patch
                ),
            );
            let divides = |side: &usize| height % side == 0 && width % side == 0;
            // several patches a side are worth more than one
            let half = self.patch.min(height.min(width) / 2);
            let side = (2..=half).rev().find(divides);
            return Err(match side.or_else(|| (2..=self.patch).rev().find(divides)) {
                Some(side) => problem.help(format!(
                    "write `patch = {side}px`, which divides both sides, or crop the picture in the augment"
                )),
                None => problem.help("crop the picture in the augment to sides that a patch divides"),
            });
        }
        let cut = ConvLayer {
            stride: self.patch,
            padding: 0,
            bias: !self.pre_norm,
            ..ConvLayer::new(self.width, self.patch)
        };
        let patches = g.at_depth(0, |g| {
            g.scoped("patch_embed", |g| g.scoped("proj", |g| conv(g, x, cut)))
        })?; // [B, D, h, w]
        let batch = g.shape(x)[0].clone();
        let count = (height / self.patch) * (width / self.patch);
        let rows = g.reshape(patches, vec![batch, self.width.into(), count.into()])?;
        g.transpose(rows, 1, 2) // [B, N, D]
    }

    /// Adds the positions of a grid of patches: `[B, rows · columns, D]` → the same. The first picture of a graph decides how
    /// many positions are trained; another size gets them interpolated, bicubic (Caron et al., 2021).
    fn positions(&self, g: &mut Graph, tokens: Var, rows: usize, columns: usize) -> Result<Var> {
        let count = rows * columns;
        let trained = g
            .parameter_shape("pos_embed")
            .map_or(count, |shape| shape[1].saturating_sub(self.pool.before()));
        let places = self.position_table(g, trained);
        let first = self.pool.before().into();
        let mut places = g.slice(places, 1, first, trained.into())?; // [1, N, D]
        if trained != count {
            let side = trained.isqrt();
            if side * side != trained {
                return Err(g
                    .shape_problem(format!(
                        "vit: the positions of {trained} patches can't be interpolated to {rows} × {columns}"
                    ))
                    .help("let the first picture be square"));
            }
            let width = self.width.into();
            let map = g.reshape(places, vec![1.into(), side.into(), side.into(), width])?;
            let map = g.permute(map, &[0, 3, 1, 2])?; // [1, D, side, side]
            let map = g.interpolate(map, rows, columns, Resampling::Bicubic)?;
            let flat = vec![1.into(), self.width.into(), count.into()];
            let flat = g.reshape(map, flat)?; // [1, D, N]
            places = g.transpose(flat, 1, 2)?;
        }
        g.add(tokens, places)
    }

    /// The same for as many patches as positions are trained, or a square grid.
    fn some_positions(&self, g: &mut Graph, tokens: Var) -> Result<Var> {
        let shape = g.shape(tokens).clone();
        let count = shape.get(1).and_then(Size::known).unwrap_or(0);
        let trained = g.parameter_shape("pos_embed").map(|shape| shape[1]);
        let fits = trained.is_none_or(|trained| trained == count + self.pool.before());
        let side = count.isqrt();
        if shape.len() != 3 || count == 0 || (!fits && side * side != count) {
            return Err(g.shape_problem(format!(
                "vit: positions are added to a square grid of tokens [B, N, {}], not to {}",
                self.width,
                show(&shape)
            )));
        }
        match fits {
            true => self.positions(g, tokens, 1, count),
            false => self.positions(g, tokens, side, side),
        }
    }

    /// `pos_embed [1, 1 + N, D]`: the class token's place, where there is one, then the patches'.
    fn position_table(&self, g: &mut Graph, patches: usize) -> Var {
        let shape = [1, patches + self.pool.before(), self.width];
        g.at_depth(0, |g| {
            g.parameter("pos_embed", &shape, Init::TruncatedNormal(0.02))
        })
    }

    /// The class token in front, where there is one, then all blocks: any patches with positions `[B, n, D]` → `[B, 1 + n, D]`, or
    /// `[B, n, D]`.
    fn blocks(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let shape = g.shape(x).clone();
        if shape.len() != 3 || shape[2] != self.width.into() {
            return Err(g.shape_problem(format!(
                "vit: its blocks take tokens [B, N, {}], but {} flows in",
                self.width,
                show(&shape)
            )));
        }
        let mut x = match self.pool {
            Pool::Class => self.class_before(g, x)?, // [B, 1 + n, D]
            Pool::Mean => x,
        };
        if self.pre_norm {
            x = g.at_depth(0, |g| g.scoped("norm_pre", |g| layer_norm(g, x, EPSILON)))?;
        }
        for block in 0..self.depth {
            let (y, added) = g.at_depth(block + 1, |g| {
                g.scoped("blocks", |g| {
                    g.scoped(&block.to_string(), |g| {
                        transformer_halves(g, x, self.heads, EPSILON)
                    })
                })
            })?;
            x = y;
            g.place(&format!("block{}", block + 1), x);
            g.place(&format!("ffn{}", block + 1), added);
        }
        Ok(x)
    }

    /// The class token, at its place, before tokens: `[B, n, D]` → `[B, 1 + n, D]`.
    fn class_before(&self, g: &mut Graph, x: Var) -> Result<Var> {
        let shape = g.shape(x).clone();
        let class = g.at_depth(0, |g| {
            g.parameter("cls_token", &[1, 1, self.width], Init::Normal(1e-6))
        });
        let patches = match (g.parameter_shape("pos_embed"), shape[1].known()) {
            (Some(table), _) => table[1].saturating_sub(1),
            (None, Some(count)) => count,
            (None, None) => 0,
        };
        let places = self.position_table(g, patches);
        let place = g.slice(places, 1, 0.into(), 1.into())?;
        let class = g.add(class, place)?; // [1, 1, D]
        let class = g.expand(class, vec![shape[0].clone(), 1.into(), self.width.into()])?;
        g.concat(&[class, x], 1)
    }

    /// The last norm: `[B, N, D]` → the same.
    fn norm(&self, g: &mut Graph, x: Var) -> Result<Var> {
        g.scoped("norm", |g| layer_norm(g, x, EPSILON))
    }

    fn of(args: &Args) -> Self {
        let vit = Self::sized(
            args.word("size"),
            args.length("patch"),
            args.maybe_size("classes"),
        );
        Self {
            width: args.maybe_size("width").unwrap_or(vit.width),
            depth: args.maybe_size("depth").unwrap_or(vit.depth),
            heads: args.maybe_size("heads").unwrap_or(vit.heads),
            pool: match args.word("pool") {
                "mean" => Pool::Mean,
                _ => Pool::Class,
            },
            pre_norm: args.word("pre_norm") == "on",
            ..vit
        }
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "vit",
        Kind::Encoder,
        "A vision transformer; gives the class token, or the mean of the patches.",
        Make::Encoder(|g, args, x| Vit::of(args).build(g, x)),
    )
    .takes(SampleType::IMAGE)
    .part("embed", |g, args, x| Vit::of(args).embed(g, x))
    .part("patches", |g, args, x| Vit::of(args).patches(g, x))
    .part("positions", |g, args, x| Vit::of(args).some_positions(g, x))
    .part("blocks", |g, args, x| Vit::of(args).blocks(g, x))
    .part("norm", |g, args, x| Vit::of(args).norm(g, x))
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
        Param::optional("width", Type::Integer, "Features of a token; the size's where it is absent.")
            .within(1.0, 65536.0),
    )
    .param(
        Param::optional("depth", Type::Integer, "Blocks; the size's where it is absent.")
            .within(1.0, 1000.0),
    )
    .param(
        Param::optional(
            "heads",
            Type::Integer,
            "Attention heads, which divide the width; the size's where it is absent.",
        )
        .within(1.0, 1024.0),
    )
    .param(Param::with_default(
        "pool",
        Type::Choice(&["class", "mean"]),
        "class",
        "What is given: `class`, the features of a token before the patches; `mean`, those of the patches, with no such token.",
    ))
    .param(Param::switch(
        "pre_norm",
        "off",
        "A layer norm of patches and positions before the first block, and no bias of patches, as CLIP has it (timm's `pre_norm`).",
    ))
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
        "Places: `block1` … `block12` (`[B, 1 + N, D]`, the class token first; `[B, N, D]` where the patches' mean is given, as in \
         timm's `gap` models), and `ffn1` … `ffn12`, what the feed-forward half of a block adds. Parameters have timm's names and start as timm's do. A second size of picture, as in multi-crop, gets the first one's positions interpolated.\n\nParts for tasks: \
         `embed` (`[B, C, H, W]` to patches with positions `[B, N, D]`), in two steps `patches` and `positions`; `blocks` \
         (any of the patches, a class token is put in front: `[B, 1 + n, D]`); `norm`.",
    )
    .example("vit(size = tiny, patch = 4px)")
}
