//! What a trained stage shows of itself: the same few records as the task lays them side by side, as pictures and texts in
//! `results/`.
//!
//! Records, views and everything that is drawn in the graph are the same whatever the run's seed, so that two runs can be laid beside
//! each other.

use std::collections::BTreeSet;

use super::failure::{Failure, disk};
use super::features::bound;
use super::{Run, StageDirectory, Watch};
use crate::augment::Scratch;
use crate::augment::preview::{png, side_by_side};
use crate::data::{
    Drawing, Draws, Image, Loader, LoaderOptions, Normalization, OnBadSample, Part, Sample,
    chosen_of, evenly,
};
use crate::engine::{Batch, HostTensor, Model, features};
use crate::files::Folder;
use crate::graph::{Exhibit, INDEX, Var};
use crate::plan::{Exhibits, StagePlan, Training};
use crate::report::{ExhibitFile, exhibit_picture, exhibit_text};

/// Records that are shown.
const RECORDS: usize = 6;
/// What decides the views.
const SEED: u64 = 0;

impl Run<'_> {
    /// Writes what the stage's task shows with these weights.
    pub(super) fn exhibits(
        &self,
        stage: &StagePlan,
        training: &Training,
        directory: &StageDirectory,
        model: &Model,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let (Some(shown), Some(results)) = (&training.exhibits, self.results(training)?) else {
            return Ok(());
        };
        let failed = |name: &str| {
            let path = results.path_of(name);
            move |error| disk(&path, &error)
        };
        let mut written = Vec::new();
        let mut files = BTreeSet::new();
        if let Some(Few { fields, ids, first }) = self.some(training, shown)? {
            for exhibit in &shown.graph.exhibits {
                let by = training
                    .normalized
                    .as_ref()
                    .map(|normalized| &normalized.by);
                let run = (model, &fields, &ids[..]);
                let texts = shown.graph.shows_texts(exhibit);
                let drawn = match texts {
                    true => texts_of(exhibit, shown, run, first)
                        .map(|lines| (page(&stage.name, exhibit, shown, &ids, &lines), lines)),
                    false => {
                        sheet(&stage.name, exhibit, shown, run, by).map(|bytes| (bytes, Vec::new()))
                    }
                };
                let (bytes, lines) = match drawn {
                    Ok(drawn) => drawn,
                    // what was trained is none the worse for it
                    Err(why) => {
                        let name = &exhibit.name;
                        watch.say(&format!("{} · `{name}` can't be shown: {why}", stage.name));
                        continue;
                    }
                };
                let file = match texts {
                    true => exhibit_text(&stage.name, &exhibit.name),
                    false => exhibit_picture(&stage.name, &exhibit.name),
                };
                results.write(&file, &bytes).map_err(failed(&file))?;
                files.insert(file);
                written.push(ExhibitFile {
                    name: exhibit.name.clone(),
                    panels: exhibit
                        .panels
                        .iter()
                        .map(|panel| panel.title.clone())
                        .collect(),
                    data: shown.data.text.clone(),
                    records: ids.clone(),
                    lines,
                });
            }
        }
        // what the stage showed before with other settings
        let all = results.names().map_err(failed(""))?;
        let own = exhibit_picture(&stage.name, "");
        let own = own.trim_end_matches(".png");
        for (name, _) in all {
            let of_stage = name
                .strip_prefix(own)
                .is_some_and(|rest| rest.ends_with(".png") || rest.ends_with(".txt"));
            if of_stage && !files.contains(&name) {
                results.remove(&name).map_err(failed(&name))?;
            }
        }
        directory
            .folder
            .write_json("exhibits.json", &written)
            .map_err(|error| disk(&directory.path_of("exhibits.json"), &error))
    }

    /// The folder that pictures are written into, where the stage shows something. Opened before training too, so that nothing is in
    /// the way of it afterwards.
    pub(super) fn results(&self, training: &Training) -> Result<Option<Folder>, Failure> {
        let (Some(_), Some(run)) = (&training.exhibits, &self.directory) else {
            return Ok(None);
        };
        let opened = run.folder.make("results").and_then(|results| {
            results.sweep(|_| true)?;
            Ok(results)
        });
        match opened {
            Ok(results) => Ok(Some(results)),
            Err(error) => Err(disk(&run.folder.path_of("results"), &error)),
        }
    }

    /// One batch of the records that are shown. Nothing where none can be read: that is told elsewhere.
    fn some(&self, training: &Training, shown: &Exhibits) -> Result<Option<Few>, Failure> {
        let failed = |failure: Failure| failure.at(shown.data.span);
        let on_bad = match training.settings.on_bad {
            // a record that training never met must not end it
            OnBadSample::Stop => OnBadSample::Skip,
            other => other,
        };
        let loader = Loader::new(
            evenly(shown.data.dataset.clone(), RECORDS),
            shown.samples.clone(),
            LoaderOptions {
                on_bad_sample: on_bad,
                ..LoaderOptions::evaluation(RECORDS, SEED, self.workers)
            },
        )
        .map_err(|error| failed(error.into()))?;
        let Some(batch) = loader.into_iter().next() else {
            return Ok(None);
        };
        let batch = batch.map_err(|error| failed(error.into()))?;
        if batch.size == 0 {
            return Ok(None);
        }
        let ids = batch.ids;
        // for tasks that address each record by its number
        let chosen = chosen_of(&*shown.data.dataset, RECORDS);
        let index = batch.indices.iter();
        let index = index.filter_map(|at| chosen.get(*at as usize).map(|at| *at as i64));
        let index: Vec<i64> = index.collect();
        let first = index.first().map_or(0, |at| *at as usize);
        let mut fields: Batch = bound(batch.fields, &training.bindings).collect();
        fields.insert(INDEX.to_owned(), HostTensor::int(index, &[ids.len()]));
        Ok(Some(Few { fields, ids, first }))
    }
}

/// The records that are shown.
struct Few {
    /// Under the names of the graph's inputs.
    fields: Batch,
    /// Their numbers.
    ids: Vec<u64>,
    /// Where the first of them stands in its split.
    first: usize,
}

/// One exhibit of texts: a line for each record.
fn texts_of(
    exhibit: &Exhibit,
    shown: &Exhibits,
    (model, fields, ids): (&Model, &Batch, &[u64]),
    first: usize,
) -> Result<Vec<Vec<Part>>, String> {
    let wanted: Vec<Var> = exhibit.panels.iter().map(|panel| panel.var).collect();
    let values =
        features(&shown.graph, model, fields, &wanted).map_err(|error| error.to_string())?;
    // what the numbers mean is known to the values that the batch was made of
    let record = shown.data.dataset.read(first, Draws::STILL);
    let own = record.and_then(|record| {
        let mut scratch = Scratch::default();
        shown.samples.run(record, SEED, 0, ids[0], &mut scratch)
    });
    let own: Vec<Sample> = own.map_err(|error| error.message)?;
    let spell = |row: usize| {
        let mut rows = Vec::with_capacity(values.len());
        for value in &values {
            let (Some(data), [records, n]) = (value.as_int(), value.shape()) else {
                return Err("it is no text".to_owned());
            };
            match data.get(row * n..(row + 1) * n) {
                Some(own) if *records == ids.len() => rows.push(own),
                _ => return Err("it has another number of records".to_owned()),
            }
        }
        match own.iter().find_map(|value| value.spell(&rows)) {
            Some(Drawing::Gaps(parts)) => Ok(parts),
            _ => Err("no field of the batch says which words its numbers are".to_owned()),
        }
    };
    (0..ids.len()).map(spell).collect()
}

/// The same as a file for people.
fn page(
    stage: &str,
    exhibit: &Exhibit,
    shown: &Exhibits,
    ids: &[u64],
    lines: &[Vec<Part>],
) -> Vec<u8> {
    let mut text = format!(
        "{stage} · {}: records of {}\n",
        exhibit.name, shown.data.text
    );
    if exhibit.panels.len() > 1 {
        text += "[word ✓] was hidden and filled in; [word ✗ other] was hidden, and `other` was filled in\n";
    }
    for (id, parts) in ids.iter().zip(lines) {
        text += &format!("\n#{id}\n{}\n", Part::line(parts));
    }
    text.into_bytes()
}

/// One exhibit as a PNG.
fn sheet(
    stage: &str,
    exhibit: &Exhibit,
    shown: &Exhibits,
    (model, fields, ids): (&Model, &Batch, &[u64]),
    by: Option<&Normalization>,
) -> Result<Vec<u8>, String> {
    let wanted: Vec<Var> = exhibit.panels.iter().map(|panel| panel.var).collect();
    let values =
        features(&shown.graph, model, fields, &wanted).map_err(|error| error.to_string())?;
    let mut rows: Vec<Vec<(Image, Vec<String>)>> = ids.iter().map(|_| Vec::new()).collect();
    for (panel, value) in exhibit.panels.iter().zip(&values) {
        let (Some(data), [records, channels, height, width]) = (value.as_f32(), value.shape())
        else {
            return Err("it is no picture".into());
        };
        let size = channels * height * width;
        if *records != rows.len() || data.len() != records * size {
            return Err("it has another number of records".into());
        }
        for (index, (row, values)) in rows.iter_mut().zip(data.chunks_exact(size)).enumerate() {
            let mut lines = vec![panel.title.clone()];
            if row.is_empty() {
                lines.push(format!("#{}", ids[index]));
            }
            lines.retain(|line| !line.is_empty());
            row.push((picture(values, [*channels, *height, *width], by), lines));
        }
    }
    let title = format!("{stage} · {}: records of {}", exhibit.name, shown.data.text);
    let sheet = side_by_side(&title, rows).map_err(|error| error.message)?;
    png(&sheet).map_err(|error| error.message)
}

/// `[C, H, W]` as a picture, what normalised it undone where it has those channels. What is out of range is cut off, what is no
/// number is black.
fn picture(
    values: &[f32],
    [channels, height, width]: [usize; 3],
    by: Option<&Normalization>,
) -> Image {
    let by = by.filter(|by| by.mean.len() == channels && by.std.len() == channels);
    let plane = height * width;
    let mut pixels = vec![0; channels * plane];
    for (channel, values) in values.chunks_exact(plane).enumerate() {
        let (mean, std) = by.map_or((0.0, 1.0), |by| (by.mean[channel], by.std[channel]));
        for (at, value) in values.iter().enumerate() {
            let bright = (value * std + mean) * 255.0;
            pixels[at * channels + channel] = bright.round() as u8;
        }
    }
    Image::new(pixels, height, width, channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_back_from_what_normalised_it() {
        let by = Normalization {
            mean: vec![0.5, 0.25, 0.1],
            std: vec![0.2, 0.5, 1.0],
        };
        let pixels: Vec<u8> = (0..=255).cycle().step_by(7).take(3 * 4 * 5).collect();
        let mut image = Image::new(pixels.clone(), 4, 5, 3);
        image.normalization = Some(std::sync::Arc::new(by.clone()));
        let mut values = vec![0.0; pixels.len()];
        image.write_chw(&mut values);
        assert_eq!(picture(&values, [3, 4, 5], Some(&by)).pixels, pixels);
    }

    #[test]
    fn what_is_no_brightness_is_cut_off() {
        let values = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.1, 0.5, 1.1];
        let found = picture(&values, [1, 2, 3], None);
        assert_eq!(found.pixels, [0, 255, 0, 0, 128, 255]);
    }
}
