//! A small catalog of its own, so that these tests stay when the built-in entries change.

use pretext::catalog::{Catalog, Kind, Make, Param, Spec, Type};
use pretext::data::SampleType;

fn spec(name: &str, kind: Kind) -> Spec {
    // the language never makes anything
    Spec::new(name, kind, "for tests", Make::Stage)
}

fn list(ty: Type) -> Type {
    Type::List(Box::new(ty))
}

/// The entries that the recipes of these tests call.
pub fn catalog() -> Catalog {
    let number =
        |name: &str, default: &str| Param::with_default(name, Type::Number, default, "A number.");
    let size = |name: &str, default: &str| {
        Param::with_default(name, Type::Integer, default, "A size.").within(1.0, 4096.0)
    };
    let chance = |default: &str| {
        Param::with_default("chance", Type::Ratio, default, "How often it is applied.")
            .within(0.0, 1.0)
    };
    let seed = Param::with_default("seed", Type::Integer, "0", "Decides the choice.");
    let fraction = Param::required("fraction", Type::Ratio, "How much.").within(0.0, 1.0);
    let every = || {
        Param::with_default(
            "every",
            Type::Duration,
            "1 epoch",
            "Time between two readings.",
        )
    };
    let warmup = || Param::with_default("warmup", Type::Duration, "0 steps", "Linear rise.");
    let places = || Param::optional("at", list(Type::Place), "Places that are read.");
    let side = || Param::required("size", Type::Length, "Side in pixels.").within(1.0, 4096.0);
    let pool = || {
        let ty = Type::OneOf(vec![
            Type::Choice(&["avg", "flatten"]),
            Type::Call(Kind::Setting),
        ]);
        Param::with_default("pool", ty, "avg", "How a map becomes a vector.")
    };
    let specs = vec![
        spec("fashion_mnist", Kind::Dataset),
        spec("image_folder", Kind::Dataset).param(Param::required(
            "path",
            Type::Text,
            "The folder.",
        )),
        spec("take", Kind::Pipe)
            .param(fraction.clone())
            .param(Param::optional(
                "per",
                Type::Choice(&["class"]),
                "Of each class.",
            ))
            .param(seed.clone()),
        spec("hold_out", Kind::Pipe).param(fraction).param(seed),
        spec("concat", Kind::Pipe).param(Param::required("other", Type::Data, "What follows.")),
        spec("random_crop", Kind::Transform).param(side()).param(
            Param::with_default("padding", Type::Length, "0px", "Border.").within(0.0, 512.0),
        ),
        spec("random_resized_crop", Kind::Transform)
            .param(side())
            .param(
                Param::with_default("scale", Type::Range, "0.08..1.0", "Share of the area.")
                    .within(0.0, 1.0),
            ),
        spec("hflip", Kind::Transform).param(chance("50%")),
        spec("vocabulary", Kind::Fit)
            .gives("vocabulary")
            .param(Param::required("size", Type::Integer, "Words.").within(1.0, 1e6))
            .param(size("min", "1")),
        spec("palette", Kind::Fit).gives("palette"),
        spec("tokenize", Kind::Transform).param(Param::required(
            "by",
            Type::Fit("vocabulary"),
            "What cuts texts.",
        )),
        spec("join", Kind::Transform),
        spec("quarter_turn", Kind::Transform),
        spec("grayscale", Kind::Transform).param(chance("100%")),
        spec("linear", Kind::Layer)
            .param(Param::required("units", Type::Integer, "Outputs.").within(1.0, 1e6))
            .param(Param::switch("bias", "on", "Adds a vector.")),
        spec("conv", Kind::Layer)
            .param(Param::required("channels", Type::Integer, "Outputs.").within(1.0, 65536.0))
            .param(size("kernel", "3")),
        spec("batch_norm", Kind::Layer).param(number("epsilon", "1e-5")),
        spec("relu", Kind::Layer),
        spec("max_pool", Kind::Layer)
            .param(Param::required("kernel", Type::Integer, "Window."))
            .param(size("stride", "2")),
        spec("global_avg_pool", Kind::Layer),
        spec("small_cnn", Kind::Encoder).param(size("width", "32")),
        spec("rotation", Kind::Task)
            .param(Param::with_default(
                "head",
                Type::Head,
                "linear(4)",
                "Tells the turn.",
            ))
            .param(Param::with_default(
                "length",
                Type::Duration,
                "100 epochs",
                "How long.",
            )),
        spec("simclr", Kind::Task)
            .param(Param::with_default(
                "head",
                Type::Head,
                "linear(128) |> relu() |> linear(64)",
                "Projects.",
            ))
            .param(number("temperature", "0.5").within(1e-3, 100.0))
            .input_list("views", SampleType::IMAGE, 2, "Two views."),
        spec("adamw", Kind::Optimizer)
            .param(number("rate", "1e-3").within(0.0, 1e3))
            .param(number("weight_decay", "0.01").within(0.0, 10.0)),
        spec("sgd", Kind::Optimizer)
            .param(number("rate", "0.1"))
            .param(number("momentum", "0")),
        spec("cosine", Kind::Schedule).param(warmup()),
        spec("linear", Kind::Schedule).param(warmup()),
        spec("knn", Kind::Evaluator)
            .param(Param::optional("test", Type::Data, "What is judged."))
            .param(
                Param::with_default("k", Type::Integer, "200", "Neighbours that vote.")
                    .within(1.0, 1e6),
            )
            .param(number("temperature", "0.1"))
            .param(places())
            .param(every()),
        spec("linear_probe", Kind::Finetune)
            .param(places())
            .param(pool()),
        spec("classifier", Kind::Finetune).param(Param::with_default(
            "unfreeze",
            Type::Choice(&["all", "none"]),
            "all",
            "What moves.",
        )),
        spec("safetensors", Kind::Export).param(Param::required("path", Type::Text, "The file.")),
        spec("every", Kind::Setting)
            .param(Param::required("time", Type::Duration, "Between two."))
            .param(size("keep", "2"))
            .param(Param::optional("minutes", Type::Number, "Also then.")),
        spec("norm", Kind::Setting).param(Param::required("limit", Type::Number, "Largest norm.")),
        spec("grid", Kind::Setting).param(size("cells", "2")),
        spec("group", Kind::Setting)
            .param(Param::required("pattern", Type::Text, "Names."))
            .param(number("decay", "0")),
    ];
    let mut catalog = Catalog::default();
    for spec in specs {
        catalog.register(spec);
    }
    catalog
}
