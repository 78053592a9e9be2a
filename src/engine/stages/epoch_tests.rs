//! Banks hold what the encoder makes of each picture; clusters are those of the bank. The task is a small DeepCluster.

use std::collections::BTreeMap;

use super::super::times::Times;
use super::super::{Run, Silent};
use crate::catalog::{Args, Catalog, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Sample, SampleType};
use crate::engine::{Batch, Device, HostTensor, Model, features};
use crate::graph::{DType, EpochWork, Graph, Init, Module};
use crate::plan::{Body, Plan, RunSettings, Training, testing};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let x = g.input("view")?;
    let z = g.call(&encoder, x)?; // [B, d]
    let (n, k, d) = (
        g.records()?,
        task.size("clusters"),
        g.check_features("deep", z)?,
    );
    let bank = g.state("bank", &[n, d], Init::Constant(0.0), DType::F32)?;
    let centres = g.state("centres", &[k, d], Init::Constant(0.0), DType::F32)?;
    let clusters = g.state("clusters", &[n], Init::Constant(0.0), DType::Int)?;
    g.fill(bank, |g, x| g.call(&encoder, x))?;
    g.kmeans(bank, centres, clusters, 100)?;
    let c = g.read(centres); // [k, d]
    let c = g.transpose(c, 0, 1)?;
    let logits = g.matmul(z, c)?; // [B, k]
    let (all, index) = (g.read(clusters), g.index());
    let own = g.take(all, index, 0)?; // [B]
    let loss = g.cross_entropy(logits, own)?;
    g.objective("loss", loss);
    Ok(())
}

const RECIPE: &str = "ssl 1

dataset figures = shapes(train = 300, valid = 16, test = 16)

pretext groups = deep(clusters = 5) {
  data    = figures.train
  encoder = small_cnn(width = 2)
  batch   = 20
  length  = 2 epochs
}

run { seed = 3, device = flex }
";

fn planned() -> Plan {
    let make = Make::task(build, |_, _| {
        Some("emit view = image |> hflip(50%) |> normalize(mean = [0.4, 0.5, 0.6], std = [0.2, 0.3, 0.4])".into())
    });
    let spec = Spec::new(
        "deep",
        Kind::Task,
        "Clusters of features are classes.",
        make,
    )
    .param(Param::required("clusters", Type::Integer, "How many."))
    .input("view", SampleType::IMAGE, "A picture.");
    let mut catalog = Catalog::builtin();
    catalog.register(spec);
    testing::planned(RECIPE, &catalog)
}

fn training(plan: &Plan) -> &Training {
    match &plan.stages[0].body {
        Body::Train(training) => training,
        _ => panic!("no training"),
    }
}

fn run_of(plan: &Plan, workers: usize) -> Run<'_> {
    Run {
        plan,
        settings: RunSettings::new(&plan.recipe.run),
        device: Device::flex(),
        workers,
        directory: None,
        beside: Vec::new(),
        stages: BTreeMap::new(),
        manifests: Default::default(),
        times: Times::nowhere().into(),
        told: Default::default(),
    }
}

/// A model whose running statistics are not those of a beginner.
fn model(run: &Run<'_>, training: &Training) -> Model {
    let mut model = run
        .fresh(&training.graph)
        .unwrap_or_else(|_| panic!("a model"));
    for buffer in &training.graph.buffers {
        let count = buffer.shape.iter().product::<usize>();
        let values = (0..count).map(|i| 0.2 + 0.1 * i as f32).collect();
        let values = HostTensor::f32(values, &buffer.shape);
        model.set(&buffer.name, &values).expect("a buffer");
    }
    model
}

fn before(run: &Run<'_>, model: &Model, epoch: u64) -> BTreeMap<String, HostTensor> {
    let stage = &run.plan.stages[0];
    let found = run.before_epoch(stage, training(run.plan), model, epoch, &mut Silent);
    found.unwrap_or_else(|failure| panic!("{:?}", failure.diagnostic(stage.span)))
}

#[test]
fn a_bank_holds_the_features_of_each_record_at_its_index() {
    let plan = planned();
    let run = run_of(&plan, 2);
    let training = training(&plan);
    let model = model(&run, training);
    let states = before(&run, &model, 0);
    let bank = states["bank"].as_f32().expect("numbers");
    assert_eq!(states["bank"].shape(), [300, 8]);
    let EpochWork::Fill { graph, output, .. } = &training.graph.work[0] else {
        panic!("no fill")
    };
    for record in 0..300 {
        // pixel / 255, less the mean, over the deviation; nothing is mirrored
        let sample = training
            .data
            .dataset
            .read(record, crate::data::Draws::STILL)
            .expect("a record");
        let image = sample.iter().find_map(|value| match value {
            Sample::Image(image) => Some(image),
            _ => None,
        });
        let image = image.expect("a picture");
        let (mean, std) = ([0.4, 0.5, 0.6], [0.2, 0.3, 0.4]);
        let (h, w) = (image.height, image.width);
        let pixels = (0..3 * h * w)
            .map(|i| {
                let (c, place) = (i / (h * w), i % (h * w));
                (f32::from(image.pixels[place * 3 + c]) / 255.0 - mean[c]) / std[c]
            })
            .collect();
        let batch = Batch::from([("image".to_owned(), HostTensor::f32(pixels, &[1, 3, h, w]))]);
        let wanted = features(graph, &model, &batch, &[*output]).expect("features");
        let wanted = wanted[0].as_f32().expect("numbers");
        for (x, wanted) in bank[record * 8..(record + 1) * 8].iter().zip(wanted) {
            assert!(
                (x - wanted).abs() < 1e-4 * wanted.abs().max(1.0),
                "{record}: {x} {wanted}"
            );
        }
    }
}

#[test]
fn clusters_are_those_of_the_bank_and_follow_seed_and_epoch_alone() {
    let plan = planned();
    let run = run_of(&plan, 2);
    let model = model(&run, training(&plan));
    let states = before(&run, &model, 1);
    let (bank, centres) = (&states["bank"], &states["centres"]);
    let rows: Vec<&[f32]> = bank.as_f32().expect("numbers").chunks(8).collect();
    let centres: Vec<&[f32]> = centres.as_f32().expect("numbers").chunks(8).collect();
    let of = states["clusters"].as_int().expect("whole numbers");
    assert_eq!((of.len(), centres.len()), (300, 5));
    let away = |a: &[f32], b: &[f32]| -> f64 {
        let terms = a.iter().zip(b).map(|(x, y)| f64::from(x - y).powi(2));
        terms.sum()
    };
    for (row, cluster) in rows.iter().zip(of) {
        let own = away(row, centres[*cluster as usize]);
        assert!(centres.iter().all(|centre| own <= away(row, centre) + 1e-6));
    }
    // 100 iterations are enough to settle: each centre is the mean of its rows
    for (cluster, centre) in centres.iter().enumerate() {
        let own: Vec<&&[f32]> = rows
            .iter()
            .zip(of)
            .filter(|(_, c)| **c as usize == cluster)
            .map(|(row, _)| row)
            .collect();
        assert!(!own.is_empty(), "cluster {cluster}");
        for (axis, x) in centre.iter().enumerate() {
            let sum: f64 = own.iter().map(|row| f64::from(row[axis])).sum();
            assert!((sum / own.len() as f64 - f64::from(*x)).abs() < 1e-5);
        }
    }
    let other = run_of(&plan, 1);
    assert_eq!(before(&other, &model, 1), states);
    let later = before(&run, &model, 2);
    assert_eq!(later["bank"], states["bank"]);
    assert_ne!(later["clusters"], states["clusters"]);
}

#[test]
fn a_bank_that_is_not_finite_names_the_stage() {
    let plan = planned();
    let run = run_of(&plan, 1);
    let mut model = model(&run, training(&plan));
    let first = &training(&plan).graph.parameters[0];
    let values = vec![f32::NAN; first.shape.iter().product()];
    let values = HostTensor::f32(values, &first.shape);
    model.set(&first.name, &values).expect("a weight");
    let stage = &plan.stages[0];
    let failed = run.before_epoch(stage, training(&plan), &model, 3, &mut Silent);
    let failure = failed.expect_err("a failure").diagnostic(stage.span);
    assert!(
        failure.message.contains("state `bank`"),
        "{}",
        failure.message
    );
    assert!(failure.message.contains("45"), "{}", failure.message);
}

#[test]
fn the_plan_says_what_it_costs() {
    let plan = planned();
    let summary = crate::plan::summary::summarize(&plan);
    let [fill, kmeans] = summary[0].each_epoch.as_slice() else {
        panic!("{:?}", summary[0].each_epoch)
    };
    // 300 forward passes of the encoder, whose cost stands above
    let flops = crate::plan::units::flops(300.0 * summary[0].flops_per_record);
    assert!(fill.starts_with("fills `bank` [300, 8]"), "{fill}");
    assert!(
        fill.contains(&format!("300 forward passes more, {flops}")),
        "{fill}"
    );
    // 102 times 300 rows, 5 centres, 8 numbers
    let flops = crate::plan::units::flops(102.0 * 300.0 * 5.0 * 8.0);
    assert!(
        kmeans.contains("5 clusters, 100 iterations") && kmeans.contains(&flops),
        "{kmeans}"
    );
}
