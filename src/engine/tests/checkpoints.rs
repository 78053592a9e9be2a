//! Checkpoints: bit-exact, atomic, and training goes on as if nothing had happened.

use super::fixtures::{model, small_batch, small_net};
use crate::engine::checkpoint::{
    Binding, Checkpoint, Cursor, Opened, Written, fits_training, newest, read, save, write,
};
use crate::engine::{EngineError, HostTensor, Trainer, TrainerState};
use crate::files::Folder;
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

fn binding() -> Binding {
    Binding {
        stage: "rotations".into(),
        part: String::new(),
        hash: "0".repeat(64),
    }
}

fn opened(folder: &tempfile::TempDir) -> Folder {
    Folder::open(folder.path()).expect("a folder")
}

fn checkpoint(state: TrainerState) -> Checkpoint {
    Checkpoint {
        binding: binding(),
        cursor: Cursor {
            epoch: 3,
            batch: state.step,
        },
        metrics: Written {
            bytes: 1234,
            hash: "f".repeat(64),
        },
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
        save(&opened(&folder), &saved, 2).expect("a checkpoint");
        drop(killed);

        let found = newest(&opened(&folder), &binding())
            .expect("a folder")
            .found;
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
            HostTensor::f32(vec![step as f32; 100], &[10, 10]),
        )]
        .into(),
        ..TrainerState::default()
    };
    let mut paths = Vec::new();
    for step in [10, 20, 30] {
        let name = save(&opened(&folder), &checkpoint(state(step)), 2).expect("a checkpoint");
        paths.push(folder.path().join(name));
    }
    assert!(!paths[0].exists(), "only two are kept");
    let whole = std::fs::read(&paths[2]).expect("a file");

    // every way to be damaged: cut anywhere, one bit changed anywhere; another version is an error of its own
    let cuts = (0..whole.len()).step_by(17).map(|n| whole[..n].to_vec());
    let flips = (0..whole.len()).step_by(13).map(|n| {
        let mut bytes = whole.clone();
        bytes[n] ^= 1 << (n % 8);
        bytes
    });
    for bytes in cuts.chain(flips) {
        std::fs::write(&paths[2], &bytes).expect("a file");
        let found = match newest(&opened(&folder), &binding()) {
            Err(EngineError::CheckpointVersion { .. }) => continue,
            found => found.expect("a folder"),
        };
        assert_eq!(found.passed_over.len(), 1);
        let (name, checkpoint) = found.found.expect("the one before");
        assert_eq!(folder.path().join(name), paths[1]);
        assert_eq!(checkpoint.state.step, 20);
    }

    // writing goes on from step 20: what was damaged and what a crash left go away, the good one stays
    let left = folder
        .path()
        .join("step-000000030.ckpt.0123456789abcdef.part");
    std::fs::write(&left, b"half").expect("a file");
    let name = save(&opened(&folder), &checkpoint(state(25)), 1).expect("a checkpoint");
    assert!(folder.path().join(name).exists() && !left.exists() && !paths[2].exists());
    let found = newest(&opened(&folder), &binding()).expect("a folder");
    assert_eq!(found.found.map(|(_, c)| c.state.step), Some(25));
    assert!(found.passed_over.is_empty());
}

#[test]
fn errors_name_file_and_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.ckpt");
    let text = |result: Result<Checkpoint, EngineError>| {
        result.err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert!(text(read(&path)).contains("it is not there"));
    std::fs::write(&path, vec![b'x'; 200]).expect("a file");
    assert!(text(read(&path)).contains("it is not a checkpoint"));
    write(
        &opened(&folder),
        "x.ckpt",
        &checkpoint(TrainerState::default()),
    )
    .expect("a file");
    let mut bytes = std::fs::read(&path).expect("a file");
    for (version, words) in [(1, "an earlier version"), (9, "a later version")] {
        bytes[8] = version;
        std::fs::write(&path, &bytes).expect("a file");
        assert!(text(read(&path)).contains(words));
    }
}

/// What belongs to something else is whole, and passed over all the same; another version is not: what it holds is not to be
/// written over.
#[test]
fn what_belongs_elsewhere_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = checkpoint(TrainerState {
        step: 3,
        ..TrainerState::default()
    });
    let name = save(&opened(&folder), &saved, 1).expect("a checkpoint");
    for (change, words) in [
        (
            (|binding| {
                binding.stage = "other".into();
                binding.hash = "2".repeat(64);
            }) as fn(&mut Binding),
            "another stage than `other`",
        ),
        (|binding| binding.hash = "1".repeat(64), "other settings"),
        (|binding| binding.part = "pixels".into(), "another training"),
    ] {
        let mut wanted = binding();
        change(&mut wanted);
        let found = newest(&opened(&folder), &wanted).expect("a folder");
        assert!(found.found.is_none());
        let why = found.passed_over[0].to_string();
        assert!(why.contains(words), "{why}");
    }
    // another name is no other stage
    let mut called = binding();
    called.stage = "other".into();
    let found = newest(&opened(&folder), &called).expect("a folder");
    assert!(found.found.is_some());
    let renamed = folder.path().join("step-000000004.ckpt");
    std::fs::rename(folder.path().join(&name), &renamed).expect("a rename");
    let found = newest(&opened(&folder), &binding()).expect("a folder");
    assert!(found.found.is_none() && found.passed_over.len() == 1);
    let mut bytes = std::fs::read(&renamed).expect("a file");
    bytes[8] = 1;
    std::fs::write(&renamed, bytes).expect("a file");
    let refused = newest(&opened(&folder), &binding()).expect_err("another version");
    assert!(matches!(refused, EngineError::CheckpointVersion { .. }));
}

/// A list of tensors that is not the stage's is refused from the header alone.
#[test]
fn a_tensor_too_few_or_too_many_is_refused() {
    let graph = small_net(Mode::Train);
    let mut trainer = Trainer::new(model(&graph), optimizers()[0].clone(), Vec::new(), 7);
    steps(&mut trainer, 0..2);
    let whole = trainer.state().expect("a state");
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |state: TrainerState| -> String {
        write(&opened(&folder), "x.ckpt", &checkpoint(state)).expect("a file");
        let opened = Opened::new(&opened(&folder), "x.ckpt").expect("a header");
        let fits = fits_training(&opened, trainer.model(), false);
        fits.err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert_eq!(refused(whole.clone()), "");
    let name = whole.parameters.keys().next().expect("a name").clone();
    let tensor = || HostTensor::f32(vec![0.0], &[1]);
    let changes: [(fn(&mut TrainerState, String, HostTensor), &str); 6] = [
        (|s, n, _| drop(s.parameters.remove(&n)), "is missing"),
        (|s, n, t| drop(s.parameters.insert(n, t)), "has sizes [1]"),
        (
            |s, _, t| drop(s.parameters.insert("\x1b[2J".into(), t)),
            "it has a tensor that the stage does not have",
        ),
        (
            |s, n, t| drop(s.states.insert(n, t)),
            "it has a tensor that the stage does not have",
        ),
        (
            |s, n, t| drop(s.average.insert(n, t)),
            "it has a tensor that the stage does not have",
        ),
        (
            |s, n, _| s.moments.entry(n).or_default().first = Some(vec![0.0]),
            "it remembers updates",
        ),
    ];
    for (change, words) in changes {
        let mut state = whole.clone();
        change(&mut state, name.clone(), tensor());
        let why = refused(state);
        assert!(
            why.contains(words) && !why.contains('\x1b'),
            "{words}: {why}"
        );
    }
}
