//! A call of a plugin while planning: what it was given, what it made, what went wrong. Handles carry the number of their call,
//! so that one of another call is an error and nothing worse.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

use pretext_plugin::abi::{self, Ctx, Status, Str};

use super::guard::Inside;
use super::worker::Calling;
use crate::catalog::{Args, At, Problem, Result};
use crate::graph::{Graph, Mode, Module, Var};
use crate::language::codes::Code;

/// Most nodes of a graph that a plugin builds.
const MAX_NODES: usize = 200_000;

/// One call.
pub struct Session {
    ctx: Ctx,
    /// The call that modules belong to: a graph that fills a state uses those of the graph around it.
    root: Ctx,
    /// `plugin acme 0.3.1`
    pub plugin: String,
    /// The least minor of the ABI that the plugin says will do.
    pub minor: u32,
    pub args: Args,
    /// The graph that is built; none where only types are asked for.
    graph: Option<Graph>,
    pub modules: Vec<Module>,
    /// Scopes that were entered and not left.
    pub scopes: Vec<String>,
    /// Names and types of the data set's fields.
    pub fields: Vec<(String, String)>,
    /// What it answered.
    pub answers: Vec<String>,
    /// Texts lent to the plugin for the call; a box does not move when the list grows.
    lent: Vec<Box<str>>,
    /// The first thing that went wrong.
    pub problem: Option<Problem>,
}

thread_local! {
    static SESSIONS: RefCell<Vec<Session>> = const { RefCell::new(Vec::new()) };
}

/// Every call of this process has a number of its own.
static NEXT: AtomicU64 = AtomicU64::new(1);

impl Session {
    /// A call that is about to begin.
    pub fn new(plugin: &str, args: &Args) -> Self {
        let ctx = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            ctx,
            root: ctx,
            plugin: plugin.to_owned(),
            minor: abi::MINOR,
            args: args.clone(),
            graph: None,
            modules: Vec::new(),
            scopes: Vec::new(),
            fields: Vec::new(),
            answers: Vec::new(),
            lent: Vec::new(),
            problem: None,
        }
    }

    /// A call inside another one, for a graph beside its graph.
    pub fn inside(outer: &Session) -> Self {
        Self {
            root: outer.root,
            minor: outer.minor,
            modules: outer.modules.clone(),
            ..Self::new(&outer.plugin, &outer.args)
        }
    }

    /// Runs the plugin's function `what`. `graph` is built by it.
    pub fn run(
        mut self,
        what: &str,
        graph: Option<&mut Graph>,
        call: impl FnOnce(Ctx) -> Status,
    ) -> Result<Session> {
        let ctx = self.ctx;
        let plugin = self.plugin.clone();
        let mut graph = graph;
        if let Some(graph) = &mut graph {
            let taken = std::mem::replace(&mut **graph, Graph::new(Mode::Train));
            self.graph = Some(taken);
        }
        SESSIONS.with_borrow_mut(|sessions| sessions.push(self));
        let calling = Calling::enter(&plugin, &format!("`{what}`"));
        let inside = Inside::enter(&plugin);
        let status = call(ctx);
        drop(inside);
        drop(calling);
        let ended = SESSIONS.with_borrow_mut(|sessions| {
            // a plugin can't end a call that it did not begin: this one is on top
            let at = sessions.iter().rposition(|session| session.ctx == ctx);
            at.map(|at| sessions.remove(at))
        });
        let Some(mut session) = ended else {
            return Err(Problem::new(
                Code::Plugin,
                format!("{plugin} ended its own call of `{what}`"),
            ));
        };
        if let (Some(graph), Some(built)) = (graph, session.graph.take()) {
            *graph = built;
        }
        match (session.problem.take(), status) {
            (Some(problem), _) => Err(problem.note(format!("{plugin} was in its `{what}`."))),
            (None, abi::OK) => Ok(session),
            (None, status) => Err(Problem::new(
                Code::Plugin,
                format!("`{what}` of {plugin} ended with status {status} and did not say why"),
            )),
        }
    }

    /// The graph that is built.
    pub fn graph(&mut self) -> Result<&mut Graph> {
        self.graph.as_mut().ok_or_else(|| {
            Problem::new(
                Code::Plugin,
                format!("{} asked for a graph where there is none", self.plugin),
            )
        })
    }

    /// Takes the graph out, for a while in which nobody else needs it.
    pub fn take_graph(&mut self) -> Result<Graph> {
        self.graph()?;
        self.graph
            .take()
            .ok_or_else(|| self.misused("the graph is in use".into()))
    }

    /// Puts it back.
    pub fn put_graph(&mut self, graph: Graph) {
        self.graph = Some(graph);
    }

    /// A problem with how the plugin called the host.
    pub fn misused(&self, message: String) -> Problem {
        Problem::new(Code::Plugin, format!("{}: {message}", self.plugin))
    }

    /// The handle of a value.
    pub fn handle(&self, var: Var) -> abi::Var {
        tagged(self.ctx, 0, u64::from(var.0))
    }

    /// The value of a handle.
    pub fn var(&mut self, handle: abi::Var) -> Result<Var> {
        let ctx = self.ctx;
        let nodes = self.graph()?.nodes.len() as u64;
        match untagged(ctx, 0, handle).filter(|index| *index < nodes) {
            Some(index) => Ok(Var(index as u32)),
            None => Err(self.stale("value", handle)),
        }
    }

    /// Makes a module known.
    pub fn add_module(&mut self, module: Module) -> abi::Module {
        self.modules.push(module);
        tagged(self.root, 1, self.modules.len() as u64 - 1)
    }

    /// The module of a handle.
    pub fn module(&self, handle: abi::Module) -> Result<Module> {
        untagged(self.root, 1, handle)
            .and_then(|index| self.modules.get(index as usize).cloned())
            .ok_or_else(|| self.stale("module", handle))
    }

    fn stale(&self, what: &str, handle: u64) -> Problem {
        let why = match handle {
            0 => "it is 0, which is none: an earlier call did not give one".to_owned(),
            _ => format!("{handle:#x} belongs to another call, or to none"),
        };
        self.misused(format!("a {what} handle is not valid; {why}"))
            .at(At::Call)
            .note("stale handle")
    }

    /// Lends a text for the call.
    pub fn lend(&mut self, text: impl Into<Box<str>>) -> Str {
        let text = text.into();
        let lent = Str::new(&text);
        self.lent.push(text);
        lent
    }
}

/// 31 bits of the call's number, one of the kind, 32 of the index from 1 on.
fn tagged(ctx: Ctx, kind: u64, index: u64) -> u64 {
    (ctx & 0x7fff_ffff) << 33 | kind << 32 | (index + 1)
}

fn untagged(ctx: Ctx, kind: u64, handle: u64) -> Option<u64> {
    let index = (handle & 0xffff_ffff).checked_sub(1)?;
    (tagged(ctx, kind, index) == handle).then_some(index)
}

/// Does a plugin's bidding in its call. The first problem stays; after it every call fails.
pub fn serve(ctx: Ctx, work: impl FnOnce(&mut Session) -> Result<Status>) -> Status {
    let served = catch_unwind(AssertUnwindSafe(|| {
        SESSIONS.with(|sessions| {
            let Ok(mut sessions) = sessions.try_borrow_mut() else {
                return abi::MISUSED;
            };
            let Some(session) = sessions.last_mut() else {
                return abi::STALE;
            };
            if session.problem.is_some() {
                return abi::FAILED;
            }
            if session.ctx != ctx {
                let problem = session.misused(
                    "it used the `ctx` of a call that has ended, or of another one".into(),
                );
                session.problem = Some(problem.note("stale handle"));
                return abi::STALE;
            }
            let failed = match work(session) {
                Ok(status) => {
                    let nodes = session.graph.as_ref().map_or(0, |graph| graph.nodes.len());
                    if nodes <= MAX_NODES {
                        return status;
                    }
                    session.misused(format!("it builds a graph of more than {MAX_NODES} nodes"))
                }
                Err(problem) => problem,
            };
            let status = match failed.notes.iter().any(|note| note == "stale handle") {
                true => abi::STALE,
                false => abi::FAILED,
            };
            session.problem = Some(failed);
            status
        })
    }));
    served.unwrap_or_else(|_| {
        SESSIONS.with(|sessions| {
            if let Ok(mut sessions) = sessions.try_borrow_mut()
                && let Some(session) = sessions.last_mut()
            {
                session.problem =
                    Some(session.misused("Pretext itself failed at what it was asked for".into()));
            }
        });
        abi::FAILED
    })
}

/// The text of the first problem; empty where there is none.
pub fn first_problem(ctx: Ctx, give: impl FnOnce(Str)) -> Status {
    SESSIONS.with(|sessions| {
        let Ok(mut sessions) = sessions.try_borrow_mut() else {
            return abi::MISUSED;
        };
        match sessions.last_mut() {
            Some(session) if session.ctx == ctx => {
                let text = session
                    .problem
                    .as_ref()
                    .map_or("", |p| &p.message)
                    .to_owned();
                give(session.lend(text));
                abi::OK
            }
            _ => abi::STALE,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_other_calls_are_none() {
        let handle = tagged(7, 0, 12);
        assert_eq!(untagged(7, 0, handle), Some(12));
        assert_eq!(untagged(8, 0, handle), None);
        assert_eq!(untagged(7, 1, handle), None);
        assert_eq!(untagged(7, 0, 0), None);
        assert_eq!(untagged(7, 0, u64::MAX), None);
    }

    #[test]
    fn a_call_is_over_when_it_is_over() {
        let args = Args::default();
        let mut kept = 0;
        let session = Session::new("plugin t 1.0.0", &args).run("build", None, |ctx| {
            kept = ctx;
            serve(ctx, |session| {
                session.answers.push("a".into());
                Ok(abi::OK)
            })
        });
        assert_eq!(session.unwrap().answers, ["a"]);
        assert_eq!(serve(kept, |_| Ok(abi::OK)), abi::STALE);
        let error = Session::new("plugin t 1.0.0", &args)
            .run("build", None, |_| serve(kept, |_| Ok(abi::OK)))
            .err()
            .unwrap();
        assert!(error.message.contains("call that has ended"), "{error}");
    }

    #[test]
    fn the_first_problem_stays() {
        let error = Session::new("plugin t 1.0.0", &Args::default())
            .run("build", None, |ctx| {
                let say = |text: &str| serve(ctx, |session| Err(session.misused(text.into())));
                assert_eq!((say("one"), say("two")), (abi::FAILED, abi::FAILED));
                abi::OK
            })
            .err()
            .unwrap();
        assert_eq!(error.message, "plugin t 1.0.0: one");
    }
}
