//! Which values of a graph say whether all samples become one: what its encoders make of them, and what its losses compare.

use std::collections::{BTreeMap, BTreeSet};

use super::turns::passes;
use super::{DType, Graph, INDEX, Op, Var, followed};

/// Most values that are told.
const MOST: usize = 4;

/// A value that has a row for each sample, or several below one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedding {
    /// The module that gives it: `encoder`, `head`.
    pub module: String,
    /// `[B, d]`, `[B, N, d]` or `[B, C, H, W]`
    pub var: Var,
    /// Whether a loss asks if it is alike, and nothing else.
    pub compared: bool,
}

/// The module that a node is in; `None`: the task's own.
fn module(path: &str) -> Option<&str> {
    let slow = path.len() - followed(path).len();
    let end = path[slow..].find('/').map_or(path.len(), |at| slow + at);
    (!path.is_empty()).then(|| &path[..end])
}

impl Graph {
    /// What the trained encoders of these names give, and what the objectives compare where it is not the same and both sides are
    /// learnt: projections, where the loss asks whether they are alike. What is compared with pixels, labels or words is none. Of several calls of
    /// a module the first counts, and of what it gives in parts the last part.
    pub fn embeddings(&self, encoders: &[&str]) -> Vec<Embedding> {
        let objectives: Vec<Var> = self.objectives.iter().map(|o| o.var).collect();
        let wanted = self.origins(&objectives);
        let exits = self.exits(&objectives, &wanted);
        let first = |module: &str| {
            let own = exits.get(module)?;
            let within: Vec<Vec<bool>> = own.iter().map(|exit| self.origins(&[*exit])).collect();
            let last = |exit: &&Var| {
                let mut others = own.iter().zip(&within).filter(|(other, _)| other != exit);
                !others.any(|(_, within)| within[exit.at()])
            };
            own.iter().find(last).copied()
        };
        let mut names: Vec<&str> = encoders.to_vec();
        let mut alike: Vec<&str> = Vec::new();
        let compared = self.compared(&objectives).unwrap_or_default();
        let compared: Vec<(&str, Vec<bool>)> = compared
            .into_iter()
            .filter_map(|module| Some((module, self.origins(exits.get(module)?))))
            .collect();
        for (module, behind) in &compared {
            // the one that stands nearest to the encoder: a predictor comes behind it
            let nearer = |(other, _): &&(&str, Vec<bool>)| {
                let own = exits.get(other).into_iter().flatten();
                other != module && own.clone().any(|exit| behind[exit.at()])
            };
            if !compared.iter().any(|other| nearer(&other)) {
                alike.push(module);
            }
        }
        names.extend(&alike);
        let mut found: Vec<Embedding> = Vec::new();
        for name in names {
            if !found.iter().any(|own| own.module == name)
                && found.len() < MOST
                && let Some(var) = first(name)
            {
                found.push(Embedding {
                    module: name.to_owned(),
                    var,
                    compared: alike.contains(&name),
                });
            }
        }
        found
    }

    /// By module that learns: its values that others read on the way to the objectives, in running order.
    fn exits(&self, objectives: &[Var], wanted: &[bool]) -> BTreeMap<&str, Vec<Var>> {
        let reached = self.behind(objectives, passes);
        let mut sees = Vec::with_capacity(self.nodes.len());
        let mut read = vec![false; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            let input = matches!(&node.op, Op::Input(name) if name != INDEX);
            sees.push(input || node.inputs.iter().any(|v| sees[v.at()]));
            if wanted[index] {
                for v in &node.inputs {
                    let apart = module(&self.node(*v).path) != module(&node.path);
                    read[v.at()] = read[v.at()] || apart;
                }
            }
        }
        let mut exits: BTreeMap<&str, Vec<Var>> = BTreeMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let (many, wide) = (node.shape.first(), node.shape.last());
            let rows = many.is_some_and(|n| n.known().is_none())
                && wide.is_some_and(|n| n.known().is_some())
                && node.shape.len() > 1;
            if let Some(module) = module(&node.path)
                && read[index]
                && reached[index]
                && sees[index]
                && rows
                && node.dtype == DType::F32
            {
                exits.entry(module).or_default().push(Var(index as u32));
            }
        }
        exits
    }

    /// The modules whose values the objectives read, slow copies as what they follow. `None`: a value of the sample itself is a target.
    fn compared(&self, objectives: &[Var]) -> Option<BTreeSet<&str>> {
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        let mut waiting = objectives.to_vec();
        while let Some(var) = waiting.pop() {
            let node = self.node(var);
            match (&node.op, module(&node.path)) {
                (Op::Input(name), _) if name != INDEX => return None,
                (_, Some(module)) => {
                    found.insert(followed(module));
                }
                (_, None) => {
                    waiting.extend(node.inputs.iter().filter(|v| seen.insert(**v)));
                }
            }
        }
        Some(found)
    }
}
