//! Sums whose order is fixed.
//!
//! burn-flex adds up 4,194,304 and more elements in pieces that depend on which thread was idle, so the last bits change
//! from run to run. Here a large tensor is cut into rows of one length, each summed by one thread.

use burn::tensor::Tensor;

use super::error::{EngineError, Result};

/// Elements from which on a sum is cut into rows.
const LARGE: usize = 1 << 21;

/// The length of a row.
const ROW: usize = 1 << 16;

/// The sum of everything: `[1]`.
pub(crate) fn sum(x: Tensor<1>) -> Tensor<1> {
    let [n] = x.dims();
    if n < LARGE {
        return x.sum();
    }
    let rows = n / ROW;
    let rest = n - rows * ROW;
    let last = (rest > 0).then(|| x.clone().narrow(0, rows * ROW, rest).sum());
    let head = if rest > 0 {
        x.narrow(0, 0, rows * ROW)
    } else {
        x
    };
    let head = head.reshape([rows, ROW]).sum_dim(1).reshape([rows]);
    let total = sum(head);
    match last {
        Some(last) => total + last,
        None => total,
    }
}

/// The mean of all `n` elements: `[1]`.
pub(crate) fn mean(x: Tensor<1>, n: usize) -> Tensor<1> {
    if n < LARGE {
        x.mean()
    } else {
        sum(x).div_scalar(n as f64)
    }
}

/// Euclidean norms of flat tensors, read back together.
///
/// # Errors
/// The device fails.
pub(crate) fn norms(tensors: impl Iterator<Item = Tensor<1>>) -> Result<Vec<f64>> {
    let squares: Vec<Tensor<1>> = tensors.map(|t| sum(t.clone() * t)).collect();
    if squares.is_empty() {
        return Ok(Vec::new());
    }
    let read = Tensor::cat(squares, 0)
        .try_into_vec_as::<f32>()
        .map_err(device_failed)?;
    Ok(read.into_iter().map(|x| f64::from(x).sqrt()).collect())
}

pub(crate) fn device_failed(error: impl std::fmt::Display) -> EngineError {
    EngineError::DeviceFails {
        word: "in use".into(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn sixteen_million_elements_have_one_sum() {
        let n = (1usize << 24) + 12_345;
        let data: Vec<f32> = (0..n)
            .map(|i| ((i * 7919) % 10_007) as f32 * 1e-3)
            .collect();
        let exact: f64 = data.iter().map(|x| f64::from(*x)).sum();
        let x = Tensor::<1>::from_data(TensorData::new(data, [n]), &Device::flex());
        let sums: std::collections::BTreeSet<u32> = (0..20)
            .map(|i| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(1 + i % 4)
                    .build();
                let x = x.clone();
                let total = move || sum(x).into_scalar::<f32>();
                pool.map(|pool| pool.install(total))
                    .unwrap_or(f32::NAN)
                    .to_bits()
            })
            .collect();
        assert_eq!(sums.len(), 1);
        let got = f64::from(f32::from_bits(*sums.first().unwrap_or(&0)));
        assert!((got / exact - 1.0).abs() < 1e-6, "{got} {exact}");
    }
}
