//! Long series made fit to be drawn.

/// At most about `limit` of the points, keeping the first, the last, and the lowest and highest of each stretch, so
/// that no spike is lost. A stretch with a value that is not finite keeps a gap.
pub fn thin(points: &[(f64, f64)], limit: usize) -> Vec<(f64, f64)> {
    if points.len() <= limit.max(4) {
        return points.to_vec();
    }
    let inner = &points[1..points.len() - 1];
    // two points of each stretch, three where it has a gap
    let stretches = ((limit.max(4) - 2) / 2).max(1);
    let mut out = vec![points[0]];
    for at in 0..stretches {
        let from = at * inner.len() / stretches;
        let to = (at + 1) * inner.len() / stretches;
        let stretch = &inner[from..to];
        let finite = || stretch.iter().enumerate().filter(|(_, p)| p.1.is_finite());
        let low = finite().min_by(|a, b| a.1.1.total_cmp(&b.1.1));
        let high = finite().max_by(|a, b| a.1.1.total_cmp(&b.1.1));
        let gap = stretch.iter().enumerate().find(|(_, p)| !p.1.is_finite());
        let mut kept: Vec<usize> = [low, high, gap]
            .into_iter()
            .flatten()
            .map(|(i, _)| i)
            .collect();
        kept.sort_unstable();
        kept.dedup();
        out.extend(kept.into_iter().map(|i| stretch[i]));
    }
    out.push(points[points.len() - 1]);
    out
}

/// The running mean over `window` points centred on each; a window that would reach over an end or a gap shrinks on
/// both sides. Values that are not finite stay.
pub fn smooth(points: &[(f64, f64)], window: usize) -> Vec<(f64, f64)> {
    let half = window / 2;
    let mut out = points.to_vec();
    let mut start = 0;
    while start < points.len() {
        if !points[start].1.is_finite() {
            start += 1;
            continue;
        }
        let rest = &points[start..];
        let len = rest.iter().take_while(|p| p.1.is_finite()).count();
        let run = &rest[..len];
        let mut sums = Vec::with_capacity(len + 1);
        sums.push(0.0);
        for (i, point) in run.iter().enumerate() {
            sums.push(sums[i] + point.1);
        }
        for i in 0..len {
            let reach = half.min(i).min(len - 1 - i);
            let (from, to) = (i - reach, i + reach + 1);
            out[start + i].1 = (sums[to] - sums[from]) / (to - from) as f64;
        }
        start += len;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_ends_and_spikes() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (i as f64, 1.0)).collect();
        points[54_321].1 = 50.0;
        points[77_777].1 = -3.0;
        let thinned = thin(&points, 2000);
        assert!(thinned.len() <= 2000, "{}", thinned.len());
        assert!(thinned.contains(&(54_321.0, 50.0)) && thinned.contains(&(77_777.0, -3.0)));
        assert_eq!(thinned[0], points[0]);
        assert_eq!(thinned.last(), points.last());
        assert!(thinned.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn thinning_keeps_gaps_and_leaves_short_series_alone() {
        let mut points: Vec<(f64, f64)> = (0..9_000).map(|i| (i as f64, i as f64)).collect();
        points[5_000].1 = f64::NAN;
        assert!(thin(&points, 500).iter().any(|p| p.1.is_nan()));
        assert_eq!(thin(&points[..300], 500).len(), 300);
    }

    #[test]
    fn smoothing_is_a_centred_mean_that_stops_at_gaps() {
        let values = [0.0, 3.0, 6.0, 0.0, f64::NAN, 9.0, 1.0];
        let points: Vec<(f64, f64)> = values
            .iter()
            .enumerate()
            .map(|(i, v)| (i as f64, *v))
            .collect();
        let smoothed: Vec<f64> = smooth(&points, 3).iter().map(|p| p.1).collect();
        assert_eq!(smoothed[..4], [0.0, 3.0, 3.0, 0.0]);
        assert!(smoothed[4].is_nan());
        assert_eq!(smoothed[5..], [9.0, 1.0]);
        // a straight line stays as it is, also at its ends
        let line: Vec<(f64, f64)> = (0..50).map(|i| (i as f64, 2.0 * i as f64)).collect();
        let moved = smooth(&line, 9)
            .iter()
            .zip(&line)
            .map(|(a, b)| (a.1 - b.1).abs())
            .fold(0.0, f64::max);
        assert!(moved < 1e-9);
    }
}
