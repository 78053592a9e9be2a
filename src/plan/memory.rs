//! Predicted peak memory of the process, stage by stage.

use super::types::*;
use super::{Optimizer, StagePlan};
use crate::data::SampleType;

/// Records per forward pass when features are read.
pub const READ_BATCH: usize = 256;

/// The program itself: code, thread stacks, the allocator's first pages.
const PROGRAM: f64 = 60.0 * 1024.0 * 1024.0;
/// What an allocator holds back, and scratch of products, beside the tensors that are alive.
const SLACK: f64 = 1.25;

/// Predicts the memory of a plan's stages.
pub struct Memory {
    /// Bytes of the data sets that are held in memory.
    data: f64,
}

impl Memory {
    /// Adds up what the whole plan holds.
    pub fn new(plan: &Plan) -> Self {
        let mut known: Vec<(usize, f64)> = Vec::new();
        for stage in &plan.stages {
            for (_, view) in stage.data() {
                let bytes = view.dataset.resident_bytes() as f64;
                // splits of one file, or views of one split, hold it once
                let key = view.dataset.resident_key();
                if !known.iter().any(|(own, _)| *own == key) {
                    known.push((key, bytes));
                }
            }
        }
        Self {
            data: known.iter().map(|(_, bytes)| bytes).sum(),
        }
    }

    /// Bytes at the worst moment of one stage.
    pub fn stage(&self, stage: &StagePlan) -> u64 {
        let slots = |optimizer: &Optimizer| match optimizer {
            Optimizer::Sgd { momentum, .. } if *momentum == 0.0 => 0,
            Optimizer::Sgd { .. } | Optimizer::Lars { .. } => 1,
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } => 2,
        };
        let train = |graph: &crate::graph::Graph, settings: &Settings| {
            graph.peak_memory(settings.batch, true, slots(&settings.optimizer)) as f64
        };
        let read = |reading: &Reading, records: usize| {
            let features: usize = reading.places.iter().map(|(_, _, dim)| dim * 4).sum();
            let [pixels] = [reading
                .samples
                .outputs()
                .iter()
                .map(|(_, ty)| bytes_of(ty))
                .sum::<usize>()];
            let held = (features.max(pixels) * records) as f64;
            (reading.graph.peak_memory(READ_BATCH, false, 0) as f64, held)
        };
        let tensors = match &stage.body {
            Body::Pretext(t) => {
                let monitor = t.monitor.as_ref().map_or(0.0, |monitor| {
                    let records = monitor.bank.min(monitor.knn.train.dataset.len())
                        + monitor.knn.test.dataset.len();
                    let (peak, held) = read(&monitor.knn.reading, records);
                    peak + 2.0 * held
                });
                let batch: usize = t.samples.outputs().iter().map(|(_, ty)| bytes_of(ty)).sum();
                // the loader keeps a few batches ready
                let queue = (batch * t.settings.batch * 4) as f64;
                train(&t.graph, &t.settings).max(monitor) + queue
            }
            Body::Knn(k) => {
                let (peak, held) = read(&k.reading, k.train.dataset.len() + k.test.dataset.len());
                let similarities = (READ_BATCH * k.train.dataset.len() * 4) as f64;
                // normalised copies stand beside the features
                (peak + held).max(2.0 * held + similarities)
            }
            Body::Probe(p) => {
                let (peak, held) = read(&p.reading, p.train.dataset.len() + p.test.dataset.len());
                (peak + held)
                    .max(held + train(&p.head, &p.settings))
                    .max(held + train(&p.raw, &p.settings))
            }
            Body::Classifier(c) => train(&c.graph, &c.settings),
            Body::Export(e) => e.graph.peak_memory(1, false, 0) as f64,
        };
        (PROGRAM + self.data + SLACK * tensors) as u64
    }
}

/// Bytes of one value in a batch.
fn bytes_of(ty: &SampleType) -> usize {
    match ty {
        SampleType::Image {
            channels,
            height,
            width,
        } => 4 * channels.unwrap_or(0) * height.unwrap_or(0) * width.unwrap_or(0),
        SampleType::Mask { height, width } => 4 * height.unwrap_or(0) * width.unwrap_or(0),
        SampleType::Label { .. } => 8,
        SampleType::Text => 0,
        SampleType::List { element, count } => bytes_of(element) * count.unwrap_or(0),
    }
}
