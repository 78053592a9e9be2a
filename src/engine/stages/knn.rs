//! kNN as a stage and as a monitor.

use std::borrow::Cow;

use super::failure::{Failure, disk, stopped};
use super::features::{Features, Read};
use super::{Run, StageDirectory, Watch, stop_asked};
use crate::engine::{Model, Rows};
use crate::evaluation::knn::{normalize_rows, vote};
use crate::plan::{DataView, ENCODER, Knn, StagePlan, Training};
use crate::report::ResultRow;

/// Test records whose similarities are held at once.
const BLOCK: usize = 256;
/// Test records on the 2-D map.
const MAPPED: usize = 800;

/// Accuracy of each place, as a fraction. The bank is used up: one place after the other moves to the device.
fn accuracy(
    run: &Run<'_>,
    knn: &Knn,
    mut bank: Features,
    test: &Features,
    stage: &str,
) -> Result<Vec<f64>, Failure> {
    let mut found = Vec::new();
    for (place, dim) in bank.dims.iter().enumerate() {
        let mut known = std::mem::take(&mut bank.places[place]);
        normalize_rows(&mut known, *dim);
        let known = Rows::new(&run.device, known, *dim)?;
        let mut right = 0usize;
        for (block, rows) in test.places[place].chunks(BLOCK * dim).enumerate() {
            if stop_asked() {
                return Err(stopped(stage));
            }
            let mut asked = rows.to_vec();
            normalize_rows(&mut asked, *dim);
            let similarities = known.products(&asked)?; // [rows, bank]
            for (row, similarities) in similarities.chunks(bank.labels.len()).enumerate() {
                let class = vote(
                    similarities,
                    &bank.labels,
                    knn.k,
                    knn.temperature,
                    knn.classes,
                );
                right += usize::from(class == test.labels[block * BLOCK + row]);
            }
        }
        found.push(right as f64 / test.labels.len().max(1) as f64);
    }
    Ok(found)
}

impl Run<'_> {
    fn knn_features(
        &self,
        knn: &Knn,
        read: &Read<'_>,
        stage: &str,
        what: &str,
        watch: &mut dyn Watch,
    ) -> Result<(Features, Features), Failure> {
        let train = self.features(
            &knn.train,
            &knn.reading,
            read,
            stage,
            &format!("{what}, bank"),
            watch,
        )?;
        let test = self.features(
            &knn.test,
            &knn.reading,
            read,
            stage,
            &format!("{what}, test"),
            watch,
        )?;
        Ok((train, test))
    }

    pub(super) fn knn_stage(
        &self,
        stage: &StagePlan,
        knn: &Knn,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<Vec<ResultRow>, Failure> {
        let vars: Vec<_> = knn.reading.places.iter().map(|(_, var, _)| *var).collect();
        let graph = &knn.reading.graph;
        let mut columns = Vec::new();
        let mut maps = Vec::new();
        for (what, model) in [
            ("trained", self.trained(&knn.from, graph)?),
            ("untrained", self.untrained(&knn.from, graph)?),
        ] {
            let read = Read::Places(graph, &model, vars.clone());
            let (bank, test) = self.knn_features(knn, &read, &stage.name, what, watch)?;
            columns.push(accuracy(self, knn, bank, &test, &stage.name)?);
            maps.push(test.thinned(MAPPED));
        }
        let (bank, test) = self.knn_features(knn, &Read::Pixels, &stage.name, "pixels", watch)?;
        let raw = accuracy(self, knn, bank, &test, &stage.name)?[0];
        let rows: Vec<ResultRow> = knn
            .reading
            .places
            .iter()
            .enumerate()
            .map(|(i, (place, ..))| ResultRow {
                stage: stage.name.clone(),
                evaluator: "knn".into(),
                protocol: format!(
                    "at {place}, k = {}, temperature = {}, {}",
                    knn.k, knn.temperature, knn.reading.protocol
                ),
                metric: "accuracy".into(),
                value: columns[0][i],
                untrained: Some(columns[1][i]),
                raw: Some(raw),
                supervised: None,
                left_out: Default::default(),
                repaired: Default::default(),
            })
            .collect();
        self.map(knn, &maps, directory)?;
        watch.end(&format!("{} · {:.1}%", stage.name, 100.0 * rows[0].value));
        Ok(rows)
    }

    /// The 2-D map of test records for the report: the last place, trained and untrained.
    fn map(&self, knn: &Knn, maps: &[Features], directory: &StageDirectory) -> Result<(), Failure> {
        let flat: Vec<Vec<[f32; 2]>> = maps
            .iter()
            .map(|features| {
                let last = features.dims.len() - 1;
                crate::report::embedding::map(&features.places[last], features.dims[last])
            })
            .collect();
        let written = directory.folder.write_json(
            "embedding.json",
            &serde_json::json!({
                "points": flat[0],
                "untrained": flat[1],
                "labels": maps[0].labels,
                "classes": knn.test.dataset.class_names(),
            }),
        );
        written.map_err(|error| disk(&directory.path_of("embedding.json"), &error))
    }

    /// A monitor's reading: accuracy of the model as it is now.
    pub(super) fn monitor(
        &self,
        training: &Training,
        model: &Model,
        stage: &str,
        watch: &mut dyn Watch,
    ) -> Result<Vec<(String, f64)>, Failure> {
        let Some(monitor) = &training.monitor else {
            return Ok(Vec::new());
        };
        let knn = &monitor.knn;
        let mut part = Cow::Borrowed(model);
        if knn.from.module != ENCODER {
            let [from, to] = [&knn.from.module, ENCODER].map(|module| format!("{module}/"));
            part.to_mut().adopt(model, &from, &to)?;
        }
        let vars: Vec<_> = knn.reading.places.iter().map(|(_, var, _)| *var).collect();
        let read = Read::Places(&knn.reading.graph, &part, vars);
        let bank = DataView {
            dataset: crate::data::evenly(knn.train.dataset.clone(), monitor.bank),
            ..knn.train.clone()
        };
        let train = self.features(&bank, &knn.reading, &read, stage, "monitor, bank", watch)?;
        let test = self.features(
            &knn.test,
            &knn.reading,
            &read,
            stage,
            "monitor, test",
            watch,
        )?;
        let accuracy = accuracy(self, knn, train, &test, stage)?;
        let last = accuracy.last();
        Ok(last
            .map(|value| ("monitor.knn".to_owned(), *value))
            .into_iter()
            .collect())
    }
}
