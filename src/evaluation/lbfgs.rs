//! L-BFGS (Liu & Nocedal, 1989): the least of a smooth function of many numbers, by its gradient alone.

use std::collections::VecDeque;

/// Steps whose curvature is remembered.
const MEMORY: usize = 10;
/// What a step must gain at least of what its slope promises, and the part of its slope that may be left (the conditions of Wolfe).
const GAIN: f64 = 1e-4;
const LEFT: f64 = 0.9;
/// Lengths that are tried of one step.
const TRIES: usize = 30;
/// A step that gains less than this part of the value is the last one.
const NOTHING: f64 = 1e-9;

/// A value with its gradient.
pub(super) type Slope = (f64, Vec<f64>);

/// When it is enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Enough {
    /// No entry of the gradient is larger.
    pub gradient: f64,
    /// So many steps.
    pub steps: usize,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// What a step has told of the curvature: how far it went, and how the gradient changed.
struct Told {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// The gradient through the inverse of what is known of the curvature, downhill.
fn direction(gradient: &[f64], told: &VecDeque<Told>) -> Vec<f64> {
    let mut way: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut parts = Vec::with_capacity(told.len());
    for one in told.iter().rev() {
        let part = dot(&one.step, &way) / one.curvature;
        let both = way.iter_mut().zip(&one.change);
        both.for_each(|(way, change)| *way -= part * change);
        parts.push(part);
    }
    if let Some(last) = told.back() {
        let scale = last.curvature / dot(&last.change, &last.change);
        way.iter_mut().for_each(|way| *way *= scale);
    }
    for (one, part) in told.iter().zip(parts.into_iter().rev()) {
        let back = part - dot(&one.change, &way) / one.curvature;
        let both = way.iter_mut().zip(&one.step);
        both.for_each(|(way, step)| *way += back * step);
    }
    way
}

/// From `start` to where `of` is least. The same start gives the same end.
///
/// # Errors
/// Those of `of`.
pub(super) fn minimise<E>(
    start: Vec<f64>,
    enough: Enough,
    of: &mut dyn FnMut(&[f64]) -> Result<Slope, E>,
) -> Result<Vec<f64>, E> {
    let mut at = start;
    let (mut value, mut gradient) = of(&at)?;
    let mut told: VecDeque<Told> = VecDeque::with_capacity(MEMORY);
    for _ in 0..enough.steps {
        let steepest = gradient.iter().fold(0f64, |most, g| most.max(g.abs()));
        // what is no number ends it too
        if steepest.is_nan() || steepest <= enough.gradient {
            break;
        }
        let way = direction(&gradient, &told);
        let slope = dot(&way, &gradient);
        let first = match told.is_empty() {
            true => 1.0 / dot(&gradient, &gradient).sqrt().max(1.0),
            false => 1.0,
        };
        // lengths are halved where a step is too long and doubled where it is too short, until both conditions hold
        let (mut low, mut high, mut length) = (0.0, f64::INFINITY, first);
        let mut best: Option<(Vec<f64>, f64, Vec<f64>)> = None;
        for _ in 0..TRIES {
            let next: Vec<f64> = at.iter().zip(&way).map(|(x, d)| x + length * d).collect();
            let (found, slope_there) = of(&next)?;
            // not a number: too far
            let gains = found <= value + GAIN * length * slope;
            let level = dot(&slope_there, &way) >= LEFT * slope;
            if gains {
                best = Some((next, found, slope_there));
            }
            match (gains, level) {
                (true, true) => break,
                (true, false) => low = length,
                (false, _) => high = length,
            }
            length = match high.is_finite() {
                true => (low + high) / 2.0,
                false => 2.0 * length,
            };
        }
        let Some((next, found, slope_there)) = best else {
            // as good as rounding allows, or the memory misleads: once more without it
            if told.is_empty() {
                break;
            }
            told.clear();
            continue;
        };
        let step: Vec<f64> = next.iter().zip(&at).map(|(new, old)| new - old).collect();
        let change = slope_there.iter().zip(&gradient);
        let change: Vec<f64> = change.map(|(new, old)| new - old).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-14 * dot(&change, &change) {
            if told.len() == MEMORY {
                told.pop_front();
            }
            told.push_back(Told {
                step,
                change,
                curvature,
            });
        }
        let gained = value - found;
        (at, value, gradient) = (next, found, slope_there);
        if gained <= NOTHING * value.abs().max(NOTHING) {
            break;
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: Enough = Enough {
        gradient: 1e-8,
        steps: 500,
    };

    /// Rosenbrock's valley in ten dimensions: its least value is at 1, 1, …
    #[test]
    fn a_curved_valley_is_followed_to_its_end() {
        let mut asked = 0;
        let mut of = |x: &[f64]| -> Result<Slope, ()> {
            asked += 1;
            let mut value = 0.0;
            let mut slope = vec![0.0; x.len()];
            for i in 0..x.len() - 1 {
                let (bend, far) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
                value += 100.0 * bend * bend + far * far;
                slope[i] -= 400.0 * x[i] * bend + 2.0 * far;
                slope[i + 1] += 200.0 * bend;
            }
            Ok((value, slope))
        };
        let start: Vec<f64> = (0..10).map(|i| [-1.2, 1.0][i % 2]).collect();
        let end = minimise(start, ENOUGH, &mut of).expect("an end");
        assert!(end.iter().all(|x| (x - 1.0).abs() < 1e-3), "{end:?}");
        assert!(asked < 400, "{asked}");
    }

    #[test]
    fn a_start_at_the_end_stays() {
        let mut of = |x: &[f64]| -> Result<Slope, ()> {
            Ok((dot(x, x), x.iter().map(|x| 2.0 * x).collect()))
        };
        assert_eq!(minimise(vec![0.0; 3], ENOUGH, &mut of), Ok(vec![0.0; 3]));
        let end = minimise(vec![3.0, -4.0], ENOUGH, &mut of).expect("an end");
        assert!(end.iter().all(|x| x.abs() < 1e-6), "{end:?}");
    }

    #[test]
    fn what_is_no_number_and_what_fails_end_it() {
        let mut of = |x: &[f64]| -> Result<Slope, ()> { Ok((f64::NAN, vec![f64::NAN; x.len()])) };
        assert_eq!(minimise(vec![1.0], ENOUGH, &mut of), Ok(vec![1.0]));
        let mut of = |_: &[f64]| -> Result<Slope, &str> { Err("stopped") };
        assert_eq!(minimise(vec![1.0], ENOUGH, &mut of), Err("stopped"));
    }
}
