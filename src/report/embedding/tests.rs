use super::*;
use crate::data::Philox;

/// `n` rows in `classes` Gaussian clusters around far corners.
fn clusters(n: usize, dim: usize, classes: usize) -> (Vec<f32>, Vec<usize>) {
    let mut rng = Philox::new(3, &[]);
    let mut features = Vec::new();
    let mut labels = Vec::new();
    for i in 0..n {
        let class = i % classes;
        labels.push(class);
        for d in 0..dim {
            let corner = if d % classes == class { 4.0 } else { 0.0 };
            features.push(corner + rng.normal());
        }
    }
    (features, labels)
}

/// How many of each point's five nearest neighbours on the map have its class.
fn purity(points: &[[f32; 2]], labels: &[usize]) -> f64 {
    let mut same = 0;
    for (i, p) in points.iter().enumerate() {
        let mut others: Vec<(f32, usize)> = (0..points.len())
            .filter(|j| *j != i)
            .map(|j| {
                (
                    (p[0] - points[j][0]).powi(2) + (p[1] - points[j][1]).powi(2),
                    j,
                )
            })
            .collect();
        others.sort_by(|a, b| a.0.total_cmp(&b.0));
        same += others[..5]
            .iter()
            .filter(|(_, j)| labels[*j] == labels[i])
            .count();
    }
    same as f64 / (5 * points.len()) as f64
}

#[test]
fn separate_clusters_stay_separate() {
    let (features, labels) = clusters(300, 40, 10);
    let points = map(&features, 40);
    assert!(points.iter().flatten().all(|v| v.is_finite()));
    let kept = purity(&points, &labels);
    assert!(kept > 0.97, "{kept}");
    // ten clusters overlap on the principal plane: t-SNE has to do better than its start
    let plane = purity(&principal_plane(&unit_rows(&features, 40), 40), &labels);
    assert!(plane < 0.9, "{plane}");
}

#[test]
fn noise_gets_no_clusters() {
    let (features, _) = clusters(300, 40, 1);
    let labels: Vec<usize> = (0..300).map(|i| i % 10).collect();
    let kept = purity(&map(&features, 40), &labels);
    assert!(kept < 0.2, "{kept}");
}

#[test]
fn the_same_features_give_the_same_map_with_any_number_of_threads() {
    let (features, _) = clusters(200, 17, 4);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| map(&features, 17))
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn the_principal_plane_is_that_of_largest_variance() {
    // a rectangle of 8 × 2 in a plane of 3-space, turned by 30°: coordinates on the plane are those of the rectangle
    let (sin, cos) = 30f32.to_radians().sin_cos();
    let corners = [[4.0, 1.0], [4.0, -1.0], [-4.0, 1.0], [-4.0, -1.0f32]];
    let features: Vec<f32> = corners
        .iter()
        .flat_map(|[a, b]| [cos * a - sin * b + 7.0, sin * a + cos * b, 2.0])
        .collect();
    for (point, corner) in principal_plane(&features, 3).iter().zip(corners) {
        assert!((point[0] - corner[0]).abs() < 1e-5, "{point:?} {corner:?}");
        assert!((point[1].abs() - 1.0).abs() < 1e-5, "{point:?} {corner:?}");
    }
}

#[test]
fn odd_inputs_still_give_a_map() {
    assert!(map(&[], 5).is_empty());
    assert!(map(&[1.0], 0).is_empty());
    assert_eq!(map(&[1.0, 2.0, 3.0], 3).len(), 1);
    // all the same, not finite, and one-dimensional features
    for features in [
        vec![1.0; 40],
        vec![f32::NAN; 40],
        (0..40).map(|i| i as f32).collect(),
    ] {
        for dim in [1, 4] {
            let points = map(&features, dim);
            assert_eq!(points.len(), 40 / dim);
            assert!(points.iter().flatten().all(|v| v.is_finite()));
        }
    }
}

/// Time on one thread: `cargo test --release map_of_1000 -- --ignored --nocapture`.
#[test]
#[ignore = "prints a time"]
fn map_of_1000_points() {
    let (features, labels) = clusters(1000, 512, 10);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let start = std::time::Instant::now();
    let points = pool.install(|| map(&features, 512));
    println!("{:?}, purity {}", start.elapsed(), purity(&points, &labels));
}
