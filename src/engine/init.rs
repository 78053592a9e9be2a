//! First values of parameters, drawn on the host from the seed and the parameter's name: the same whatever the device, the
//! order of layers, or what else the model holds.

use crate::data::Philox;
use crate::graph::Init;

/// Draws the numbers of a tensor of these sizes.
pub(crate) fn draw_shape(init: Init, shape: &[usize], seed: u64, name: &str) -> Vec<f32> {
    let mut data = draw(init, shape.iter().product(), seed, name);
    if init == Init::UnitRows {
        for row in data.chunks_mut(shape.last().copied().unwrap_or(1).max(1)) {
            let norm = row
                .iter()
                .map(|x| f64::from(*x).powi(2))
                .sum::<f64>()
                .sqrt();
            row.iter_mut()
                .for_each(|x| *x = (f64::from(*x) / norm.max(1e-12)) as f32);
        }
    }
    data
}

/// Draws `elements` numbers.
fn draw(init: Init, elements: usize, seed: u64, name: &str) -> Vec<f32> {
    let mut stream = Philox::new(seed, &[Philox::part("init"), Philox::part(name)]);
    let mut next = || match init {
        Init::Constant(value) => value,
        Init::Uniform(bound) => stream.between(-f64::from(bound), f64::from(bound)) as f32,
        Init::Normal(deviation) => deviation * stream.normal(),
        Init::UnitRows => stream.normal(),
        Init::TruncatedNormal(deviation) => loop {
            let value = deviation * stream.normal();
            if value.abs() <= 2.0 {
                break value;
            }
        },
    };
    (0..elements).map(|_| next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(values: &[f32]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
        let variance = values
            .iter()
            .map(|x| (f64::from(*x) - mean).powi(2))
            .sum::<f64>()
            / n;
        (mean, variance.sqrt())
    }

    #[test]
    fn draws_have_the_moments_they_should() {
        let n = 100_000;
        // five standard errors each
        let (mean, deviation) = moments(&draw(Init::Normal(0.5), n, 1, "a"));
        assert!(mean.abs() < 0.008 && (deviation - 0.5).abs() < 0.006);
        let (mean, deviation) = moments(&draw(Init::Uniform(0.3), n, 1, "a"));
        assert!(mean.abs() < 0.003 && (deviation - 0.3 / 3f64.sqrt()).abs() < 0.002);
        // a standard normal cut at ±2 has s.d. 0.8796
        let cut = draw(Init::TruncatedNormal(1.0), n, 1, "a");
        let (mean, deviation) = moments(&cut);
        assert!(mean.abs() < 0.014 && (deviation - 0.8796).abs() < 0.01);
        assert!(cut.iter().all(|x| x.abs() <= 2.0));
        assert_eq!(draw(Init::Constant(0.25), 3, 1, "a"), [0.25; 3]);
    }

    #[test]
    fn draws_depend_on_seed_and_name_only() {
        let one = draw(Init::Normal(1.0), 10, 1, "a");
        assert_eq!(one, draw(Init::Normal(1.0), 10, 1, "a"));
        assert_ne!(one, draw(Init::Normal(1.0), 10, 2, "a"));
        assert_ne!(one, draw(Init::Normal(1.0), 10, 1, "b"));
        assert_eq!(one[..5], draw(Init::Normal(1.0), 5, 1, "a"));
    }
}
