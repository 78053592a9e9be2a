//! The order of a step: which nodes run for which objective, what is carried from one to the next, what is computed again.
//!
//! A node runs once in a step, for the first objective that needs it, unless a gradient flows through it for a later one too:
//! a tape can be walked once, so it is computed again then, from the parameters as they are then. Running statistics move the
//! first time only.

use super::{Graph, Op, Phase, Var};

/// What runs for one phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its objectives and parameters.
    pub phase: Phase,
    /// Values that an earlier turn has left.
    pub known: Vec<Var>,
    /// Values that a later turn reads; with their gradients where it is so marked.
    pub keep: Vec<(Var, bool)>,
    /// By node: whether an earlier turn ran it, so that its statistics have moved.
    pub again: Vec<bool>,
    /// By parameter: whether what is done with it is recorded.
    pub tracked: Vec<bool>,
    /// Nodes that run a second time because a gradient flows through them again.
    pub repeated: Vec<Var>,
}

/// Whether a gradient flows from a node to its inputs.
pub(super) fn passes(op: &Op) -> bool {
    !matches!(
        op,
        Op::StopGradient | Op::Argmax(_) | Op::Argsort { .. } | Op::Compare(_) | Op::ToInt
    )
}

impl Graph {
    /// The turns of a step, in order. `after`: values that are wanted besides the objectives; the last turn gives those that no
    /// earlier one makes.
    pub fn turns(&self, after: &[Var]) -> Vec<Turn> {
        let n = self.nodes.len();
        let phases = self.phases();
        let count = phases.len();
        let inputs = |index: usize| self.nodes[index].inputs.iter().map(|v| v.0 as usize);
        // backwards from each phase's objectives, along gradients
        let mut reached = Vec::with_capacity(count);
        let mut learns = Vec::with_capacity(count);
        for phase in &phases {
            let objectives = phase.objectives.iter();
            let objectives: Vec<Var> = objectives.map(|i| self.objectives[*i].var).collect();
            let reach = self.behind(&objectives, passes);
            let leads = self.leads_to_phase(phase);
            learns.push((0..n).map(|i| leads[i] && reach[i]).collect::<Vec<bool>>());
            reached.push(reach);
        }
        let apart = |j: usize, m: usize| {
            // the parameters of phase m are as they were when phase j began
            (j..m).all(|i| {
                let moved = &phases[i].parameters;
                phases[m].parameters.iter().all(|p| !moved.contains(p))
            })
        };
        // the turn whose run of a node stands, as a value and for each later gradient
        let mut made: Vec<Option<usize>> = vec![None; n];
        let mut turns: Vec<Turn> = Vec::new();
        for (k, phase) in phases.iter().enumerate() {
            let usable = |index: usize| match made[index] {
                None => false,
                Some(_) if !learns[k][index] => true,
                Some(j) => !reached[j][index] && apart(j, k),
            };
            // what must run: from the objectives down to what can be used as it is
            let mut runs = vec![false; n];
            let mut known = vec![false; n];
            let mut ask: Vec<bool> = vec![false; n];
            for objective in &phase.objectives {
                ask[self.objectives[*objective].var.0 as usize] = true;
            }
            if k + 1 == count {
                after.iter().for_each(|var| ask[var.0 as usize] = true);
            }
            for index in (0..n).rev() {
                if !ask[index] {
                    continue;
                }
                if usable(index) && !self.nodes[index].inputs.is_empty() {
                    known[index] = true;
                    continue;
                }
                runs[index] = true;
                inputs(index).for_each(|input| ask[input] = true);
            }
            // what an earlier turn leaves, it keeps
            for index in (0..n).filter(|index| known[*index]) {
                if let Some(turn) = made[index].and_then(|j| turns.get_mut(j)) {
                    let entry = (Var(index as u32), learns[k][index]);
                    match turn.keep.iter_mut().find(|(var, _)| *var == entry.0) {
                        Some(kept) => kept.1 |= entry.1,
                        None => turn.keep.push(entry),
                    }
                }
            }
            let again: Vec<bool> = made.iter().map(Option::is_some).collect();
            let repeated = (0..n)
                .filter(|i| runs[*i] && again[*i] && !self.nodes[*i].inputs.is_empty())
                .map(|i| Var(i as u32))
                .collect();
            for index in (0..n).filter(|index| runs[*index]) {
                made[index].get_or_insert(k);
            }
            turns.push(Turn {
                phase: phase.clone(),
                known: (0..n)
                    .filter(|i| known[*i])
                    .map(|i| Var(i as u32))
                    .collect(),
                keep: Vec::new(),
                again,
                tracked: vec![false; self.parameters.len()],
                repeated,
            });
        }
        // a turn records its own parameters and those that the gradients it keeps for later ones flow to
        for k in 0..count {
            let kept = turns[k].keep.iter().filter(|(_, gradient)| *gradient);
            let wanted: Vec<Var> = kept.map(|(var, _)| *var).collect();
            let wanted = self.behind(&wanted, passes);
            let mut tracked = vec![false; self.parameters.len()];
            for index in &phases[k].parameters {
                tracked[*index] = true;
            }
            for (m, later) in phases.iter().enumerate().skip(k + 1) {
                for (index, node) in self.nodes.iter().enumerate() {
                    if let Op::Parameter(id) = node.op
                        && wanted[index]
                        && learns[m][index]
                        && later.parameters.contains(&(id.0 as usize))
                    {
                        tracked[id.0 as usize] = true;
                    }
                }
            }
            turns[k].tracked = tracked;
        }
        turns
    }

    /// Values that are computed again because objectives that take turns each send a gradient through them: the last of each run of
    /// them, with the names of the objectives that ask again.
    pub fn repeats(&self) -> Vec<(Var, Vec<&str>)> {
        let mut found = Vec::new();
        for turn in self.turns(&[]) {
            let mut inner = vec![false; self.nodes.len()];
            for var in &turn.repeated {
                let inputs = &self.nodes[var.0 as usize].inputs;
                inputs.iter().for_each(|v| inner[v.0 as usize] = true);
            }
            let names: Vec<&str> = turn
                .phase
                .objectives
                .iter()
                .map(|i| self.objectives[*i].name.as_str())
                .collect();
            let last = turn.repeated.iter().filter(|var| !inner[var.0 as usize]);
            found.extend(last.map(|var| (*var, names.clone())));
        }
        found
    }
}
