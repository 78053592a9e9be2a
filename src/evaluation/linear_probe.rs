//! A linear classifier on frozen features (Alain & Bengio, 2016).

use super::evaluator::{About, Evaluator, Findings, Judged, On, Trains, Want};
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::probe;
use crate::catalog::{Args, Kind, Make, Spec};

struct LinearProbe;

impl Evaluator for LinearProbe {
    fn wants(&self, _: &Args) -> Vec<Want> {
        probe::WANTS.to_vec()
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        probe::METRICS
    }

    fn trains(&self, _: &Args, classes: usize) -> Option<Trains> {
        Some(Trains {
            head: format!("linear({classes})"),
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
            "linear_probe",
            Kind::Finetune,
            "A linear classifier on frozen features, one for each place",
            Make::evaluator(LinearProbe),
        )
        .paper(
            "Alain & Bengio, 2016",
            "Understanding intermediate layers using linear classifier probes",
            "arXiv:1610.01644",
        )
        .doc("Features are standardised by the training split's mean and deviation before the classifier."),
    )
    .example("linear_probe(at = [conv1, conv2, conv3], pool = flatten)")
}
