//! `a + b`, `-a`, `2.0 * a`: the signs of arithmetic between nodes and numbers. Each makes the node that the method of the
//! graph makes.

use rhai::{Dynamic, Engine, FLOAT, INT, NativeCallContext};

use super::tape::{Node, Thrown};
use crate::catalog::Result;
use crate::graph::{Graph, Var};

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
