//! `a + b`, `-a`, `2.0 * a`: the signs of arithmetic between nodes and numbers. Each makes the node that the method of the
//! graph makes.

use rhai::{Dynamic, Engine, FLOAT, INT, NativeCallContext};

use super::raise::raise;
use super::tape::{Node, Thrown};
use crate::catalog::{Problem, Result};
use crate::graph::{Graph, Size, Var};
use crate::language::codes::Code;

/// A sign between two nodes.
type Between = fn(&mut Graph, Var, Var) -> Result<Var>;
/// A sign between a node and a number, the node first in both.
type With = fn(&mut Graph, Var, f64) -> Result<Var>;

/// Makes the signs known.
pub fn register(engine: &mut Engine) {
    super::values::register(engine);
    sign(
        engine,
        "+",
        Graph::add,
        Graph::add_scalar,
        Graph::add_scalar,
    );
    sign(
        engine,
        "-",
        Graph::sub,
        |g, x, c| g.add_scalar(x, -c),
        |g, x, c| {
            let minus = g.mul_scalar(x, -1.0)?;
            g.add_scalar(minus, c)
        },
    );
    sign(
        engine,
        "*",
        Graph::mul,
        Graph::mul_scalar,
        Graph::mul_scalar,
    );
    between(engine, "/", Graph::div);
    with(engine, "/", |g, x, c| g.mul_scalar(x, 1.0 / c));
    engine.register_fn("-", |ctx: NativeCallContext, x: Node| {
        x.tape
            .node(ctx.call_position(), |g| g.mul_scalar(x.var, -1.0))
    });
    engine.register_fn("+", |x: Node| x);
    for (sign, word) in COMPARISONS {
        comparison(engine, sign, word);
    }
}

/// Signs of comparison, and the operations that compare in the graph.
const COMPARISONS: [(&str, &str); 6] = [
    ("==", "equal"),
    ("!=", "not_equal"),
    ("<", "less"),
    ("<=", "less_equal"),
    (">", "greater"),
    (">=", "greater_equal"),
];

/// Refuses to compare what has no value yet: for the interpreter, values of two types are just not equal.
fn comparison(engine: &mut Engine, sign: &'static str, word: &'static str) {
    let node = move |ctx: &NativeCallContext| -> Thrown<bool> {
        let message =
            format!("a node has no value while the graph is built: `{sign}` can't compare it");
        let problem = Problem::new(Code::Script, message).help(format!(
            "compare in the graph: `{word}(x, y)`; a number is a node there, `g.full([1], 0.5)`"
        ));
        Err(raise(problem, ctx.call_position()))
    };
    let size = move |ctx: &NativeCallContext, size: &Size| -> Thrown<bool> {
        let message = format!(
            "the size {size} depends on the batch, which is not known while the graph is built: `{sign}` can't compare it with a number"
        );
        let problem = Problem::new(Code::Script, message)
            .help("sizes that do not depend on the batch are numbers, such as `x.shape[1]`");
        Err(raise(problem, ctx.call_position()))
    };
    engine
        .register_fn(sign, move |ctx: NativeCallContext, _: Node, _: Node| {
            node(&ctx)
        })
        .register_fn(sign, move |ctx: NativeCallContext, _: Node, _: FLOAT| {
            node(&ctx)
        })
        .register_fn(sign, move |ctx: NativeCallContext, _: Node, _: INT| {
            node(&ctx)
        })
        .register_fn(sign, move |ctx: NativeCallContext, _: FLOAT, _: Node| {
            node(&ctx)
        })
        .register_fn(sign, move |ctx: NativeCallContext, _: INT, _: Node| {
            node(&ctx)
        })
        .register_fn(sign, move |ctx: NativeCallContext, a: Size, _: FLOAT| {
            size(&ctx, &a)
        })
        .register_fn(sign, move |ctx: NativeCallContext, a: Size, _: INT| {
            size(&ctx, &a)
        })
        .register_fn(sign, move |ctx: NativeCallContext, _: FLOAT, a: Size| {
            size(&ctx, &a)
        })
        .register_fn(sign, move |ctx: NativeCallContext, _: INT, a: Size| {
            size(&ctx, &a)
        });
}

/// A sign between nodes, between node and number, and between number and node.
fn sign(engine: &mut Engine, sign: &str, nodes: Between, right: With, left: With) {
    between(engine, sign, nodes);
    with(engine, sign, right);
    engine.register_fn(sign, move |ctx: NativeCallContext, c: FLOAT, x: Node| {
        x.tape.node(ctx.call_position(), |g| left(g, x.var, c))
    });
    engine.register_fn(sign, move |ctx: NativeCallContext, c: INT, x: Node| {
        x.tape
            .node(ctx.call_position(), |g| left(g, x.var, c as FLOAT))
    });
}

fn between(engine: &mut Engine, sign: &str, nodes: Between) {
    engine.register_fn(sign, move |ctx: NativeCallContext, a: Node, b: Node| {
        let at = ctx.call_position();
        let right = a.tape.own(at, &b)?;
        a.tape.node(at, |g| nodes(g, a.var, right))
    });
}

fn with(engine: &mut Engine, sign: &str, right: With) {
    engine.register_fn(sign, move |ctx: NativeCallContext, x: Node, c: FLOAT| {
        x.tape.node(ctx.call_position(), |g| right(g, x.var, c))
    });
    engine.register_fn(sign, move |ctx: NativeCallContext, x: Node, c: INT| {
        let c = c as FLOAT;
        Thrown::Ok(Dynamic::from(
            x.tape.node(ctx.call_position(), |g| right(g, x.var, c))?,
        ))
    });
}
