//! What takes modules and functions: slow copies, objectives of single modules, parts that later stages start from, work before
//! each epoch, numbers that change with the step.

use std::sync::Arc;

use rhai::{Array, Dynamic, Engine, FLOAT, FnPtr, INT, Map, NativeCallContext, Position};

use super::declare::is_name;
use super::raise::raise;
use super::tape::{Node, Tape, Thrown, callable, module_of};
use super::vocabulary::named;
use crate::catalog::{Problem, Result};
use crate::graph::{Graph, Mode, Module, Op, Scalar, StateId, operation};
use crate::language::codes::Code;

/// Makes these methods known.
pub fn register(engine: &mut Engine) {
    scalars(engine);
    modules(engine);
    epochs(engine);
}

/// The numbers that a scalar goes through, where they are known.
fn ends(scalar: &Scalar) -> Vec<f64> {
    match scalar {
        Scalar::Constant(x) => vec![*x],
        Scalar::Ramp { from, to, .. } => vec![*from, *to],
        _ => Vec::new(),
    }
}

/// A number (`0.99`), a ramp (`#{from: 0.99, to: 1.0, curve: "cosine"}`: the attributes of `scalar`), or a function of
/// the step.
fn scalar_of(tape: &Tape, value: &Dynamic, at: Position) -> Thrown<Scalar> {
    let scalar = any_scalar(tape, value, at)?;
    match ends(&scalar).iter().find(|x| !x.is_finite()) {
        None => Ok(scalar),
        Some(x) => {
            let message = format!("a number that changes with the step can't be {x}");
            let problem = Problem::new(Code::Script, message);
            Err(raise(problem.help("is it divided by 0?"), at))
        }
    }
}

fn any_scalar(tape: &Tape, value: &Dynamic, at: Position) -> Thrown<Scalar> {
    if let Ok(x) = value.as_float() {
        return Ok(Scalar::Constant(x));
    }
    if let Ok(n) = value.as_int() {
        return Ok(Scalar::Constant(n as FLOAT));
    }
    let thrown = |problem: Problem| raise(problem, at);
    if let Some(function) = value.read_lock::<FnPtr>() {
        let function = tape.script.scalar(&function).map_err(thrown)?;
        return Ok(Scalar::Script(function));
    }
    let ramp = || -> Result<Option<Scalar>> {
        let (Some(map), Some(op)) = (value.read_lock::<Map>(), operation("scalar")) else {
            return Ok(None);
        };
        let attrs = named(op, &map)?;
        // the row of the vocabulary knows how the attributes make a number
        let mut graph = Graph::new(Mode::Train);
        let var = graph.apply(op, &[], &attrs)?;
        Ok(match var.first().map(|var| &graph.node(*var).op) {
            Some(Op::Scalar(scalar)) => Some(scalar.clone()),
            _ => None,
        })
    };
    ramp().map_err(thrown)?.ok_or_else(|| {
        let what = super::raise::noun(value.type_name());
        let problem = Problem::new(
            Code::Script,
            format!("{what} is no number that changes with the step"),
        );
        thrown(problem.help(
            "write `0.99`, `#{from: 0.99, to: 1.0, curve: \"cosine\"}` or `|step, total, epoch| …`",
        ))
    })
}

fn scalars(engine: &mut Engine) {
    engine
        .register_fn(
            "scalar",
            |ctx: NativeCallContext, g: &mut Tape, function: FnPtr| {
                let at = ctx.call_position();
                let scalar = scalar_of(g, &function.into(), at)?;
                g.node(at, |graph| Ok(graph.scalar(scalar)))
            },
        )
        .register_fn(
            "when",
            |ctx: NativeCallContext, x: Node, function: FnPtr| {
                let at = ctx.call_position();
                let gate = scalar_of(&x.tape, &function.into(), at)?;
                x.tape.node(at, |graph| Ok(graph.when(gate, x.var)))
            },
        )
        .register_fn(
            "ema",
            |ctx: NativeCallContext, g: &mut Tape, module: FnPtr, momentum: Dynamic| {
                let at = ctx.call_position();
                let module = module_of(&module, at)?;
                let momentum = scalar_of(g, &momentum, at)?;
                if let Some(x) = ends(&momentum).iter().find(|x| !(0.0..=1.0).contains(*x)) {
                    let message = format!("the momentum of a slow copy is from 0 to 1, not {x}");
                    let problem = Problem::new(Code::Script, message).note(
                        "It is the part of the copy that stays at each step: 0.99 is common.",
                    );
                    return Err(raise(problem, at));
                }
                let copy = g.build(at, |graph| graph.ema(&module, momentum))?;
                Thrown::Ok(callable(copy))
            },
        );
}

fn modules(engine: &mut Engine) {
    engine
        .register_fn(
            "objective_of",
            |ctx: NativeCallContext, g: &mut Tape, name: &str, x: Node, modules: Array| {
                let at = ctx.call_position();
                let modules = modules.into_iter().map(|module| {
                    let ty = module.type_name();
                    let function = module.try_cast::<FnPtr>().ok_or_else(|| {
                        let found = super::raise::noun(ty);
                        let message = format!("expected a module, found {found}");
                        raise(Problem::new(Code::Script, message), at)
                    })?;
                    module_of(&function, at)
                });
                let modules: Vec<Arc<Module>> = modules.collect::<Thrown<_>>()?;
                let modules: Vec<&Module> = modules.iter().map(|module| &**module).collect();
                super::tape::single(g, at, &x, "an objective")?;
                g.build(at, |graph| graph.objective_of(name, x.var, &modules))
            },
        )
        .register_fn(
            "part",
            |ctx: NativeCallContext, g: &mut Tape, name: &str, module: FnPtr| {
                let at = ctx.call_position();
                let module = module_of(&module, at)?;
                if !is_name(name) {
                    let message = format!("`{name}` can't be the name of a part");
                    let problem = Problem::new(Code::Script, message).note(
                        "Later stages write it, `from = STAGE.NAME`: names have ASCII letters, digits and `_`, and do not begin with a digit.",
                    );
                    return Err(raise(problem, at));
                }
                g.build(at, |graph| {
                    if graph.parts.iter().any(|part| part.name == name) {
                        let message = format!("there is a part `{name}` already");
                        return Err(Problem::new(Code::Duplicate, message)
                            .help("give each part a name of its own"));
                    }
                    graph.part(name, &module);
                    Ok(())
                })
            },
        );
}

fn epochs(engine: &mut Engine) {
    engine
        .register_get("records", |g: &mut Tape| {
            let records = g.build(super::clock::place(), |graph| graph.records())?;
            Thrown::Ok(records as INT)
        })
        .register_fn(
            "fill",
            |ctx: NativeCallContext, g: &mut Tape, state: Node, build: FnPtr| {
                let at = ctx.call_position();
                let state = state_of(g, &state, at)?;
                // the function may not see this graph half-built: it gets a graph of its own
                let mut whole = g.release();
                whole.set_span(g.script.source.span(at));
                let mut thrown = None;
                let filled = whole.fill(state, |inner, image| {
                    let tape = Tape::new(inner, &g.script);
                    let x = tape.value(image);
                    let made = build.call_within_context::<Dynamic>(&ctx, (tape.clone(), x));
                    *inner = tape.release();
                    let node = made.map_err(|error| {
                        thrown = Some(error);
                        Problem::new(Code::Script, "the function fails")
                    })?;
                    let node = node.try_cast::<Node>();
                    let own = node.and_then(|node| tape.own(at, &node).ok());
                    own.ok_or_else(|| {
                        Problem::new(Code::Script, "the function must give a node of its graph")
                            .help("write `g.fill(bank, |g, x| g.call(p.encoder, x))`")
                    })
                });
                g.restore(whole);
                match (filled, thrown) {
                    (_, Some(error)) => Err(error),
                    (Err(problem), None) => Err(raise(problem, at)),
                    (Ok(()), None) => Ok(()),
                }
            },
        )
        .register_fn(
            "kmeans",
            |ctx: NativeCallContext,
             g: &mut Tape,
             bank: Node,
             centres: Node,
             clusters: Node,
             iterations: INT| {
                let at = ctx.call_position();
                let states = [bank, centres, clusters];
                let [bank, centres, clusters] = states.map(|state| state_of(g, &state, at));
                let (bank, centres, clusters) = (bank?, centres?, clusters?);
                let iterations = usize::try_from(iterations).unwrap_or(0).min(10_000);
                g.build(at, |graph| {
                    graph.kmeans(bank, centres, clusters, iterations)
                })
            },
        );
}

/// The state that `g.state(…)` gave.
fn state_of(g: &Tape, node: &Node, at: Position) -> Thrown<StateId> {
    let var = g.own(at, node)?;
    g.build(at, |graph| match graph.node(var).op {
        Op::Read(id) => Ok(id),
        _ => Err(Problem::new(Code::Script, "this is no state")
            .help("a state is what `g.state(#{name: …, shape: […]})` gives")),
    })
}
