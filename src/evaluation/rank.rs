//! How many directions features fill, and how they lie on the sphere: RankMe (Garrido et al., 2023), LiDAR (Thilak et al., 2024), alignment
//! and uniformity (Wang & Isola, 2020). Nothing of it needs a label.

use super::evaluator::{About, Evaluator, Findings, Judged, Metric, Want};
use super::features::normalize_rows;
use super::lab::{Failed, Lab, Read};
use super::metric::Measure;
use super::params::{bank, every, places, pooled};
use super::spectrum::{
    cholesky, effective_count, eigenvalues, gram, products, singular_values, solve_lower,
};
use crate::catalog::{Args, Kind, Make, Param, Problem, Spec, Type};
use crate::language::codes::Code;

/// The effective rank of the features.
const RANKME: (&str, Measure) = ("rankme", Measure::SCORE);
/// The effective rank of what tells records apart, measured by how far views of one lie apart.
const LIDAR: (&str, Measure) = ("lidar", Measure::SCORE);
/// How far two views of a record lie apart, squared.
const ALIGNMENT: (&str, Measure) = ("alignment", Measure::ERROR);
/// The logarithm of the mean Gaussian potential of two records.
const UNIFORMITY: (&str, Measure) = ("uniformity", Measure::SCORE.less_is_better());

/// δ: what LiDAR adds to the scatter within records.
const DELTA: f64 = 1e-4;
/// Records whose products are held at once.
const BLOCK: usize = 256;

struct Rank;

impl Evaluator for Rank {
    fn wants(&self, args: &Args) -> Vec<Want> {
        let (groups, views) = (args.size("groups"), args.size("views"));
        vec![
            Want::rows("data", "judge", "{} features").unlabelled(),
            Want::views("data", groups, views, "{}, views"),
        ]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[RANKME, LIDAR, ALIGNMENT, UNIFORMITY]
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let About {
            place,
            records,
            view,
            ..
        } = about;
        let records = args.size("records").min(*records);
        format!("at {place}, {records} records, {view}")
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter();
        let Some(Read::Rows(all)) = read.next() else {
            return Err(Failed);
        };
        let views = read.next().and_then(Read::rows);
        let each = judged.args.size("views");
        let mut findings = Findings::default();
        for (place, name) in judged.places.iter().enumerate() {
            let (rows, dim) = (
                all.thinned(place, judged.args.size("records")).0,
                all.dims[place],
            );
            let mut found = vec![(RANKME, rankme(&rows, dim))];
            if let Some(views) = &views {
                let (views, dim) = (&views.places[place], views.dims[place]);
                found.push((LIDAR, lidar(views, dim, each)));
                found.push((ALIGNMENT, alignment(views, dim, each)));
            }
            found.push((UNIFORMITY, uniformity(rows, dim, lab)?));
            let found = found.into_iter();
            let found = found.map(|(metric, value)| Metric::new(name, metric, value));
            findings.metrics.extend(found);
        }
        Ok(findings)
    }

    /// The products of one block, on the device and here, and the rows that are compared.
    fn working(&self, records: &[usize]) -> usize {
        2 * BLOCK * records.first().copied().unwrap_or(0)
    }

    fn doubts(&self, args: &Args, data: &[(&str, usize)]) -> Vec<Problem> {
        let (most, few) = (args.size("records"), 100);
        let doubt = |name: &str, said: String| {
            Problem::argument(Code::LintBank, name, said)
                .note("The rank of features is at most the number of records that are read.")
                .help("read 1000 records or more")
        };
        match data.first() {
            Some((name, records)) if *records < few => {
                vec![doubt("data", format!("`{name}` has {records} records"))]
            }
            Some(_) if most < few => {
                vec![doubt("records", format!("{most} records are read"))]
            }
            _ => Vec::new(),
        }
    }
}

/// Of rows `[n, d]`: the exponential of the entropy of the singular values' shares (Garrido et al., 2023, equation
/// 1). From 1 to the smaller of n and d; not a number where a feature is none.
fn rankme(rows: &[f32], dim: usize) -> f64 {
    if rows.is_empty() || !finite(rows) {
        return f64::NAN;
    }
    let values = singular_values(rows, dim);
    effective_count(&values, values.len())
}

/// Of rows `[n q, d]`, q views of each record one after the other: the exponential of the entropy of the eigenvalues' shares of
/// Σw^-½ Σb Σw^-½, Σb the scatter of the records' means, Σw that of views around them with δ on its diagonal (Thilak et al., 2024, section 4).
fn lidar(rows: &[f32], d: usize, q: usize) -> f64 {
    let records = rows.len() / (d * q).max(1);
    if records < 2 || q < 2 || !finite(rows) {
        return f64::NAN;
    }
    let mut means = vec![0f64; records * d]; // [n, d]
    let mut around = rows[..records * q * d].to_vec(); // [n q, d]
    for (mean, views) in means
        .chunks_exact_mut(d)
        .zip(around.chunks_exact_mut(q * d))
    {
        for view in views.chunks_exact(d) {
            mean.iter_mut()
                .zip(view)
                .for_each(|(mean, x)| *mean += f64::from(*x) / q as f64);
        }
        for view in views.chunks_exact_mut(d) {
            view.iter_mut()
                .zip(&*mean)
                .for_each(|(x, mean)| *x = (f64::from(*x) - mean) as f32);
        }
    }
    let mut centre = vec![0f64; d];
    for mean in means.chunks_exact(d) {
        centre
            .iter_mut()
            .zip(mean)
            .for_each(|(centre, x)| *centre += x / records as f64);
    }
    // Σb = Mᵀ M of these rows M
    let root = (records as f64).sqrt();
    for mean in means.chunks_exact_mut(d) {
        mean.iter_mut()
            .zip(&centre)
            .for_each(|(x, centre)| *x = (*x - centre) / root);
    }
    let mut within = gram(&around, d); // [d, d]
    let count = (records * q) as f64;
    within.iter_mut().for_each(|x| *x /= count);
    (0..d).for_each(|i| within[i * d + i] += DELTA);
    let Some(lower) = cholesky(within, d) else {
        return f64::NAN;
    };
    // with Σw = L Lᵀ the eigenvalues are those of L⁻¹ Σb L⁻ᵀ, the squares of the singular values of M L⁻ᵀ
    solve_lower(&lower, d, &mut means);
    let (matrix, size) = match records < d {
        true => (products(&means, d), records),
        false => {
            let turned: Vec<f64> = (0..d)
                .flat_map(|j| means.iter().skip(j).step_by(d).copied())
                .collect();
            (products(&turned, records), d)
        }
    };
    let values = eigenvalues(matrix, size).into_iter();
    let values: Vec<f64> = values.map(|value| value.max(0.0)).collect();
    effective_count(&values, d)
}

/// The mean square of the distance between two views of a record, q of each one after the other, on the unit sphere (Wang & Isola, 2020,
/// with α = 2).
fn alignment(rows: &[f32], d: usize, q: usize) -> f64 {
    let records = rows.len() / (d * q).max(1);
    if records == 0 || q < 2 || !finite(rows) {
        return f64::NAN;
    }
    let mut unit = rows.to_vec();
    normalize_rows(&mut unit, d);
    let mut sum = 0.0;
    for views in unit.chunks_exact(q * d) {
        // Σ over pairs |a - b|² = q Σ |a|² - |Σ a|²
        let squares: f64 = views.iter().map(|x| f64::from(*x).powi(2)).sum();
        let together = (0..d).map(|j| {
            let of_views = views.iter().skip(j).step_by(d);
            of_views.map(|x| f64::from(*x)).sum::<f64>().powi(2)
        });
        sum += (q as f64 * squares - together.sum::<f64>()).max(0.0);
    }
    sum / (records * q * (q - 1) / 2) as f64
}

/// The logarithm of the mean of `exp(-2 |x - y|²)` over all pairs of rows on the unit sphere (Wang & Isola, 2020, with t = 2): 0 where all are
/// one, about -4 where they are spread evenly.
fn uniformity(mut rows: Vec<f32>, d: usize, lab: &mut dyn Lab) -> Result<f64, Failed> {
    let n = rows.len() / d.max(1);
    if n < 2 || !finite(&rows) {
        return Ok(f64::NAN);
    }
    normalize_rows(&mut rows, d);
    let squares: Vec<f64> = rows
        .chunks_exact(d)
        .map(|row| row.iter().map(|x| f64::from(*x).powi(2)).sum())
        .collect();
    let mut there = lab.rows(rows.clone(), d)?;
    let mut sum = 0.0;
    for (block, asked) in rows.chunks(BLOCK * d).enumerate() {
        let products = there.products(asked)?; // [rows, n]
        for (row, products) in products.chunks_exact(n).enumerate() {
            let own = block * BLOCK + row;
            for other in own + 1..n {
                let away = squares[own] + squares[other] - 2.0 * f64::from(products[other]);
                sum += (-2.0 * away.max(0.0)).exp();
            }
        }
    }
    Ok((sum / (n as f64 * (n as f64 - 1.0) / 2.0)).ln())
}

fn finite(rows: &[f32]) -> bool {
    rows.iter().all(|x| x.is_finite())
}

pub(super) fn spec() -> Spec {
    pooled(
        Spec::new(
            "rank",
            Kind::Evaluator,
            "How many directions features fill and how they are spread, without any labels: RankMe, LiDAR, alignment, uniformity",
            Make::evaluator(Rank),
        )
        .without(&["test", "supervised"])
        .paper(
            "Garrido et al., 2023",
            "RankMe: Assessing the Downstream Performance of Pretrained Self-Supervised Representations by Their Rank",
            "arXiv:2210.02885",
        )
        .doc(
            "`rankme` is the effective rank of the features, from 1 (collapsed) to their width. `uniformity` (Wang & Isola, 2020, arXiv:2005.10242, \
             t = 2) tells how evenly they lie on the sphere: 0 where all are one, about -4 at best.\n\n`lidar` (Thilak et al., 2024, arXiv:2312.04000, \
             δ = 1e-4) and `alignment` (Wang & Isola, α = 2) compare views of one record, `views` of each of `groups` records: what the `augment` of the stage \
             makes of it, each time drawn anew, where it has the type and size that the encoder was trained on. What a task draws in its own graph, \
             such as masks, makes no views. Where the batches hold none, of records with other fields and of the column `beside`, both are left out \
             and the protocol says so. An `augment` that draws nothing gives views that are all equal: `alignment` is 0 then, and `lidar` the rank of the \
             features themselves.\n\nNo number is given where a feature is none. Ranks of encoders are compared at equal width: the raw \
             column has a width of its own.",
        )
        .param(Param::with_default(
            "records",
            Type::Integer,
            "5000",
            "At most so many records count for `rankme` and `uniformity`, each class by its share.",
        )
        .within(2.0, 1e5))
        .param(Param::with_default(
            "groups",
            Type::Integer,
            "1000",
            "Records whose views are compared, at most.",
        )
        .within(2.0, 1e5))
        .param(Param::with_default("views", Type::Integer, "10", "Views of each of them.").within(2.0, 1000.0))
        .param(places()),
    )
    .param(every())
    .param(bank("5000", "are read"))
    .example("rank()")
}

#[cfg(test)]
#[path = "rank_tests.rs"]
mod tests;
