//! Work before each epoch: a memory bank, clusters of its rows.

use super::super::{DType, Graph, Mode, Op, Size, StateId, Var, show};
use super::State;
use crate::catalog::Result;

/// The input that says where samples stand in the split.
pub const INDEX: &str = "index";

/// Work before each pass over the data, in the order of declaration.
#[derive(Clone, Debug)]
pub enum EpochWork {
    /// Fills a state `[N, d]`: what the graph makes of each record of the split, as the evaluation view shows it, stands in the
    /// row of the record's index.
    Fill {
        /// `[N, d]`
        state: StateId,
        /// Evaluation graph with the input `image`.
        graph: Box<Graph>,
        /// `[B, d]` of it.
        output: Var,
    },
    /// Lloyd's k-means over the rows of a state; the first centres are k-means++'s (Arthur & Vassilvitskii, 2007), drawn by
    /// seed and epoch. An empty cluster takes over a part of the largest (Caron et al., 2018).
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

impl Graph {
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
        let State {
            shape: wanted,
            dtype,
            ..
        } = self.known_state(state)?;
        let made = graph.node(output);
        let each = made.shape.first() == Some(&Size::batch());
        let width: Option<Vec<usize>> = made.shape.iter().skip(1).map(Size::known).collect();
        let rows = self.records()?;
        if wanted.first() != Some(&rows)
            || width.as_deref() != wanted.get(1..)
            || !each
            || *dtype != DType::F32
            || made.dtype != DType::F32
        {
            return Err(self.shape_problem(format!(
                "a state of {wanted:?} can't be filled with {} for each of {rows} records",
                show(graph.shape(output))
            )));
        }
        self.work.push(EpochWork::Fill {
            state,
            graph: Box::new(graph),
            output,
        });
        Ok(())
    }

    /// Before each epoch, sorts the rows of `bank [N, d]` into clusters: `centres [k, d]` and, of each row, its cluster
    /// `clusters [N]`, whole numbers in `0..k`. `iterations` passes over the rows.
    ///
    /// # Errors
    /// The sizes do not fit one another, or there are more clusters than rows.
    pub fn kmeans(
        &mut self,
        bank: StateId,
        centres: StateId,
        clusters: StateId,
        iterations: usize,
    ) -> Result<()> {
        let (of, to, by) = (
            self.known_state(bank)?,
            self.known_state(centres)?,
            self.known_state(clusters)?,
        );
        let fits = match (
            of.shape.as_slice(),
            to.shape.as_slice(),
            by.shape.as_slice(),
        ) {
            (&[n, d], &[k, width], &[rows]) => d == width && n == rows && (1..=n).contains(&k),
            _ => false,
        };
        let types = [of.dtype, to.dtype, by.dtype];
        if iterations == 0 {
            return Err(self.shape_problem("k-means takes one pass over the rows or more"));
        }
        if !fits || types != [DType::F32, DType::F32, DType::Int] {
            let of =
                |state: &State| format!("`{}` {:?} {:?}", state.name, state.dtype, state.shape);
            return Err(self.shape_problem(format!(
                "k-means takes rows [N, d], centres [k, d] and whole numbers [N], k up to N; these are {}, {}, {}",
                of(self.known_state(bank)?),
                of(to),
                of(by)
            )));
        }
        self.work.push(EpochWork::KMeans {
            bank,
            centres,
            clusters,
            iterations,
        });
        Ok(())
    }

    /// A tensor that work before epochs reads and the training graph does not have.
    pub(super) fn unfilled(&self) -> Option<&str> {
        let known = |name: &str| {
            self.parameters.iter().any(|p| p.name == name)
                || self.buffers.iter().any(|b| b.name == name)
        };
        let read = self.work.iter().flat_map(|work| match work {
            EpochWork::Fill { graph, .. } => {
                let buffers = graph.buffers.iter().map(|b| b.name.as_str());
                let parameters = graph.parameters.iter().map(|p| p.name.as_str());
                parameters.chain(buffers).collect()
            }
            EpochWork::KMeans { .. } => Vec::new(),
        });
        read.into_iter().find(|name| !known(name))
    }
}
