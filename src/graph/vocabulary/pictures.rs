//! 900: pictures and maps.

use super::attrs::attr;
use super::{AttrSpec, AttrType, Attrs, OpSpec, Preset, one, op};
use crate::catalog::Result;
use crate::graph::{Pool, Resampling};

const POOL: &[AttrSpec] = &[
    attr(
        "kernel",
        AttrType::Int,
        Preset::Required,
        "Side of the window.",
    ),
    attr(
        "stride",
        AttrType::Int,
        Preset::Absent,
        "Step; the window's side where it is absent.",
    ),
    attr(
        "padding",
        AttrType::Int,
        Preset::Int(0),
        "Added on each side; at most half of the window.",
    ),
];
const HEIGHT: AttrSpec = attr(
    "height",
    AttrType::Int,
    Preset::Required,
    "Rows of the result.",
);
const WIDTH: AttrSpec = attr(
    "width",
    AttrType::Int,
    Preset::Required,
    "Columns of the result.",
);
const PATCH: AttrSpec = attr("patch", AttrType::Int, Preset::Required, "Side of a patch.");

fn pool(a: &Attrs) -> Result<Pool> {
    let kernel = a.count("kernel")?;
    Ok(Pool {
        kernel,
        stride: a.maybe_count("stride")?.unwrap_or(kernel),
        padding: a.count("padding")?,
    })
}

pub(super) const OPS: &[OpSpec] = &[
    op(
        900,
        "max_pool",
        "The largest of each window of [B, C, H, W]",
        1,
        POOL,
        |g, x, a| one(g.max_pool(x[0], pool(a)?)),
    ),
    op(
        901,
        "avg_pool",
        "The mean of each window of [B, C, H, W], padding counted",
        1,
        POOL,
        |g, x, a| one(g.avg_pool(x[0], pool(a)?)),
    ),
    op(
        902,
        "global_avg_pool",
        "The mean over the places of a map: [B, C, H, W] → [B, C]",
        1,
        &[],
        |g, x, _| one(g.global_avg_pool(x[0])),
    ),
    op(
        903,
        "adaptive_avg_pool",
        "[B, C, H, W] in height × width cells, each the mean of the pixels that it touches",
        1,
        &[HEIGHT, WIDTH],
        |g, x, a| one(g.adaptive_avg_pool(x[0], a.count("height")?, a.count("width")?)),
    ),
    op(
        904,
        "interpolate",
        "[B, C, H, W] at another height and width, pixel centres as in PyTorch with align_corners = False",
        1,
        &[
            HEIGHT,
            WIDTH,
            attr(
                "method",
                AttrType::Word(&["nearest", "bilinear", "bicubic"]),
                Preset::Text("bilinear"),
                "How.",
            ),
        ],
        |g, x, a| {
            let method = match a.text("method")? {
                "nearest" => Resampling::Nearest,
                "bicubic" => Resampling::Bicubic,
                _ => Resampling::Bilinear,
            };
            one(g.interpolate(x[0], a.count("height")?, a.count("width")?, method))
        },
    ),
    op(
        910,
        "patchify",
        "[B, C, H, W] → [B, H/p · W/p, p · p · C], the channel last",
        1,
        &[PATCH],
        |g, x, a| one(g.patchify(x[0], a.count("patch")?)),
    ),
    op(
        911,
        "unpatchify",
        "[B, rows · w, p · p · C] → [B, C, rows · p, w · p]",
        1,
        &[
            PATCH,
            attr(
                "rows",
                AttrType::Int,
                Preset::Required,
                "Patches from top to bottom.",
            ),
        ],
        |g, x, a| one(g.unpatchify(x[0], a.count("patch")?, a.count("rows")?)),
    ),
];
