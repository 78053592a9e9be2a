//! A non-linear classifier on frozen features (Gidaris et al., 2018, section 4.1.1).

use super::evaluator::{About, Evaluator, Findings, Judged, On, Trains, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::probe;
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};

struct MlpProbe;

impl Evaluator for MlpProbe {
    fn wants(&self, _: &Args) -> Vec<Want> {
        probe::WANTS.to_vec()
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        probe::METRICS
    }

    fn trains(&self, args: &Args, classes: usize) -> Option<Trains> {
        let hidden = args.size("hidden");
        let layer = format!("linear({hidden}) |> batch_norm() |> relu() |> ");
        Some(Trains {
            head: format!("{}linear({classes})", layer.repeat(args.size("layers"))),
            on: On::Rows,
        })
    }

    fn protocol(&self, _: &Args, about: &About<'_>) -> String {
        probe::protocol(about)
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        probe::judge(judged, read, lab)
    }
}

pub(super) fn spec() -> Spec {
    probe::spec(
        Spec::new(
            "mlp_probe",
            Kind::Finetune,
            "A non-linear classifier on frozen features, one for each place",
            Make::evaluator(MlpProbe),
        )
        .paper(
            "Gidaris et al., 2018",
            "Unsupervised Representation Learning by Predicting Image Rotations",
            "arXiv:1803.07728, section 4.1.1",
        )
        .doc("Hidden layers are linear, batch norm, ReLU, as in the paper's CIFAR-10 table."),
    )
    .param(
        Param::with_default(
            "hidden",
            Type::Integer,
            "200",
            "Units of each hidden layer.",
        )
        .within(1.0, 65536.0),
    )
    .param(Param::with_default("layers", Type::Integer, "2", "Hidden layers.").within(1.0, 16.0))
    .example("mlp_probe(at = [conv2], pool = flatten)")
}
