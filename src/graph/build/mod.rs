//! Building blocks: each method adds one node, or a few that belong together, and checks shapes.
//!
//! ```text
//! inputs    what a task reads from the batch        layers    with parameters, and pooling
//! math      arithmetic                              norms     without state
//! reduce    along dimensions                        pictures  other sizes, patches, attention
//! shape     moves without computing                 losses    losses and scores
//! choice    by index, condition, order              contrast  samples against one another
//! checks    what several methods ask of operands       recurrent one step after the other
//! ```

mod checks;
mod choice;
mod contrast;
mod inputs;
mod layers;
mod losses;
mod math;
mod norms;
mod pictures;
mod recurrent;
mod reduce;
mod shape;
mod words;

pub use contrast::Distance;
pub(super) use inputs::at;
pub use layers::{Conv, ConvTranspose, Pool, Running};
pub use losses::CrossEntropy;
pub use recurrent::Gru;
pub use reduce::Reduction;
pub use shape::Padding;
pub use words::Windows;

use super::{
    Buffer, BufferId, DType, Graph, Init, Mode, Named, Node, Op, Parameter, ParameterId, Shape, Var,
};
use crate::language::Span;

impl Graph {
    /// An empty graph.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            nodes: Vec::new(),
            parameters: Vec::new(),
            buffers: Vec::new(),
            states: Vec::new(),
            assigns: Vec::new(),
            emas: Vec::new(),
            still: Vec::new(),
            held: Vec::new(),
            bounds: Vec::new(),
            objectives: Vec::new(),
            claims: Default::default(),
            parts: Vec::new(),
            work: Vec::new(),
            depths: Default::default(),
            metrics: Vec::new(),
            places: Vec::new(),
            exhibits: Vec::new(),
            shows: false,
            scope: Vec::new(),
            span: Span::default(),
            depth: None,
            records: None,
            classes: Default::default(),
            lent: Default::default(),
            known: Default::default(),
        }
    }

    /// An empty graph with the parameters of another: a module that is built in it takes those it finds by name.
    pub fn on_parameters_of(other: &Graph) -> Self {
        Self {
            parameters: other.parameters.clone(),
            known: other.known.clone(),
            depths: other.depths.clone(),
            records: other.records,
            lent: other.lent.clone(),
            ..Self::new(other.mode)
        }
    }

    /// The node that makes a value.
    pub fn node(&self, var: Var) -> &Node {
        &self.nodes[var.0 as usize]
    }

    /// The sizes of a value.
    pub fn shape(&self, var: Var) -> &Shape {
        &self.node(var).shape
    }

    /// Nodes made from here on come from this place of the recipe; returns the place before.
    pub fn set_span(&mut self, span: Span) -> Span {
        std::mem::replace(&mut self.span, span)
    }

    /// Runs `inside` with parameters named under `name/`.
    pub fn scoped<T>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.scope.push(name.to_owned());
        let result = inside(self);
        self.scope.pop();
        result
    }

    /// `name` under the current scope.
    pub fn path(&self, name: &str) -> String {
        let mut path = self.scope.join("/");
        if !path.is_empty() && !name.is_empty() {
            path.push('/');
        }
        path + name
    }

    /// Adds a node.
    pub fn push(&mut self, op: Op, inputs: Vec<Var>, shape: Shape, dtype: DType) -> Var {
        self.nodes.push(Node {
            op,
            inputs,
            shape,
            dtype,
            span: self.span,
            path: self.path(""),
        });
        Var(self.nodes.len() as u32 - 1)
    }

    /// Parameters made inside stand at this depth of their module: 0 for what the input meets first, then block by block.
    /// `layer_decay` moves deeper ones faster; what is made outside any depth (a last norm, a head) moves at the full rate.
    pub fn at_depth<T>(&mut self, depth: usize, inside: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.depth.replace(depth);
        let result = inside(self);
        self.depth = outer;
        result
    }

    /// A parameter of the current scope; the same one when it is asked for again.
    pub fn parameter(&mut self, name: &str, shape: &[usize], init: Init) -> Var {
        let name = self.path(name);
        let id = match self.position(&name) {
            Some(id) => id,
            None => {
                if let Some(depth) = self.depth {
                    self.depths.insert(name.clone(), depth);
                }
                self.known.insert(name.clone(), self.parameters.len());
                self.parameters.push(Parameter {
                    name,
                    shape: shape.to_vec(),
                    init,
                });
                self.parameters.len() - 1
            }
        };
        // its own sizes: another size that is asked for does not fit what follows, and is refused there
        let shape = self.parameters[id].shape.iter();
        let shape = shape.map(|n| (*n).into()).collect();
        self.push(
            Op::Parameter(ParameterId(id as u32)),
            Vec::new(),
            shape,
            DType::F32,
        )
    }

    /// The sizes of a parameter of the current scope that is there already.
    pub fn parameter_shape(&self, name: &str) -> Option<&[usize]> {
        let known = self.position(&self.path(name))?;
        Some(&self.parameters[known].shape)
    }

    /// Where the parameter of a name stands among all. A deep network has thousands.
    fn position(&self, name: &str) -> Option<usize> {
        let same = |id: &usize| self.parameters.get(*id).is_some_and(|p| p.name == name);
        let known = self.known.get(name).copied().filter(same);
        // parameters that came in, or got their names, by another way
        let apart = self.known.len() != self.parameters.len();
        known.or_else(|| {
            let mut all = self.parameters.iter();
            apart.then(|| all.position(|p| p.name == name)).flatten()
        })
    }

    /// A buffer of the current scope; the same one when it is asked for again.
    pub fn buffer(&mut self, name: &str, shape: &[usize], start: f32) -> BufferId {
        let name = self.path(name);
        let id = match self.buffers.iter().position(|b| b.name == name) {
            Some(id) => id,
            None => {
                self.buffers.push(Buffer {
                    name,
                    shape: shape.to_vec(),
                    start,
                });
                self.buffers.len() - 1
            }
        };
        BufferId(id as u32)
    }

    /// Names a value in the current scope so that probes can read it; the first of a name stays.
    pub fn place(&mut self, name: &str, var: Var) {
        let name = self.path(name);
        if !self.places.iter().any(|place| place.name == name) {
            self.places.push(Named { name, var });
        }
    }

    /// The value that a place of this full name holds.
    pub fn placed(&self, name: &str) -> Option<Var> {
        let place = self.places.iter().find(|place| place.name == name)?;
        Some(place.var)
    }

    /// Declares a scalar (`[1]`) to be made small by all parameters that no [`Self::objective_of`] has; several are added up.
    pub fn objective(&mut self, name: &str, var: Var) {
        self.objectives.push(Named {
            name: name.to_owned(),
            var,
        });
    }

    /// Declares a scalar (`[1]`) to be watched.
    pub fn metric(&mut self, name: &str, var: Var) {
        self.metrics.push(Named {
            name: name.to_owned(),
            var,
        });
    }

    /// Declares a field of the batch before the task is built. `classes`: how many for a label.
    pub fn declare_input(
        &mut self,
        name: &str,
        shape: Shape,
        dtype: DType,
        classes: Option<usize>,
    ) -> Var {
        if let Some(classes) = classes {
            self.classes.insert(name.to_owned(), classes);
        }
        self.push(Op::Input(name.to_owned()), Vec::new(), shape, dtype)
    }

    /// The number of classes of a label input.
    pub fn classes(&self, name: &str) -> Option<usize> {
        self.classes.get(name).copied()
    }
}
