//! Sorting, and leaving out doubles, by a function of the script. The interpreter's own go on after the function has failed, and so
//! after the clock has stopped it.

use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};

use super::tape::Thrown;

/// `sort`, `sort_by`, `order` and `order_by` with a function: a number below 0, or `true`, where the first of two comes first;
/// `dedup` with a function: `true` where an element equals the one that was kept before it. `sort` and `dedup` take the function by
/// its name too.
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
    fn copied(ctx: NativeCallContext, mut array: Array, compare: FnPtr) -> Thrown<Array> {
        in_place(ctx, &mut array, compare)?;
        Ok(array)
    }
    fn without_doubles(ctx: NativeCallContext, array: &mut Array, equal: FnPtr) -> Thrown<()> {
        *array = distinct(std::mem::take(array), |a, b| {
            let equal: Dynamic = equal.call_raw(&ctx, None, [a.clone(), b.clone()])?;
            Thrown::Ok(equal.as_bool().unwrap_or(false))
        })?;
        Ok(())
    }
    engine
        .register_fn("sort", in_place)
        .register_fn("sort_by", in_place)
        .register_fn("order", copied)
        .register_fn("order_by", copied)
        .register_fn("dedup", without_doubles)
        .register_fn(
            "sort",
            |ctx: NativeCallContext, array: &mut Array, name: &str| {
                in_place(ctx, array, FnPtr::new(name)?)
            },
        )
        .register_fn(
            "dedup",
            |ctx: NativeCallContext, array: &mut Array, name: &str| {
                without_doubles(ctx, array, FnPtr::new(name)?)
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

/// Leaves out what equals the element kept before it; ends at the first failure.
fn distinct<T, E>(
    array: Vec<T>,
    mut equal: impl FnMut(&T, &T) -> Result<bool, E>,
) -> Result<Vec<T>, E> {
    let mut kept: Vec<T> = Vec::with_capacity(array.len());
    for element in array {
        let double = match kept.last() {
            Some(last) => equal(&element, last)?,
            None => false,
        };
        if !double {
            kept.push(element);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_in_a_row_are_left_out() {
        let same = |a: &i32, b: &i32| Ok::<bool, ()>(a == b);
        assert_eq!(
            distinct(vec![1, 1, 2, 1, 1, 1, 3], same),
            Ok(vec![1, 2, 1, 3])
        );
        assert_eq!(distinct(vec![], same), Ok(vec![]));
        assert_eq!(distinct(vec![1, 2], |_, _| Err(())), Err(()));
    }

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
