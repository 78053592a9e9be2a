//! Which nodes one kernel carries out.

use crate::engine::program::{Chain, Program};
use crate::graph::{DType, Graph, Init, Mode, Running, Size, Var};

fn map(mode: Mode) -> (Graph, Var) {
    let mut g = Graph::new(mode);
    let shape = vec![Size::batch(), 4.into(), 6.into(), 6.into()];
    let x = g.declare_input("x", shape, DType::F32, None);
    (g, x)
}

fn norm(g: &mut Graph, x: Var, name: &str) -> Var {
    let gamma = g.parameter(&format!("{name}/gamma"), &[4], Init::Constant(1.0));
    let beta = g.parameter(&format!("{name}/beta"), &[4], Init::Constant(0.0));
    let running = Running {
        mean: g.buffer(&format!("{name}/mean"), &[4], 0.0),
        variance: g.buffer(&format!("{name}/variance"), &[4], 1.0),
        epsilon: 1e-5,
        momentum: 0.1,
    };
    g.batch_norm(x, gamma, beta, running).expect("a map")
}

#[test]
fn a_batch_norm_is_joined_with_its_relu() {
    let (mut g, x) = map(Mode::Train);
    let y = norm(&mut g, x, "bn");
    let z = g.relu(y).expect("numbers");
    let alone = Program::new(&g, &[z]);
    let wanted = Chain::Norm { norm: y, sum: None };
    assert_eq!(alone.chains.get(&z), Some(&wanted));
    assert!(alone.inside[y.0 as usize] && !alone.inside[z.0 as usize]);
    // somebody else reads what lies between
    assert!(Program::new(&g, &[z, y]).chains.is_empty());
}

#[test]
fn a_shortcut_is_added_in_the_same_pass() {
    let (mut g, x) = map(Mode::Train);
    let y = norm(&mut g, x, "bn");
    let sum = g.add(x, y).expect("numbers");
    let z = g.relu(sum).expect("numbers");
    let wanted = Chain::Norm {
        norm: y,
        sum: Some((sum, x)),
    };
    let program = Program::new(&g, &[z]);
    assert_eq!(program.chains.get(&z), Some(&wanted));
    // of two batch norms one is the shortcut and runs alone
    let other = norm(&mut g, x, "other");
    let sum = g.add(y, other).expect("numbers");
    let z = g.relu(sum).expect("numbers");
    let program = Program::new(&g, &[z]);
    assert!(program.inside[y.0 as usize] && !program.inside[other.0 as usize]);
}

#[test]
fn statistics_move_in_the_order_of_the_calls() {
    let (mut g, x) = map(Mode::Train);
    let first = norm(&mut g, x, "bn");
    let second = norm(&mut g, first, "bn");
    let late = g.relu(second).expect("numbers");
    let program = Program::new(&g, &[late]);
    assert_eq!(program.chains.len(), 1);
    // the same statistics move between this batch norm and its ReLU
    let (mut g, x) = map(Mode::Train);
    let first = norm(&mut g, x, "bn");
    let second = norm(&mut g, x, "bn");
    let a = g.relu(first).expect("numbers");
    let b = g.relu(second).expect("numbers");
    let chains = Program::new(&g, &[a, b]).chains;
    assert!(!chains.contains_key(&a) && chains.contains_key(&b));
}

#[test]
fn heads_of_one_layer_are_joined() {
    let mut g = Graph::new(Mode::Train);
    let shape = vec![Size::batch(), 5.into(), 24.into()];
    let joined = g.declare_input("x", shape, DType::F32, None);
    let part = |g: &mut Graph, index: usize| {
        let part = g
            .slice(joined, 2, (8 * index).into(), 8.into())
            .expect("fits");
        let shape = vec![Size::batch(), 5.into(), 2.into(), 4.into()];
        let part = g.reshape(part, shape).expect("fits");
        g.permute(part, &[0, 2, 1, 3]).expect("fits")
    };
    let [q, k, v] = [part(&mut g, 0), part(&mut g, 1), part(&mut g, 2)];
    let y = g.attention(q, k, v, None, None).expect("fits");
    let program = Program::new(&g, &[y]);
    assert!(
        matches!(program.chains.get(&y), Some(Chain::Heads { joined: from, .. }) if *from == joined)
    );
    assert_eq!(program.inside.iter().filter(|inside| **inside).count(), 9);
    // keys and values exchanged are not what the kernel reads
    let y = g.attention(q, v, k, None, None).expect("fits");
    assert!(Program::new(&g, &[y]).chains.is_empty());
}
