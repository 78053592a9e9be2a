//! What a step computes, and what is refused.

use super::*;
use crate::catalog::Value;
use crate::graph::testing::{args, encoder};
use crate::graph::{DType, Graph, Mode, Size};

fn declared(n: usize, m: usize) -> Graph {
    let mut g = Graph::new(Mode::Train);
    for (name, n) in [("words", n), ("noise", m)] {
        g.declare_input(name, vec![Size::batch(), n.into()], DType::Int, Some(20));
    }
    g
}

fn built(n: usize, m: usize, share: i64) -> crate::catalog::Result<Graph> {
    let net = encoder("word_vectors", &[("dim", Value::Integer(8))]);
    let given = [
        ("encoder", Value::Net(net)),
        ("share", Value::Integer(share)),
    ];
    let mut g = declared(n, m);
    let spec = std::sync::Arc::new(spec());
    windows::build(&mut g, &args(&spec, &given), false)?;
    Ok(g)
}

#[test]
fn each_word_has_two_vectors() {
    let g = built(10, 15, 4).unwrap();
    let tables: Vec<&str> = g.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(tables, ["encoder/vectors", "told/vectors"]);
    assert!(g.parameters.iter().all(|p| p.shape == [20, 8]));
}

#[test]
fn noise_that_can_not_be_dealt_is_refused() {
    let problem = built(10, 16, 4).unwrap_err();
    assert!(
        problem
            .message
            .contains("16 noise words can't be dealt to 3 times 4 words"),
        "{problem}"
    );
}
