//! `dropout(50%)`

use crate::catalog::{Kind, Make, Param, Spec, Type};

pub(super) fn spec() -> Spec {
    Spec::new(
        "dropout",
        Kind::Layer,
        "While training, zeroes elements by chance and scales the rest up.",
        Make::Layer(|g, args, x| g.dropout(x, args.ratio("ratio"))),
    )
    .param(
        Param::with_default("ratio", Type::Ratio, "50%", "How many elements are zeroed.")
            .within(0.0, 0.99),
    )
    .paper(
        "Srivastava et al., 2014",
        "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
        "JMLR 15(56):1929-1958",
    )
    .doc("What stays is divided by 1 - ratio, so that the mean does not change.")
    .example("dropout(50%)")
}
