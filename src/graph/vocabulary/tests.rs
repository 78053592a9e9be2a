//! The table, and calls through it.

use std::collections::BTreeSet;

use super::{Attrs, operation, operation_by_code, operations};
use crate::graph::{DType, Graph, Mode, Size, Var, show};
use crate::language::codes::Code;

fn graph() -> (Graph, Var) {
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("x", vec![Size::batch(), 6.into()], DType::F32, None);
    (g, x)
}

#[test]
fn names_and_numbers_are_unique() {
    let names: BTreeSet<&str> = operations().iter().map(|op| op.name).collect();
    let codes: BTreeSet<u32> = operations().iter().map(|op| op.code).collect();
    assert_eq!(names.len(), operations().len());
    assert_eq!(codes.len(), operations().len());
    for op in operations() {
        assert_eq!(operation(op.name).map(|op| op.code), Some(op.code));
        assert_eq!(operation_by_code(op.code).map(|op| op.name), Some(op.name));
        assert!(!op.summary.is_empty(), "{}", op.name);
        assert!(
            op.attrs.iter().all(|attr| !attr.doc.is_empty()),
            "{}",
            op.name
        );
    }
    assert!(operation("no_such_operation").is_none());
    assert!(operation_by_code(0).is_none());
}

#[test]
fn a_call_makes_what_the_method_makes() {
    let (mut g, x) = graph();
    let method = g.softmax(x, 1).unwrap();
    let softmax = operation("softmax").unwrap();
    let by_name = g.apply(softmax, &[x], &Attrs::new()).unwrap()[0];
    assert_eq!(g.node(method).op, g.node(by_name).op);
    let reshape = operation("reshape").unwrap();
    let shape = Attrs::new().with("shape", vec![Size::batch(), 2.into(), 3.into()]);
    let y = g.apply(reshape, &[x], &shape).unwrap()[0];
    assert_eq!(show(g.shape(y)), "[B, 2, 3]");
    let sum = operation("sum").unwrap();
    let attrs = Attrs::new().with("dims", vec![-1, -2]).with("keep", false);
    let y = g.apply(sum, &[y], &attrs).unwrap()[0];
    assert_eq!(show(g.shape(y)), "[B]");
}

#[test]
fn wrong_calls_are_refused() {
    let (mut g, x) = graph();
    let mut refused = |name: &str, operands: &[Var], attrs: Attrs, code: Code, words: &str| {
        let before = g.nodes.len();
        let problem = g
            .apply(operation(name).unwrap(), operands, &attrs)
            .unwrap_err();
        assert_eq!(problem.code, code, "{problem}");
        assert!(problem.message.contains(words), "{problem}");
        assert_eq!(g.nodes.len(), before);
    };
    let none = Attrs::new;
    refused(
        "relu",
        &[x, x],
        none(),
        Code::Shape,
        "takes 1 operands, not 2",
    );
    refused("linear", &[x], none(), Code::Shape, "2 to 3");
    refused("concat", &[], none(), Code::Shape, "at least 1");
    refused("relu", &[Var(7)], none(), Code::Shape, "not of this graph");
    refused(
        "softmax",
        &[x],
        none().with("axis", 1),
        Code::UnknownField,
        "axis",
    );
    refused(
        "softmax",
        &[x],
        none().with("dim", 0.5),
        Code::Mistyped,
        "a whole number, not 0.5",
    );
    refused(
        "softmax",
        &[x],
        none().with("dim", 2),
        Code::Shape,
        "no dimension 2",
    );
    refused(
        "softmax",
        &[x],
        none().with("dim", -3),
        Code::Shape,
        "no dimension -3",
    );
    refused("add_scalar", &[x], none(), Code::MissingField, "`c`");
    refused(
        "max_pool",
        &[x],
        none().with("kernel", -1),
        Code::OutOfRange,
        "-1",
    );
    refused("eye", &[], none().with("n", -1), Code::Mistyped, "a size");
}
