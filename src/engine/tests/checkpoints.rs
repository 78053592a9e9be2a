//! Checkpoints: bit-exact, atomic, and training goes on as if nothing had happened.

use super::fixtures::{model, small_batch, small_net};
use crate::engine::checkpoint::{Checkpoint, Cursor, newest, read, save, write};
use crate::engine::{Trainer, TrainerState};
use crate::graph::Mode;
use crate::plan::Optimizer;

fn optimizers() -> [Optimizer; 3] {
    [
        Optimizer::AdamW {
            rate: 1e-2,
            betas: (0.9, 0.999),
            epsilon: 1e-8,
            weight_decay: 0.05,
        },
        Optimizer::Sgd {
            rate: 1e-2,
            momentum: 0.9,
            nesterov: true,
            weight_decay: 1e-4,
        },
        Optimizer::Lars {
            rate: 0.5,
            momentum: 0.9,
            weight_decay: 1e-6,
            trust: 1e-2,
        },
    ]
}

fn steps(trainer: &mut Trainer, range: std::ops::Range<u64>) {
    let graph = small_net(Mode::Train);
    for step in range {
        trainer
            .step(&graph, &[small_batch(16, step)], 1e-2, Some(1.0))
            .expect("a step");
    }
}

fn checkpoint(state: TrainerState) -> Checkpoint {
    Checkpoint {
        cursor: Cursor {
            epoch: 3,
            batch: state.step,
        },
        metrics_bytes: 1234,
        notes: [("best".to_owned(), serde_json::json!(0.5))].into(),
        state,
    }
}

#[test]
fn training_goes_on_bit_for_bit() {
    let graph = small_net(Mode::Train);
    for optimizer in optimizers() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut undisturbed = Trainer::new(model(&graph), optimizer.clone(), Vec::new(), 7);
        steps(&mut undisturbed, 0..12);

        let mut killed = Trainer::new(model(&graph), optimizer.clone(), Vec::new(), 7);
        steps(&mut killed, 0..5);
        let saved = checkpoint(killed.state().expect("a state"));
        save(folder.path(), &saved, 2).expect("a checkpoint");
        drop(killed);

        let found = newest(folder.path()).expect("a folder").found;
        let (_, loaded) = found.expect("a checkpoint");
        assert_eq!(loaded, saved);
        let mut resumed = Trainer::new(model(&graph), optimizer, Vec::new(), 7);
        resumed.restore(&loaded.state).expect("a fitting state");
        assert_eq!(resumed.steps(), 5);
        steps(&mut resumed, 5..12);
        assert_eq!(
            resumed.state().expect("a state"),
            undisturbed.state().expect("a state")
        );
    }
}

#[test]
fn the_newest_whole_file_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = |step| TrainerState {
        step,
        parameters: [(
            "w".to_owned(),
            crate::engine::HostTensor::f32(vec![step as f32; 100], &[10, 10]),
        )]
        .into(),
        ..TrainerState::default()
    };
    let mut paths = Vec::new();
    for step in [10, 20, 30] {
        paths.push(save(folder.path(), &checkpoint(state(step)), 2).expect("a checkpoint"));
    }
    assert!(!paths[0].exists(), "only two are kept");
    let whole = std::fs::read(&paths[2]).expect("a file");

    // every way to be damaged: cut anywhere, one bit changed anywhere
    let cuts = (0..whole.len()).step_by(17).map(|n| whole[..n].to_vec());
    let flips = (0..whole.len()).step_by(13).map(|n| {
        let mut bytes = whole.clone();
        bytes[n] ^= 1 << (n % 8);
        bytes
    });
    for bytes in cuts.chain(flips) {
        std::fs::write(&paths[2], &bytes).expect("a file");
        let found = newest(folder.path()).expect("a folder");
        assert_eq!(found.passed_over.len(), 1);
        let (path, checkpoint) = found.found.expect("the one before");
        assert_eq!((path, checkpoint.state.step), (paths[1].clone(), 20));
    }

    // writing goes on from step 20: what was damaged and what a crash left go away, the good one stays
    let left = folder.path().join("step-000000030.part");
    std::fs::write(&left, b"half").expect("a file");
    let path = save(folder.path(), &checkpoint(state(25)), 1).expect("a checkpoint");
    assert!(path.exists() && !left.exists() && !paths[2].exists());
    let found = newest(folder.path()).expect("a folder");
    assert_eq!(found.found.map(|(_, c)| c.state.step), Some(25));
    assert!(found.passed_over.is_empty());
}

#[test]
fn errors_name_file_and_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.ckpt");
    let text = |result: Result<Checkpoint, crate::engine::EngineError>| {
        result.err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert!(text(read(&path)).starts_with("can't read "));
    std::fs::write(&path, vec![b'x'; 200]).expect("a file");
    assert!(text(read(&path)).contains("it is not a checkpoint"));
    write(&path, &checkpoint(TrainerState::default())).expect("a file");
    let mut bytes = std::fs::read(&path).expect("a file");
    bytes[8] = 9;
    std::fs::write(&path, &bytes).expect("a file");
    assert!(text(read(&path)).contains("version 9"));
    assert!(
        newest(&folder.path().join("none"))
            .expect("no folder is no error")
            .found
            .is_none()
    );
}
