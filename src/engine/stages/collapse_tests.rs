//! When a fall is a collapse, and that it is told once.

use super::*;

fn apart(spread: f64, rank: f64) -> Apart {
    Apart {
        spread,
        rank,
        zeros: 0.0,
        rows: 64,
    }
}

#[test]
fn a_third_of_the_spread_or_one_direction_is_a_collapse() {
    let start = Seen {
        spread: 0.9,
        rank: 14.0,
    };
    let falls = |spread, rank| what("head", start, &apart(spread, rank), COMPARED);
    assert_eq!(falls(0.3, 1.4), None);
    assert_eq!(
        falls(0.29, 3.0).as_deref(),
        Some("the spread of `head` fell from 0.900 to 0.290")
    );
    assert_eq!(
        falls(0.5, 1.1).as_deref(),
        Some("the rank of `head` fell from 14.0 to 1.1")
    );
    assert!(falls(f64::NAN, 3.0).is_some());
    // what is told from labels keeps what they ask for
    assert_eq!(what("encoder", start, &apart(0.1, 1.2), GIVEN), None);
    assert!(what("encoder", start, &apart(0.08, 1.2), GIVEN).is_some());
    // one number, or one direction from the start, can't lose any
    let flat = Seen {
        spread: 0.9,
        rank: 1.0,
    };
    assert_eq!(what("head", flat, &apart(0.9, 1.0), COMPARED), None);
}
