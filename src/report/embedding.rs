//! The 2-D map of an embedding: what lies close in feature space lies close on paper.

mod pca;
mod tsne;

use serde::{Deserialize, Serialize};

pub use pca::principal_plane;

/// Most points that get a t-SNE; its cost grows with the square.
pub const MOST_POINTS: usize = 2000;
/// Fewer points than this have no neighbourhoods to keep.
const FEWEST: usize = 8;

/// `embedding.json` of a stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingMap {
    /// Positions, from the trained encoder.
    pub points: Vec<[f32; 2]>,
    /// The class of each point.
    #[serde(default)]
    pub labels: Vec<usize>,
    /// Names of the classes.
    #[serde(default)]
    pub classes: Vec<String>,
    /// What each point is called; may be empty.
    #[serde(default)]
    pub names: Vec<String>,
    /// Positions of the same records from the untrained encoder; may be empty.
    #[serde(default)]
    pub untrained: Vec<[f32; 2]>,
}

/// A map of `features` (`[n, dim]`, row by row): one position per row. Rows are compared by direction (cosine), as kNN
/// compares them. The same features always give the same map, with any number of threads.
///
/// Up to [`MOST_POINTS`] rows are laid out by exact t-SNE (van der Maaten & Hinton, 2008) from a start on their
/// principal plane; more, or fewer than eight, stay on that plane. Values that are not finite count as 0.
/// 1,000 rows take about a second of one thread.
pub fn map(features: &[f32], dim: usize) -> Vec<[f32; 2]> {
    if dim == 0 {
        return Vec::new();
    }
    let rows = unit_rows(features, dim);
    let plane = principal_plane(&rows, dim);
    let n = plane.len();
    if (FEWEST..=MOST_POINTS).contains(&n) {
        tsne::tsne(&rows, dim, &plane)
    } else {
        plane
    }
}

/// Whole rows, each of length 1; a row of zeros stays.
fn unit_rows(features: &[f32], dim: usize) -> Vec<f32> {
    let finite = |x: f32| if x.is_finite() { x } else { 0.0 };
    let mut rows: Vec<f32> = features.iter().copied().map(finite).collect();
    rows.truncate(features.len() / dim * dim);
    for row in rows.chunks_exact_mut(dim) {
        let norm = row
            .iter()
            .map(|x| f64::from(*x).powi(2))
            .sum::<f64>()
            .sqrt();
        if norm > 0.0 {
            row.iter_mut()
                .for_each(|x| *x = (f64::from(*x) / norm) as f32);
        }
    }
    rows
}

#[cfg(test)]
mod tests;
