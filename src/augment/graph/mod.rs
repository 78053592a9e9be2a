//! The sample graph: an `augment` block, typed and flattened, run per sample.
//!
//! Every draw is keyed by (seed, epoch, sample, place), where the place is the transform's name and its number among those of its
//! name, on the way from what is emitted first to what is emitted last: the flip of the first view draws from `hflip/0`, that of the
//! second from `hflip/1`. So a sample gets the same view whatever the number of threads, the batch size or a restart, whatever the
//! augment and what is bound in it are called, and however it is written: step by step, or through another augment.

mod compile;
mod finish;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{Scratch, Transform};
use crate::catalog::Artifact;
use crate::data::lab::LabPart;
use crate::data::{DataError, Fields, Normalization, Philox, Record, Sample, SampleType};
use crate::language::Span;

pub use compile::compile;
#[cfg(test)]
pub(crate) use tests::{as_it_is, two_views as test_graph};

/// One step of the flattened graph. Values live in numbered slots, each written once.
enum Node {
    /// A transform.
    Apply {
        transform: Box<dyn Transform>,
        input: Input,
        /// Its outputs go to the slots from this one on.
        first: usize,
        /// How many outputs it has.
        count: usize,
        /// What the recipe calls the transform.
        name: String,
        /// Its place in the recipe by the recipe's own names, for messages: `pair/a/view/hflip`.
        path: String,
        /// Its place as a part of the random key.
        key: u64,
        /// What it does, where it does the same each time.
        always: Option<String>,
    },
    /// Makes a list of values.
    Gather { inputs: Vec<Input>, output: usize },
}

/// A slot that is read.
#[derive(Clone, Copy, Debug)]
struct Input {
    slot: usize,
    /// Nobody reads it later: the value moves instead of being copied.
    last: bool,
}

/// An `augment` block, checked and ready to run. One graph serves all threads.
pub struct SampleGraph {
    name: String,
    /// Number of fields of a record; slot `i` holds field `i`.
    record: usize,
    slots: usize,
    nodes: Vec<Node>,
    outputs: Vec<Input>,
    fields: Fields,
    /// Calls that cut tiles which touch, of those whose places are emitted.
    touching: Vec<Span>,
    /// Whether anything that is emitted was normalised.
    normalized: bool,
    /// Calls that normalise what is normalised, with the part of Lab that it is.
    twice: Vec<(Span, Option<LabPart>)>,
    /// Which parts of Lab it emits.
    lab: Vec<LabPart>,
    /// Calls that changed colours before a and b of Lab were taken of them.
    recoloured: Vec<Span>,
    /// What fits learn that its transforms take.
    learnt: Vec<Artifact>,
    /// What each call of the text gives and each name in it is.
    flows: BTreeMap<Span, Vec<SampleType>>,
}

impl SampleGraph {
    /// The pictures and labels of a record as they are, normalised where statistics are given.
    pub fn plain(fields: &Fields, statistics: Option<&Normalization>) -> Self {
        let mut graph = SampleGraph {
            name: "plain".into(),
            record: fields.len(),
            slots: fields.len(),
            nodes: Vec::new(),
            outputs: Vec::new(),
            fields: Vec::new(),
            touching: Vec::new(),
            normalized: statistics.is_some(),
            twice: Vec::new(),
            lab: Vec::new(),
            recoloured: Vec::new(),
            learnt: Vec::new(),
            flows: BTreeMap::new(),
        };
        for (field, (name, ty)) in fields.iter().enumerate() {
            let mut slot = field;
            match (ty.as_image(), statistics) {
                (Some(_), Some(statistics)) => {
                    slot = graph.slots;
                    graph.slots += 1;
                    let path = format!("plain/{name}/normalize");
                    graph.nodes.push(Node::Apply {
                        transform: super::normalize::transform(statistics.clone()),
                        input: Input {
                            slot: field,
                            last: true,
                        },
                        first: slot,
                        count: 1,
                        name: "normalize".into(),
                        key: Philox::part(&path),
                        path,
                        always: None,
                    });
                }
                (Some(_), None) => {}
                (None, _) if ty.as_label().is_some() => {}
                (None, _) => continue,
            }
            graph.outputs.push(Input { slot, last: true });
            graph.fields.push((name.clone(), ty.clone()));
        }
        graph
    }

    /// The augment's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names and types of what it emits, in order: the fields of the batch.
    pub fn outputs(&self) -> &Fields {
        &self.fields
    }

    /// The places of its transforms by the recipe's names, in the order in which they run.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Apply { path, .. } => Some(path.as_str()),
            Node::Gather { .. } => None,
        })
    }

    /// Calls that cut tiles which touch, where the batch asks how they stood.
    pub fn touching(&self) -> &[Span] {
        &self.touching
    }

    /// Whether it emits pictures and none of them was normalised.
    pub fn never_normalizes(&self) -> bool {
        let picture = |ty: &SampleType| {
            let (one, _) = ty.parts().unwrap_or((ty, None));
            one.as_image().is_some() || one.frame().is_some()
        };
        !self.normalized && self.fields.iter().any(|(_, ty)| picture(ty))
    }

    /// Calls of `normalize` whose input was normalised before, or is a part of Lab, which is scaled.
    pub fn normalizes_twice(&self) -> &[(Span, Option<LabPart>)] {
        &self.twice
    }

    /// Which parts of Lab it emits, each once.
    pub fn lab(&self) -> &[LabPart] {
        &self.lab
    }

    /// Calls that changed a picture's colours before a and b of Lab, which it emits, were taken of it.
    pub fn recoloured(&self) -> &[Span] {
        &self.recoloured
    }

    /// What fits learn that its transforms take.
    pub fn learnt(&self) -> &[Artifact] {
        &self.learnt
    }

    /// What each call gives and each bound name is, by its place in the text: for people. What was reached several times is as it was
    /// the first time.
    pub fn flows(&self) -> &BTreeMap<Span, Vec<SampleType>> {
        &self.flows
    }

    /// What each value of the batch is, by its name (`view`, `views/0`): equal numbers are copies of one value. What was drawn is a
    /// copy of nothing.
    pub fn sources(&self) -> BTreeMap<String, usize> {
        let mut known: BTreeMap<(&str, usize, Vec<usize>), usize> = BTreeMap::new();
        // the elements of what is gathered, one number else
        let mut slots: Vec<Vec<usize>> = (0..self.slots).map(|slot| vec![slot]).collect();
        for node in &self.nodes {
            match node {
                Node::Apply {
                    input,
                    first,
                    count,
                    always: Some(does),
                    ..
                } => {
                    for slot in *first..first + count {
                        let key = (does.as_str(), slot - first, slots[input.slot].clone());
                        slots[slot] = vec![*known.entry(key).or_insert(slot)];
                    }
                }
                Node::Apply { .. } => {}
                Node::Gather { inputs, output } => {
                    let each = inputs.iter().flat_map(|input| slots[input.slot].clone());
                    slots[*output] = each.collect();
                }
            }
        }
        let mut found = BTreeMap::new();
        // an element of a list that one transform made has a number of its own
        let mut own = self.slots;
        for ((name, ty), output) in self.fields.iter().zip(&self.outputs) {
            let values = &slots[output.slot];
            let Some((_, count)) = ty.parts() else {
                found.extend(values.first().map(|value| (name.clone(), *value)));
                continue;
            };
            for i in 0..count.unwrap_or(0) {
                let value = match values.get(i) {
                    Some(value) if values.len() == count.unwrap_or(0) => *value,
                    _ => own,
                };
                own += 1;
                found.insert(format!("{name}/{i}"), value);
            }
        }
        found
    }

    /// Runs it on one record. Give the result back with [`Scratch::give_list`].
    ///
    /// `sample` is the record's stable number ([`crate::data::Dataset::id`]).
    pub fn run(
        &self,
        record: Record,
        seed: u64,
        epoch: u64,
        sample: u64,
        scratch: &mut Scratch,
    ) -> Result<Vec<Sample>, DataError> {
        if record.len() != self.record {
            return Err(DataError {
                message: format!(
                    "the sample graph `{}` takes records of {} fields; this one has {}",
                    self.name,
                    self.record,
                    record.len()
                ),
                help: None,
            });
        }
        let mut slots = std::mem::take(&mut scratch.slots);
        slots.clear();
        slots.extend(record.into_iter().map(Some));
        slots.resize_with(self.slots, || None);
        let mut emitted = scratch.take_list();
        let done = self.steps(&mut slots, (seed, epoch, sample), &mut emitted, scratch);
        for value in slots.drain(..).flatten() {
            scratch.recycle(value);
        }
        scratch.slots = slots;
        match done {
            Ok(()) => Ok(emitted),
            Err(error) => {
                scratch.give_list(emitted);
                Err(error)
            }
        }
    }

    fn steps(
        &self,
        slots: &mut [Option<Sample>],
        (seed, epoch, sample): (u64, u64, u64),
        emitted: &mut Vec<Sample>,
        scratch: &mut Scratch,
    ) -> Result<(), DataError> {
        for node in &self.nodes {
            match node {
                Node::Apply {
                    transform,
                    input,
                    first,
                    count,
                    path,
                    key,
                    ..
                } => {
                    let value = self.read(slots, *input, scratch)?;
                    let mut rng = Philox::new(seed, &[epoch, sample, *key]);
                    let mut outputs = scratch.take_list();
                    transform
                        .apply(value, &mut rng, scratch, &mut outputs)
                        .map_err(|error| DataError {
                            message: format!("{} (sample {sample}, at `{path}`)", error.message),
                            ..error
                        })?;
                    for (slot, output) in slots[*first..*first + *count]
                        .iter_mut()
                        .zip(outputs.drain(..))
                    {
                        *slot = Some(output);
                    }
                    scratch.give_list(outputs);
                }
                Node::Gather { inputs, output } => {
                    let mut list = scratch.take_list();
                    for input in inputs {
                        list.push(self.read(slots, *input, scratch)?);
                    }
                    slots[*output] = Some(Sample::list(list));
                }
            }
        }
        for output in &self.outputs {
            let value = self.read(slots, *output, scratch)?;
            emitted.push(value);
        }
        Ok(())
    }

    fn read(
        &self,
        slots: &mut [Option<Sample>],
        input: Input,
        scratch: &mut Scratch,
    ) -> Result<Sample, DataError> {
        let slot = &mut slots[input.slot];
        let value = if input.last {
            slot.take()
        } else {
            slot.as_ref().map(|value| scratch.copy(value))
        };
        // a transform that emitted less than its type function promised
        value.ok_or_else(|| DataError {
            message: format!(
                "the sample graph `{}` has a transform that emitted too little",
                self.name
            ),
            help: None,
        })
    }
}
