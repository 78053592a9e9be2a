//! What lives between steps, and what a step consists of: states, slow copies, objectives with parameters of their own, work
//! before each epoch, parts that later stages start from.

use super::{DType, Graph, Init, Mode, Module, Named, Op, Scalar, Shape, Size, StateId, Var, show};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// A tensor that lives between steps: a queue, a centre, a memory bank.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// `queue`
    pub name: String,
    /// Sizes.
    pub shape: Vec<usize>,
    /// Its first value; of whole numbers only [`Init::Constant`].
    pub init: Init,
    /// Element type.
    pub dtype: DType,
}

/// A state's next value.
#[derive(Clone, Debug, PartialEq)]
pub struct Assign {
    /// Which state.
    pub state: StateId,
    /// All of it, or rows of it.
    pub value: Var,
    /// Which rows, `[R]` whole numbers; `None`: all.
    pub rows: Option<Var>,
}

/// A slow copy of a module.
#[derive(Clone, Debug, PartialEq)]
pub struct Ema {
    /// `encoder`
    pub source: String,
    /// `ema/encoder`
    pub copy: String,
    /// Part of the copy that stays at each step.
    pub momentum: Scalar,
}

/// What later stages may start from: `from = stage.teacher`.
#[derive(Clone, Debug)]
pub struct Part {
    /// `teacher`
    pub name: String,
    /// The module with the weights.
    pub module: Module,
}

/// Work before each pass over the data, in the order of declaration.
#[derive(Clone, Debug)]
pub enum EpochWork {
    /// Fills a state `[N, d]`: the module's output, in evaluation, for each record of the split in order, as the evaluation
    /// view shows it.
    Fill {
        /// `[N, d]`
        state: StateId,
        /// Evaluation graph with the input `image`.
        graph: Box<Graph>,
        /// `[B, d]` of it.
        output: Var,
    },
    /// Lloyd's k-means over the rows of a state; the first centres are k-means++'s. An empty cluster takes over half of
    /// the largest (DeepCluster).
    KMeans {
        /// Rows: `[N, d]`.
        bank: StateId,
        /// Gets the centres: `[k, d]`.
        centres: StateId,
        /// Gets each row's cluster: `[N]` whole numbers.
        clusters: StateId,
        /// Passes over the rows.
        iterations: usize,
    },
}

/// One objective, or several over the same parameters: one backward pass, one update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Indices of [`Graph::objectives`], whose sum is made small.
    pub objectives: Vec<usize>,
    /// Indices of [`Graph::parameters`] that it moves.
    pub parameters: Vec<usize>,
    /// The objective's name where it has parameters of its own; the stage's `optimizer NAME` belongs to it.
    pub name: Option<String>,
}

/// The name of a slow copy.
fn slow(name: &str) -> String {
    format!("ema/{name}")
}

/// Whether a tensor belongs to the module of this name.
pub(super) fn belongs(name: &str, module: &str) -> bool {
    name.strip_prefix(module)
        .is_some_and(|rest| rest.starts_with('/'))
}

impl Graph {
    /// A number that changes with the step: `[1]`.
    pub fn scalar(&mut self, scalar: impl Into<Scalar>) -> Var {
        let op = Op::Scalar(scalar.into());
        self.push(op, Vec::new(), vec![1.into()], DType::F32)
    }

    /// The value itself; its gradient flows only while the scalar is above 0. A parameter that is gated off stays as it is,
    /// the optimiser's memory of it too (SwAV's prototypes in the first epoch).
    pub fn when(&mut self, gate: impl Into<Scalar>, x: Var) -> Var {
        let (shape, dtype) = (self.shape(x).clone(), self.node(x).dtype);
        self.push(Op::When(gate.into()), vec![x], shape, dtype)
    }

    /// A slow copy of a module. It starts as an exact copy; after each step its parameters become
    /// `momentum * copy + (1 - momentum) * source`. It has buffers of its own, is in train mode in a training graph (batch norm
    /// normalises by the batch) and never gets a gradient.
    ///
    /// # Errors
    /// The module has a slow copy with another momentum.
    pub fn ema(&mut self, module: &Module, momentum: impl Into<Scalar>) -> Result<Module> {
        let ema = Ema {
            source: module.name.clone(),
            copy: slow(&module.name),
            momentum: momentum.into(),
        };
        let copy = Module::new(&ema.copy, &module.net);
        match self.emas.iter().find(|other| other.copy == ema.copy) {
            Some(same) if *same == ema => {}
            Some(_) => {
                return Err(Problem::new(
                    Code::Duplicate,
                    format!("`{}` has a slow copy with another momentum", module.name),
                )
                .help("use one copy for both"));
            }
            None => self.emas.push(ema),
        }
        Ok(copy)
    }

    /// A tensor that lives between steps; the same one when it is asked for again. Its name is under the current scope.
    ///
    /// # Errors
    /// It was declared with other sizes, or random whole numbers are asked for.
    pub fn state(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
        dtype: DType,
    ) -> Result<StateId> {
        let state = State {
            name: self.path(name),
            shape: shape.to_vec(),
            init,
            dtype,
        };
        if dtype == DType::Int && !matches!(init, Init::Constant(_)) {
            return Err(self.shape_problem(format!(
                "state `{}` of whole numbers starts as a constant",
                state.name
            )));
        }
        let known = self.states.iter().position(|own| own.name == state.name);
        match known {
            Some(id) if self.states[id] == state => Ok(StateId(id as u32)),
            Some(id) => Err(self.shape_problem(format!(
                "state `{}` was {:?} before and is {shape:?} now",
                state.name, self.states[id].shape
            ))),
            None => {
                self.states.push(state);
                Ok(StateId(self.states.len() as u32 - 1))
            }
        }
    }

    /// A state as it was when the batch began. No gradient flows into it.
    pub fn read(&mut self, id: StateId) -> Var {
        let (shape, dtype) = match self.states.get(id.0 as usize) {
            Some(state) => (
                state.shape.iter().map(|n| (*n).into()).collect(),
                state.dtype,
            ),
            None => (Vec::new(), DType::F32),
        };
        self.push(Op::Read(id), Vec::new(), shape, dtype)
    }

    /// The state's value from the next batch on. The later of two assignments to one state stays.
    ///
    /// # Errors
    /// The value has other sizes or another element type than the state.
    pub fn assign(&mut self, id: StateId, value: Var) -> Result<()> {
        let state = self.known_state(id)?;
        let wanted: Shape = state.shape.iter().map(|n| (*n).into()).collect();
        let (name, dtype) = (state.name.clone(), state.dtype);
        if *self.shape(value) != wanted || self.node(value).dtype != dtype {
            return Err(self.shape_problem(format!(
                "state `{name}` is {dtype:?} {}, what is assigned is {:?} {}",
                show(&wanted),
                self.node(value).dtype,
                show(self.shape(value))
            )));
        }
        self.assigns
            .retain(|other| other.state != id || other.rows.is_some());
        self.assigns.push(Assign {
            state: id,
            value,
            rows: None,
        });
        Ok(())
    }

    /// Rows of the state from the next batch on: `index [R]` says which, `rows [R, …]` what. No row is named twice.
    ///
    /// # Errors
    /// The rows have other sizes or another element type than the state's.
    pub fn assign_rows(&mut self, id: StateId, index: Var, rows: Var) -> Result<()> {
        let state = self.known_state(id)?;
        let mut wanted: Shape = state.shape.iter().map(|n| (*n).into()).collect();
        let (name, dtype) = (state.name.clone(), state.dtype);
        let count = self.shape(index).first().cloned().unwrap_or(Size::fixed(1));
        if let Some(first) = wanted.first_mut() {
            *first = count;
        }
        if *self.shape(rows) != wanted
            || self.node(rows).dtype != dtype
            || self.shape(index).len() != 1
            || self.node(index).dtype != DType::Int
        {
            return Err(self.shape_problem(format!(
                "rows of state `{name}` are {dtype:?} {} at whole numbers [R]; these are {:?} {} at {:?} {}",
                show(&wanted),
                self.node(rows).dtype,
                show(self.shape(rows)),
                self.node(index).dtype,
                show(self.shape(index))
            )));
        }
        self.assigns.push(Assign {
            state: id,
            value: rows,
            rows: Some(index),
        });
        Ok(())
    }

    fn known_state(&self, id: StateId) -> Result<&super::State> {
        self.states
            .get(id.0 as usize)
            .ok_or_else(|| self.shape_problem("there is no state of this number"))
    }

    /// How many records the split has: `N`, the first size of a memory bank.
    ///
    /// # Errors
    /// The graph is traced without data.
    pub fn records(&self) -> Result<usize> {
        self.records
            .ok_or_else(|| self.shape_problem("nothing says how many records there are"))
    }

    /// Says how many records the split has; before a task is built.
    pub fn set_records(&mut self, records: usize) {
        self.records = Some(records);
    }

    /// Where each sample of the batch stands in the split: `[B]` whole numbers in `0..records`.
    pub fn index(&mut self) -> Var {
        match self.input(INDEX) {
            Ok(found) => found,
            Err(_) => self.declare_input(INDEX, vec![Size::batch()], DType::Int, None),
        }
    }

    /// Uniform numbers in 0..1, another draw in each batch; decided by seed, step and place.
    pub fn random_uniform(&mut self, shape: Shape) -> Var {
        self.push(Op::Random(Random::Uniform), Vec::new(), shape, DType::F32)
    }

    /// Standard normal numbers, likewise.
    pub fn random_normal(&mut self, shape: Shape) -> Var {
        self.push(Op::Random(Random::Normal), Vec::new(), shape, DType::F32)
    }

    /// The numbers `0..rows` in a random order, likewise: `[rows]` whole numbers.
    pub fn random_order(&mut self, rows: impl Into<Size>) -> Var {
        let shape = vec![rows.into()];
        self.push(Op::Random(Random::Order), Vec::new(), shape, DType::Int)
    }

    /// Declares a scalar (`[1]`) to be made small by these modules alone, with the stage's `optimizer NAME` where it has one.
    /// Objectives run in declared order, each forward, backward and update; a module of its own is moved by no plain
    /// [`Self::objective`].
    ///
    /// # Errors
    /// There is an objective of this name, or no module.
    pub fn objective_of(&mut self, name: &str, var: Var, modules: &[&Module]) -> Result<()> {
        if modules.is_empty() || self.objectives.iter().any(|other| other.name == name) {
            return Err(Problem::new(
                Code::Duplicate,
                format!("objective `{name}` needs a name of its own and a module"),
            ));
        }
        let modules = modules.iter().map(|module| module.name.clone()).collect();
        self.claims.insert(name.to_owned(), modules);
        self.objectives.push(Named {
            name: name.to_owned(),
            var,
        });
        Ok(())
    }

    /// Lets later stages start from a module: `from = STAGE.NAME`. The first part is what a bare `from = STAGE` means; a task
    /// that names none has the part `encoder`.
    pub fn part(&mut self, name: &str, module: &Module) {
        if !self.parts.iter().any(|part| part.name == name) {
            self.parts.push(Part {
                name: name.to_owned(),
                module: module.clone(),
            });
        }
    }

    /// Adds work before each epoch.
    pub fn each_epoch(&mut self, work: EpochWork) {
        self.work.push(work);
    }

    /// Before each epoch, fills the state `[N, d]` with what `build` makes of each record's picture, in evaluation.
    ///
    /// # Errors
    /// The batch has no picture, `build` fails, or its result is not `[B, d]`.
    pub fn fill(
        &mut self,
        state: StateId,
        build: impl FnOnce(&mut Graph, Var) -> Result<Var>,
    ) -> Result<()> {
        let picture = self.nodes.iter().find_map(|node| match node.op {
            Op::Input(_) if node.shape.len() == 4 => Some(node.shape.clone()),
            _ => None,
        });
        let Some(shape) = picture else {
            return Err(self.shape_problem("the batch has no picture to fill a state from"));
        };
        let mut graph = Graph::new(Mode::Eval);
        graph.set_span(self.span);
        let image = graph.declare_input("image", shape, DType::F32, None);
        let output = build(&mut graph, image)?;
        let wanted = &self.known_state(state)?.shape;
        let width: Option<Vec<usize>> = graph.shape(output)[1..].iter().map(Size::known).collect();
        let rows = self.records()?;
        if wanted.first() != Some(&rows) || width.as_deref() != wanted.get(1..) {
            return Err(self.shape_problem(format!(
                "a state of {wanted:?} can't be filled with {} for each of {rows} records",
                show(graph.shape(output))
            )));
        }
        self.each_epoch(EpochWork::Fill {
            state,
            graph: Box::new(graph),
            output,
        });
        Ok(())
    }

    /// The first state of which more rows are replaced than it has, where batches have `batch` samples.
    pub fn outgrown(&self, batch: usize) -> Option<&State> {
        let cut = self.nodes.iter().find(|node| {
            matches!(node.op, Op::Slice { .. }) && node.shape.iter().any(|n| n.is_negative(batch))
        })?;
        match self.node(*cut.inputs.first()?).op {
            Op::Read(id) => self.states.get(id.0 as usize),
            _ => None,
        }
    }

    /// Whether a parameter belongs to a slow copy: no objective moves it.
    pub fn is_slow(&self, parameter: &str) -> bool {
        self.emas.iter().any(|ema| belongs(parameter, &ema.copy))
    }

    /// The parameters of a slow copy with what they copy: source, copy.
    pub fn slow_pairs(&self, ema: &Ema) -> Vec<(String, String)> {
        let names = self.parameters.iter().map(|parameter| &parameter.name);
        names
            .filter(|name| belongs(name, &ema.copy))
            .map(|copy| {
                let rest = copy.strip_prefix(&ema.copy).unwrap_or_default();
                (format!("{}{rest}", ema.source), copy.clone())
            })
            .collect()
    }

    /// What of the mechanics can't work, once a task is built.
    ///
    /// # Errors
    /// A slow copy of what is never called, or an objective whose modules have no parameters.
    pub fn verify(&self) -> Result<()> {
        let known = |name: &String| self.parameters.iter().any(|p| p.name == *name);
        for ema in &self.emas {
            if let Some((source, _)) = self.slow_pairs(ema).iter().find(|(s, _)| !known(s)) {
                return Err(Problem::new(
                    Code::Shape,
                    format!(
                        "the slow copy `{}` follows `{source}`, which nothing computes",
                        ema.copy
                    ),
                )
                .help("call the module itself too"));
            }
        }
        for (objective, modules) in &self.claims {
            let own = |module: &String| self.parameters.iter().any(|p| belongs(&p.name, module));
            if let Some(module) = modules.iter().find(|module| !own(module)) {
                return Err(Problem::new(
                    Code::Shape,
                    format!("objective `{objective}` moves `{module}`, which has no parameters"),
                ));
            }
        }
        Ok(())
    }

    /// What a step does one after the other: objectives that share their parameters together, at the place of the first.
    pub fn phases(&self) -> Vec<Phase> {
        let claimed = |index: &usize| {
            let name = &self.parameters[*index].name;
            self.claims
                .values()
                .flatten()
                .any(|module| belongs(name, module))
        };
        let all = (0..self.parameters.len()).filter(|i| !self.is_slow(&self.parameters[*i].name));
        let mut phases: Vec<Phase> = Vec::new();
        for (index, objective) in self.objectives.iter().enumerate() {
            match self.claims.get(&objective.name) {
                Some(modules) => phases.push(Phase {
                    objectives: vec![index],
                    parameters: all
                        .clone()
                        .filter(|i| {
                            let name = &self.parameters[*i].name;
                            modules.iter().any(|module| belongs(name, module))
                        })
                        .collect(),
                    name: Some(objective.name.clone()),
                }),
                None => match phases.iter_mut().find(|phase| phase.name.is_none()) {
                    Some(phase) => phase.objectives.push(index),
                    None => phases.push(Phase {
                        objectives: vec![index],
                        parameters: all.clone().filter(|i| !claimed(i)).collect(),
                        name: None,
                    }),
                },
            }
        }
        phases
    }
}

/// The input that says where samples stand in the split.
pub const INDEX: &str = "index";

/// What a random node draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Random {
    /// Uniform in 0..1.
    Uniform,
    /// Standard normal.
    Normal,
    /// `0..n` in a random order.
    Order,
}
