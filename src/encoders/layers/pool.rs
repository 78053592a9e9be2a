//! `max_pool(3, stride = 2)`, `avg_pool(2)`, `adaptive_avg_pool(2)`, `global_avg_pool()`

use crate::catalog::{Args, Kind, Make, Param, Spec, Type};
use crate::graph::Pool;

fn pool(args: &Args) -> Pool {
    let kernel = args.size("kernel");
    Pool {
        kernel,
        stride: args.maybe_size("stride").unwrap_or(kernel),
        padding: args.size("padding"),
    }
}

fn windowed(spec: Spec) -> Spec {
    spec.param(Param::required("kernel", Type::Integer, "Window size.").within(1.0, 1024.0))
        .param(
            Param::optional(
                "stride",
                Type::Integer,
                "Step; the window size where it is absent.",
            )
            .within(1.0, 1024.0),
        )
        .param(
            Param::with_default(
                "padding",
                Type::Integer,
                "0",
                "Added on each side; at most half of the window.",
            )
            .within(0.0, 512.0),
        )
}

pub(super) fn specs() -> Vec<Spec> {
    vec![
        windowed(Spec::new(
            "max_pool",
            Kind::Layer,
            "The largest of each window.",
            Make::Layer(|g, args, x| g.max_pool(x, pool(args))),
        ))
        .example("max_pool(3, stride = 2)"),
        windowed(Spec::new(
            "avg_pool",
            Kind::Layer,
            "The mean of each window, padding counted.",
            Make::Layer(|g, args, x| g.avg_pool(x, pool(args))),
        ))
        .example("avg_pool(2)"),
        Spec::new(
            "adaptive_avg_pool",
            Kind::Layer,
            "A map in n × n cells, each the mean of the pixels that it touches.",
            Make::Layer(|g, args, x| {
                let side = args.size("side");
                g.adaptive_avg_pool(x, side, side)
            }),
        )
        .param(Param::required("side", Type::Integer, "Cells along each side.").within(1.0, 1024.0))
        .doc("`[B, C, H, W]` becomes `[B, C, side, side]`, as in PyTorch.")
        .example("adaptive_avg_pool(2)"),
        Spec::new(
            "global_avg_pool",
            Kind::Layer,
            "The mean over all places: `[B, C, H, W]` becomes `[B, C]`.",
            Make::Layer(|g, _, x| g.global_avg_pool(x)),
        ),
    ]
}
