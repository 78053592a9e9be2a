//! `interpolate(2)`

use crate::catalog::{Kind, Make, Param, Spec, Type};
use crate::graph::Resampling;

pub(super) fn spec() -> Spec {
    Spec::new(
        "interpolate",
        Kind::Layer,
        "A map a whole number of times as large.",
        Make::Layer(|g, args, x| {
            let [_, height, width] = g.check_map("interpolate", x)?;
            let scale = args.size("scale");
            let method = match args.word("method") {
                "bilinear" => Resampling::Bilinear,
                "bicubic" => Resampling::Bicubic,
                _ => Resampling::Nearest,
            };
            g.interpolate(x, height * scale, width * scale, method)
        }),
    )
    .param(Param::required("scale", Type::Integer, "How many times.").within(1.0, 64.0))
    .param(Param::with_default(
        "method",
        Type::Choice(&["nearest", "bilinear", "bicubic"]),
        "nearest",
        "How pixels in between are made.",
    ))
    .doc("`[B, C, H, W]` becomes `[B, C, scale H, scale W]`, pixel centres as in PyTorch with `align_corners = False`.")
    .example("interpolate(2)")
}
