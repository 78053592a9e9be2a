//! Whether classes are clusters of the features: k-means, compared with the classes by mutual information, pairs and the best matching.

use super::agreement::Table;
use super::evaluator::{About, Evaluator, Findings, Judged, Metric, Want};
use super::features::normalize_rows;
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use super::params::{bank, every, places, pooled};
use crate::catalog::{Args, Kind, Make, Param, Problem, Spec, Type};
use crate::language::codes::Code;

/// Normalised mutual information of clusters and classes.
const NMI: (&str, Measure) = ("nmi", Measure::SCORE);
/// The adjusted Rand index.
const ARI: (&str, Measure) = ("ari", Measure::SCORE);

struct Clusters;

impl Evaluator for Clusters {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![Want::rows("data", "judge", "{} features")]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[NMI, ARI, (ACCURACY, Measure::FRACTION)]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let k = match args.maybe_size("k") {
            Some(k) => format!("k = {k}"),
            None => "a cluster for each class".to_owned(),
        };
        let starts = args.size("starts");
        let About { place, view, .. } = about;
        format!("at {place}, {k}, best of {starts} starts, {view}")
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let Some(Read::Rows(mut all)) = read.into_iter().next() else {
            return Err(Failed);
        };
        let k = judged.args.maybe_size("k").unwrap_or(judged.classes);
        let k = k.clamp(1, all.records.max(1));
        let mut findings = Findings::default();
        for (place, name) in judged.places.iter().enumerate() {
            let sound = all.is_finite(place);
            let (mut rows, dim) = (std::mem::take(&mut all.places[place]), all.dims[place]);
            let values = if sound {
                normalize_rows(&mut rows, dim);
                let of = lab.k_means(&rows, dim, k, judged.args.size("starts"))?;
                let table = Table::new(&of, &all.labels);
                [table.nmi(), table.ari(), table.matched()]
            } else {
                [f64::NAN; 3]
            };
            let metrics = self.metrics().iter().zip(values);
            let metrics = metrics.map(|(metric, value)| Metric::new(name, *metric, value));
            findings.metrics.extend(metrics);
        }
        Ok(findings)
    }

    fn doubts(&self, args: &Args, data: &[(&str, usize)]) -> Vec<Problem> {
        let (Some(k), Some((data, records))) = (args.maybe_size("k"), data.first().copied()) else {
            return Vec::new();
        };
        if k < records {
            return Vec::new();
        }
        let message = format!("{k} clusters are asked for, and `{data}` has {records} records");
        let doubt = Problem::argument(Code::LintBank, "k", message)
            .note("Each record is a cluster of its own then, and says nothing of the features.")
            .help("leave `k` out for one cluster a class");
        vec![doubt]
    }
}

pub(super) fn spec() -> Spec {
    pooled(
        Spec::new(
            "clusters",
            Kind::Evaluator,
            "How far clusters of the features are the classes: k-means, NMI, ARI, accuracy of the best matching",
            Make::evaluator(Clusters),
        )
        .without(&["test", "supervised"])
        .paper(
            "Hubert & Arabie, 1985",
            "Comparing partitions",
            "doi:10.1007/BF01908075",
        )
        .doc(
            "Features of length 1 are sorted by Lloyd's k-means from several starts (k-means++, always the same draws), and the start whose squared \
             distances sum to least counts. The labels of `data` only judge. `nmi` is the mutual information of clusters and classes as \
             a part of the mean of both entropies; `ari` the adjusted Rand index; `accuracy` the part of the records whose cluster is matched with \
             their class, each cluster with one class and each class with one cluster, as well as can be (Kuhn, 1955). Equal features are one cluster: a \
             collapsed encoder has 0, 0 and the part of the largest class. No number is given where a feature is none.",
        )
        .param(
            Param::optional("k", Type::Integer, "Clusters; as many as there are classes where absent.")
                .within(1.0, 1e5),
        )
        .param(
            Param::with_default("starts", Type::Integer, "5", "Starts of k-means, of which the best counts.")
                .within(1.0, 1000.0),
        )
        .param(places()),
    )
    .param(every())
    .param(bank("5000", "are sorted"))
    .example("clusters()")
}

#[cfg(test)]
#[path = "clusters_tests.rs"]
mod tests;
