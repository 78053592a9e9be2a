//! Nets of other stages inside a task's graph: trained before, held still, asked what they tell of a batch.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::module::belongs;
use super::super::{Buffer, BufferId, Graph, Module, Node, Op, Parameter, ParameterId, Var, show};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// What a task may ask: the whole of another stage, as it is in evaluation.
#[derive(Clone, Debug)]
pub struct Lent {
    /// The stage.
    pub stage: String,
    /// Its task.
    pub task: String,
    /// Its graph of evaluation.
    pub graph: Graph,
}

/// A net that is held still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Still {
    /// What the names of its parameters begin with: the parameter of the task that names its stage, `reward`.
    pub name: String,
    /// The stage that trained it, under whose names its parameters follow: `reward/encoder/…` is that stage's `encoder/…`.
    pub stage: String,
}

impl Graph {
    /// Lets the task ask another stage under the name of a parameter.
    pub fn lend(&mut self, name: &str, lent: Arc<Lent>) {
        self.lent.insert(name.to_owned(), lent);
    }

    /// Everything that another graph of the same task may ask.
    pub fn lend_from(&mut self, other: &Graph) {
        self.lent.clone_from(&other.lent);
    }

    /// What the stage that the parameter `name` holds tells of a batch: the value of a place of its graph, where it reads `inputs` in the
    /// place of its own. It is computed as in evaluation, by weights that nothing here moves, and no gradient flows through it.
    ///
    /// # Errors
    /// The task of that stage names no such place, reads an input that is not given, or with other sizes, or keeps states.
    pub fn ask(&mut self, name: &str, place: &str, inputs: &[(String, Var)]) -> Result<Var> {
        let problem = |code: Code, message: String| Problem::argument(code, name, message);
        let Some(lent) = self.lent.get(name).cloned() else {
            let message = format!("`{name}` names no stage that can be asked");
            return Err(problem(Code::UnknownName, message));
        };
        let Lent { stage, task, graph } = &*lent;
        let Some(told) = graph.placed(place) else {
            let message = format!("`{task}` tells no `{place}` of a record");
            return Err(problem(Code::UnknownPart, message).note(format!(
                "`{stage}` is a stage of `{task}`, and what is asked here is `{place}`."
            )));
        };
        let behind = graph.origins(&[told]);
        let mut own: HashMap<usize, Var> = HashMap::new();
        for (index, node) in graph.nodes.iter().enumerate().filter(|(i, _)| behind[*i]) {
            let var = match &node.op {
                Op::Input(field) => {
                    let Some((_, var)) = inputs.iter().find(|(own, _)| own == field) else {
                        let message =
                            format!("`{stage}` reads `{field}`, which is not at hand here");
                        return Err(problem(Code::Unbound, message));
                    };
                    let found = self.node(*var);
                    if found.shape != node.shape || found.dtype != node.dtype {
                        let message = format!(
                            "`{stage}` was trained on `{field}` of {}, and here it is {}",
                            show(&node.shape),
                            show(&found.shape)
                        );
                        return Err(problem(Code::Shape, message).help(
                            "let the `augment` make both alike: `crop_tokens` of one length",
                        ));
                    }
                    *var
                }
                Op::Read(_) => {
                    let message =
                        format!("`{stage}` keeps states between steps, which can't be asked");
                    return Err(problem(Code::WrongKind, message));
                }
                _ => {
                    let read = node.inputs.iter().map(|var| own[&var.at()]);
                    let read = read.collect();
                    self.still_node(name, graph, node, read)
                }
            };
            own.insert(index, var);
        }
        if !self.still.iter().any(|still| still.name == name) {
            self.still.push(Still {
                name: name.to_owned(),
                stage: stage.clone(),
            });
        }
        self.stop_gradient(own[&told.at()])
    }

    /// A node of another graph in this one, whose parameters and buffers are called `name/…`.
    fn still_node(&mut self, name: &str, of: &Graph, node: &Node, inputs: Vec<Var>) -> Var {
        let mut op = node.op.clone();
        match &mut op {
            Op::Parameter(id) => {
                let other = &of.parameters[id.0 as usize];
                *id = self.still_parameter(name, other);
            }
            Op::BatchNorm { mean, variance, .. } => {
                for id in [mean, variance] {
                    let other = &of.buffers[id.0 as usize];
                    *id = self.still_buffer(name, other);
                }
            }
            _ => {}
        }
        let path = match node.path.as_str() {
            "" => name.to_owned(),
            path => format!("{name}/{path}"),
        };
        self.nodes.push(Node {
            op,
            inputs,
            shape: node.shape.clone(),
            dtype: node.dtype,
            span: self.span,
            path,
        });
        Var(self.nodes.len() as u32 - 1)
    }

    fn still_parameter(&mut self, name: &str, other: &Parameter) -> ParameterId {
        let name = format!("{name}/{}", other.name);
        let there = self.known.get(&name).copied();
        let id = there.unwrap_or_else(|| {
            self.known.insert(name.clone(), self.parameters.len());
            self.parameters.push(Parameter {
                name,
                ..other.clone()
            });
            self.parameters.len() - 1
        });
        ParameterId(id as u32)
    }

    fn still_buffer(&mut self, name: &str, other: &Buffer) -> BufferId {
        let name = format!("{name}/{}", other.name);
        let there = self.buffers.iter().position(|own| own.name == name);
        let id = there.unwrap_or_else(|| {
            self.buffers.push(Buffer {
                name,
                ..other.clone()
            });
            self.buffers.len() - 1
        });
        BufferId(id as u32)
    }

    /// Holds a module of this graph as it begins: no objective moves it, and what it computes is computed as in evaluation. Nodes that it has
    /// already are of it, too.
    pub fn hold(&mut self, module: &Module) {
        if !self.held.contains(&module.name) {
            self.held.push(module.name.clone());
        }
    }

    /// Whether no objective moves a parameter: a slow copy's, or one of a net that is held still.
    pub fn is_still(&self, parameter: &str) -> bool {
        let still = self.still.iter().map(|still| &still.name);
        let mut names = still.chain(&self.held);
        self.is_slow(parameter) || names.any(|name| belongs(parameter, name))
    }

    /// Whether a node runs as in evaluation in every graph: it belongs to a net that is held still.
    pub fn runs_still(&self, node: &Node) -> bool {
        let still = self.still.iter().map(|still| &still.name);
        let mut names = still.chain(&self.held);
        names.any(|name| node.path == *name || belongs(&node.path, name))
    }
}
