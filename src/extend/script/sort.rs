//! Sorting by a function of the script. The interpreter's own goes on after the function has failed, and so after the clock has
//! stopped it.

use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};

use super::tape::Thrown;

/// `sort`, `sort_by` and `order_by` with a function: a number below 0, or `true`, where the first of two comes first.
pub fn register(engine: &mut Engine) {
    fn in_place(ctx: NativeCallContext, array: &mut Array, compare: FnPtr) -> Thrown<()> {
        *array = sorted(std::mem::take(array), |a, b| {
            let order: Dynamic = compare.call_raw(&ctx, None, [a.clone(), b.clone()])?;
            Thrown::Ok(match (order.as_int(), order.as_bool()) {
                (Ok(order), _) => order > 0,
                (_, Ok(first)) => !first,
                _ => false,
            })
        })?;
        Ok(())
    }
    engine
        .register_fn("sort", in_place)
        .register_fn("sort_by", in_place)
        .register_fn(
            "order_by",
            |ctx: NativeCallContext, mut array: Array, compare: FnPtr| {
                in_place(ctx, &mut array, compare)?;
                Thrown::Ok(array)
            },
        );
}

/// Merges runs of 1, 2, 4, … elements, equal ones in their order; ends at the first failure. `after`: whether the first of two
/// belongs behind the second.
fn sorted<T: Clone, E>(
    mut array: Vec<T>,
    mut after: impl FnMut(&T, &T) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut run = 1;
    while run < array.len() {
        let mut merged = Vec::with_capacity(array.len());
        for pair in array.chunks(2 * run) {
            let (mut left, mut right) = pair.split_at(run.min(pair.len()));
            while let ([a, rest @ ..], [b, others @ ..]) = (left, right) {
                if after(a, b)? {
                    merged.push(b.clone());
                    right = others;
                } else {
                    merged.push(a.clone());
                    left = rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        array = merged;
        run *= 2;
    }
    Ok(array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_elements_keep_their_order() {
        for n in [0usize, 1, 2, 3, 7, 8, 9, 100] {
            let array: Vec<(usize, usize)> = (0..n).map(|i| (i * 37 % 10, i)).collect();
            let mut wanted = array.clone();
            wanted.sort_by_key(|(key, _)| *key);
            let found = sorted(array, |a, b| Ok::<bool, ()>(a.0 > b.0));
            assert_eq!(found, Ok(wanted), "{n}");
        }
    }

    #[test]
    fn the_first_failure_ends_it() {
        let mut calls = 0;
        let failed = sorted((0..1000).collect(), |_: &i32, _| {
            calls += 1;
            if calls < 5 { Ok(true) } else { Err("why") }
        });
        assert_eq!((failed, calls), (Err("why"), 5));
    }
}
