//! Weighted k-nearest-neighbour classification (Wu et al., 2018, section 3.4).

/// Predicts one class from similarities to every bank entry: the `k` most similar vote with weight
/// `exp(similarity / temperature)`. Equal similarities are ordered by index, equal votes by class, so that the
/// answer never depends on the order of evaluation.
///
/// `similarities` and `labels` have one entry per bank sample; labels are in `0..classes`.
pub fn vote(
    similarities: &[f32],
    labels: &[u32],
    k: usize,
    temperature: f64,
    classes: usize,
) -> u32 {
    let k = k.min(similarities.len());
    if k == 0 {
        return 0;
    }
    let mut order: Vec<u32> = (0..similarities.len() as u32).collect();
    let nearer = |a: &u32, b: &u32| {
        similarities[*b as usize]
            .total_cmp(&similarities[*a as usize])
            .then(a.cmp(b))
    };
    if k < order.len() {
        order.select_nth_unstable_by(k - 1, nearer);
        order.truncate(k);
    }
    order.sort_unstable_by(nearer);
    // the largest exponent is taken out: at small temperatures `exp(1 / t)` is beyond f64
    let top = f64::from(similarities[order[0] as usize]);
    let mut votes = vec![0f64; classes];
    for index in order {
        let similarity = f64::from(similarities[index as usize]);
        votes[labels[index as usize] as usize] += ((similarity - top) / temperature).exp();
    }
    let mut best = 0;
    for class in 1..classes {
        if votes[class] > votes[best] {
            best = class;
        }
    }
    best as u32
}

/// Scales each row of `[n, d]` to length 1, in f64 so that the order of summation does not show.
pub fn normalize_rows(features: &mut [f32], dim: usize) {
    if dim == 0 {
        return;
    }
    for row in features.chunks_exact_mut(dim) {
        let norm = row
            .iter()
            .map(|x| f64::from(*x) * f64::from(*x))
            .sum::<f64>()
            .sqrt()
            .max(1e-12);
        for x in row {
            *x = (f64::from(*x) / norm) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_few_beat_far_many() {
        // class 1: one neighbour at 1.0; class 0: two at 0.5. e^{10} > 2 e^{5}
        assert_eq!(vote(&[0.5, 0.5, 1.0], &[0, 0, 1], 3, 0.1, 2), 1);
        // at a high temperature the votes count alike
        assert_eq!(vote(&[0.5, 0.5, 1.0], &[0, 0, 1], 3, 100.0, 2), 0);
    }

    #[test]
    fn k_limits_the_voters() {
        let similarities = [0.9, 0.8, 0.7, 0.7, 0.7];
        let labels = [1, 0, 0, 0, 0];
        assert_eq!(vote(&similarities, &labels, 1, 1.0, 2), 1);
        assert_eq!(vote(&similarities, &labels, 5, 1.0, 2), 0);
    }

    #[test]
    fn ties_go_to_the_lower_index() {
        assert_eq!(vote(&[0.5, 0.5], &[1, 0], 1, 0.1, 2), 1);
    }
}
