//! Recipes changed at random, by token and by byte: a recipe or an error comes out, never a panic, always soon.

use std::time::Instant;

use proptest::prelude::*;

use crate::accepted::{FIRST, SHAPES};
use crate::check;
use crate::mutate::{apply, change, tokens};

fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    let start = Instant::now();
    // asserts that there is a recipe or an error
    let outcome = check(bytes, &[]);
    let took = start.elapsed();
    // a few milliseconds; the bound leaves room for a busy machine
    prop_assert!(took.as_millis() < 1000, "{took:?}");
    prop_assert!(outcome.diagnostics.len() <= 20);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_changed(first in any::<bool>(), changes in prop::collection::vec(change(), 1..8)) {
        let mut parts = tokens(if first { FIRST } else { SHAPES });
        for change in &changes {
            apply(&mut parts, change, |word| vec![word.to_owned()]);
        }
        survives(parts.concat().as_bytes())?;
    }

    #[test]
    fn bytes_changed(
        first in any::<bool>(),
        changes in prop::collection::vec((change(), any::<u8>()), 1..12),
    ) {
        let mut bytes = if first { FIRST } else { SHAPES }.as_bytes().to_vec();
        for (change, byte) in &changes {
            apply(&mut bytes, change, |word| match byte {
                0..=127 => vec![*byte],
                _ => word.as_bytes().to_vec(),
            });
        }
        survives(&bytes)?;
    }

    #[test]
    fn settings_changed(changes in prop::collection::vec(change(), 0..6)) {
        let mut parts = tokens("rotations.optimizer.rate=adamw(1e-3, weight_decay = 0)");
        for change in &changes {
            apply(&mut parts, change, |word| vec![word.to_owned()]);
        }
        let text = parts.concat();
        let (path, value) = text.split_once('=').unwrap_or((&text, ""));
        check(FIRST.as_bytes(), &[(path, value)]);
    }
}
