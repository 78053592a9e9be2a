//! What a script sees of the graph it builds: the graph itself, its nodes, sizes, modules.

use std::sync::{Arc, Mutex, MutexGuard};

use rhai::{
    Array, Dynamic, Engine, EvalAltResult, FLOAT, FnPtr, INT, Map, NativeCallContext, Position,
};

use super::Script;
use super::clock::place;
use super::raise::raise;
use super::sizes::{dynamic_size, size_of};
use crate::catalog::{Problem, Result as Checked};
use crate::graph::{Attrs, Graph, Init, Mode, Module, Size, Var, operation};
use crate::language::codes::Code;

/// Most nodes of a graph that a script builds.
pub const MAX_NODES: usize = 20_000;

/// What the interpreter's functions give.
pub type Thrown<T> = Result<T, Box<EvalAltResult>>;

/// `g`: the graph that is being built, and the script that builds it.
#[derive(Clone)]
pub struct Tape {
    /// `None` once it is built, and while a function given to `fill` builds one of its own.
    graph: Arc<Mutex<Option<Graph>>>,
    /// The script that builds it.
    pub script: Arc<Script>,
}

/// A value of the graph.
#[derive(Clone)]
pub struct Node {
    /// Its graph.
    pub tape: Tape,
    /// Its name there.
    pub var: Var,
}

/// An encoder or a head that can be called: its layers and the name that its parameters carry.
#[derive(Clone)]
pub struct Part(pub Arc<Module>);

/// The function that a module is to the interpreter: `g.call(encoder, x)`, `encoder.call(x)`.
const RUN: &str = "run_module";

impl Tape {
    /// Takes a graph over. [`Tape::release`] gives it back.
    pub fn new(graph: &mut Graph, script: &Arc<Script>) -> Self {
        let graph = std::mem::replace(graph, Graph::new(Mode::Train));
        Self {
            graph: Arc::new(Mutex::new(Some(graph))),
            script: script.clone(),
        }
    }

    /// The graph with what was built: its nodes can't be used any more.
    pub fn release(&self) -> Graph {
        self.lock()
            .take()
            .unwrap_or_else(|| Graph::new(Mode::Train))
    }

    /// Puts a graph that was released back.
    pub fn restore(&self, graph: Graph) {
        *self.lock() = Some(graph);
    }

    /// Looks at the graph, where it is the one that is being built.
    pub fn look<T>(&self, at: Position, look: impl FnOnce(&Graph) -> T) -> Thrown<T> {
        match &*self.lock() {
            Some(graph) => Ok(look(graph)),
            None => Err(foreign(at)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Graph>> {
        // a builder that panicked left a graph that is only dropped
        self.graph
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Lets `build` add to the graph; its nodes come from this place of the script.
    pub fn build<T>(
        &self,
        at: Position,
        build: impl FnOnce(&mut Graph) -> Checked<T>,
    ) -> Thrown<T> {
        let mut held = self.lock();
        let Some(graph) = held.as_mut() else {
            return Err(foreign(at));
        };
        let before = graph.set_span(self.script.source.span(at));
        let result = build(graph);
        graph.set_span(before);
        if graph.nodes.len() > MAX_NODES {
            let problem = Problem::new(
                Code::ScriptLimit,
                format!("the script builds a graph of more than {MAX_NODES} nodes"),
            );
            return Err(raise(problem, at));
        }
        result.map_err(|problem| raise(problem, at))
    }

    /// The same with one value as the result.
    pub fn node(
        &self,
        at: Position,
        build: impl FnOnce(&mut Graph) -> Checked<Var>,
    ) -> Thrown<Node> {
        let var = self.build(at, build)?;
        Ok(self.value(var))
    }

    /// A value of this graph.
    pub fn value(&self, var: Var) -> Node {
        Node {
            tape: self.clone(),
            var,
        }
    }

    /// The name of a node in this graph.
    pub fn own(&self, at: Position, node: &Node) -> Thrown<Var> {
        if Arc::ptr_eq(&self.graph, &node.tape.graph) {
            return Ok(node.var);
        }
        Err(foreign(at))
    }
}

/// Says that something can't be used in the graph that is being built.
fn foreign(at: Position) -> Box<EvalAltResult> {
    let problem = Problem::new(Code::Script, "this belongs to another graph")
        .note("What a function given to `g.fill` builds is a graph of its own.")
        .help("inside the function use only the graph and the node that it is given, outside of it nothing that it built");
    raise(problem, at)
}

/// A module as a script holds it: a function that can be called.
pub fn callable(module: Module) -> Dynamic {
    match FnPtr::new(RUN) {
        Ok(mut function) => {
            function.add_curry(Dynamic::from(Part(Arc::new(module))));
            function.into()
        }
        Err(_) => Dynamic::UNIT,
    }
}

impl Node {
    fn sizes(&self, at: Position) -> Thrown<Vec<Size>> {
        self.tape.look(at, |graph| graph.shape(self.var).clone())
    }

    /// How a script's text shows it. Text can't fail: the interpreter would show the name of a type instead.
    pub fn shown(&self) -> String {
        match self.sizes(Position::NONE) {
            Ok(sizes) => crate::graph::show(&sizes),
            Err(_) => "a node of another graph".into(),
        }
    }
}

/// The module that a function must be.
pub fn module_of(function: &FnPtr, at: Position) -> Thrown<Arc<Module>> {
    let part = function.curry().first().cloned();
    match part.and_then(Dynamic::try_cast::<Part>) {
        Some(Part(module)) => Ok(module),
        None => {
            let problem = Problem::new(Code::Script, "expected a module, found a function");
            Err(raise(
                problem.help("modules are the encoders and heads in `p`"),
                at,
            ))
        }
    }
}

/// Makes the graph's own methods known. Operations are those of the vocabulary.
pub fn register(engine: &mut Engine) {
    engine
        .register_type_with_name::<Tape>("graph")
        .register_type_with_name::<Node>("node")
        .register_type_with_name::<Part>("module");
    inputs(engine);
    modules(engine);
    results(engine);
    sizes(engine);
}

fn inputs(engine: &mut Engine) {
    engine
        .register_fn(
            "input",
            |ctx: NativeCallContext, g: &mut Tape, name: &str| {
                g.node(ctx.call_position(), |graph| graph.input(name))
            },
        )
        .register_fn(
            "inputs",
            |ctx: NativeCallContext, g: &mut Tape, name: &str| {
                let all = g.build(ctx.call_position(), |graph| graph.input_list(name))?;
                let all = all.into_iter().map(|var| Dynamic::from(g.value(var)));
                Thrown::Ok(all.collect::<Array>())
            },
        )
        .register_fn(
            "input_stacked",
            |ctx: NativeCallContext, g: &mut Tape, name: &str| {
                g.node(ctx.call_position(), |graph| graph.input_stacked(name))
            },
        )
        .register_fn(
            "classes",
            |ctx: NativeCallContext, g: &mut Tape, name: &str| {
                let classes = g.look(ctx.call_position(), |graph| graph.classes(name))?;
                Thrown::Ok(classes.map_or(Dynamic::UNIT, |n| Dynamic::from(n as INT)))
            },
        );
}

fn modules(engine: &mut Engine) {
    fn run(ctx: &NativeCallContext, part: &Part, x: &Node) -> Thrown<Node> {
        x.tape
            .node(ctx.call_position(), |graph| graph.call(&part.0, x.var))
    }
    engine
        .register_fn(RUN, |ctx: NativeCallContext, part: Part, x: Node| {
            run(&ctx, &part, &x)
        })
        .register_fn(
            RUN,
            |ctx: NativeCallContext, g: &mut Tape, part: Part, x: Node| {
                g.own(ctx.call_position(), &x)?;
                run(&ctx, &part, &x)
            },
        )
        .register_fn(
            "call_part",
            |ctx: NativeCallContext, g: &mut Tape, module: FnPtr, part: &str, x: Node| {
                let at = ctx.call_position();
                let (module, x) = (module_of(&module, at)?, g.own(at, &x)?);
                g.node(at, |graph| graph.call_part(&module, part, x))
            },
        )
        .register_fn(
            "module",
            |ctx: NativeCallContext, name: &str, like: FnPtr| {
                let like = module_of(&like, ctx.call_position())?;
                Thrown::Ok(callable(Module::new(name, &like.net)))
            },
        )
        .register_fn("name_of", |ctx: NativeCallContext, module: FnPtr| {
            Thrown::Ok(module_of(&module, ctx.call_position())?.name.clone())
        })
        .register_fn(
            "parameter",
            |ctx: NativeCallContext, g: &mut Tape, name: &str, shape: Array, init: Map| {
                let at = ctx.call_position();
                let shape = fixed(&shape).map_err(|problem| raise(problem, at))?;
                let init = start(&init).map_err(|problem| raise(problem, at))?;
                g.node(at, |graph| Ok(graph.parameter(name, &shape, init)))
            },
        );
}

/// Sizes that do not depend on the batch.
pub fn fixed(shape: &[Dynamic]) -> Checked<Vec<usize>> {
    let known = |size: &Dynamic| size_of(size).and_then(|size| size.known());
    shape
        .iter()
        .map(known)
        .collect::<Option<_>>()
        .ok_or_else(|| {
            Problem::new(Code::Script, "these sizes must be whole numbers from 0 on")
                .note("a parameter's and a state's do not depend on the batch")
        })
}

/// `#{normal: 0.02}`
pub fn start(init: &Map) -> Checked<Init> {
    let known = || {
        let (kind, value) = init.iter().next().filter(|_| init.len() == 1)?;
        let value = value
            .as_float()
            .or_else(|_| value.as_int().map(|n| n as FLOAT))
            .ok()? as f32;
        Some(match kind.as_str() {
            "constant" => Init::Constant(value),
            "uniform" => Init::Uniform(value),
            "normal" => Init::Normal(value),
            "truncated_normal" => Init::TruncatedNormal(value),
            _ => return None,
        })
    };
    if let Some(fault) = known().and_then(Init::fault) {
        return Err(Problem::new(Code::Script, fault));
    }
    known().ok_or_else(|| {
        Problem::new(Code::Script, "this is no way to start a parameter")
            .help("write `#{constant: 0.0}`, `#{uniform: 0.1}`, `#{normal: 0.02}` or `#{truncated_normal: 0.02}`")
    })
}

fn results(engine: &mut Engine) {
    // with a name of its own an objective is the vocabulary's: `g.objective("generator", x)`
    engine.register_fn(
        "objective",
        |ctx: NativeCallContext, g: &mut Tape, x: Node| {
            let name = Attrs::new().with("name", "loss");
            let at = ctx.call_position();
            let x = g.own(at, &x)?;
            g.build(at, |graph| match operation("objective") {
                Some(op) => graph.apply(op, &[x], &name).map(|_| ()),
                None => Ok(()),
            })
        },
    );
}

fn sizes(engine: &mut Engine) {
    engine
        .register_get("shape", |x: &mut Node| {
            let sizes = x.sizes(place())?;
            Thrown::Ok(sizes.iter().map(dynamic_size).collect::<Array>())
        })
        .register_get("rank", |x: &mut Node| {
            Thrown::Ok(x.sizes(place())?.len() as INT)
        })
        .register_get("batch", |_: &mut Tape| Size::batch());
}

/// An objective or a metric is one number.
pub fn single(g: &Tape, at: Position, x: &Node, what: &str) -> Thrown<()> {
    let var = g.own(at, x)?;
    g.build(at, |graph| {
        let shape = graph.shape(var);
        if shape.len() == 1 && shape[0].known() == Some(1) {
            return Ok(());
        }
        let found = crate::graph::show(shape);
        Err(Problem::new(
            Code::Shape,
            format!("{what} is one number, [1], not {found}"),
        )
        .help("`mean_all` makes one number of it"))
    })
}
