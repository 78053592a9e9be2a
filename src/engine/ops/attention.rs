//! Scaled dot products.

use burn::tensor::activation::softmax;

use super::super::value::Value;
use super::differ;

/// What a masked score loses: e^-1e9 = 0, and a row that is masked as a whole stays finite.
const MASKED: f64 = 1e9;

/// softmax(scale q kᵀ + mask) v over the last two dimensions.
pub(super) fn attention(
    q: Value,
    k: Value,
    v: Value,
    mask: Option<Value>,
    scale: f64,
) -> Result<Value, String> {
    macro_rules! by_rank {
        ($($rank:literal $variant:ident)*) => {
            match (q, k, v) {
                $((Value::$variant(q), Value::$variant(k), Value::$variant(v)) => {
                    let mut scores = q.mul_scalar(scale).matmul(k.swap_dims($rank - 2, $rank - 1));
                    match mask {
                        Some(Value::$variant(mask)) => {
                            scores = scores.add(mask.add_scalar(-1.0).mul_scalar(MASKED));
                        }
                        Some(other) => return Err(differ(&(Value::from(scores), other))),
                        None => {}
                    }
                    Ok(softmax(scores, $rank - 1).matmul(v).into())
                })*
                (q, k, _) => Err(differ(&(q, k))),
            }
        };
    }
    by_rank!(3 F3 4 F4)
}
