//! Learning rates against PyTorch's schedulers.

use super::fixtures::{doubles, read};
use crate::catalog::Duration;
use crate::engine::{learning_rate, warmup_steps};
use crate::plan::{Decay, Schedule};

#[test]
fn schedules_agree_with_pytorch() {
    let cases = read(include_str!(
        "../../../tests/fixtures/engine/schedules.json"
    ));
    for case in cases.as_array().expect("cases") {
        let number = |key: &str| case[key].as_f64().unwrap_or(0.0);
        let floor = number("floor");
        let decay = match case["decay"].as_str() {
            Some("cosine") => Decay::Cosine { floor },
            Some("linear") => Decay::Linear { floor },
            Some("step") => Decay::Step {
                at: doubles(&case["at"]),
                factor: number("factor"),
            },
            _ => Decay::Constant,
        };
        let warmup = number("warmup") as u64;
        let schedule = Schedule {
            warmup: (warmup > 0).then_some(Duration::Steps(warmup)),
            decay,
        };
        let total = number("total") as u64;
        let rates = doubles(&case["rates"]);
        assert_eq!(rates.len() as u64, total);
        for (step, rate) in rates.iter().enumerate() {
            let got = learning_rate(&schedule, number("base"), step as u64, total, 10.0).unwrap();
            assert!(
                (got - rate).abs() < 1e-9,
                "{schedule:?} at step {step}: {got}, expected {rate}"
            );
        }
    }
}

#[test]
fn warmup_may_be_given_in_epochs_or_outlast_the_run() {
    let schedule = Schedule {
        warmup: Some(Duration::Epochs(0.5)),
        decay: Decay::Constant,
    };
    assert_eq!(warmup_steps(&schedule, 40.0), 20);
    assert_eq!(learning_rate(&schedule, 1.0, 0, 100, 40.0).unwrap(), 0.05);
    assert_eq!(learning_rate(&schedule, 1.0, 19, 100, 40.0).unwrap(), 1.0);
    let long = Schedule {
        warmup: Some(Duration::Steps(1000)),
        decay: Decay::Cosine { floor: 0.0 },
    };
    assert_eq!(learning_rate(&long, 1.0, 99, 100, 40.0).unwrap(), 0.1);
}
