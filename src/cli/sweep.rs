//! `pretext run` of a recipe with a `sweep`: each point in a folder of its own, what points share once, one table of all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::language::checked::Point;
use crate::report::{Compared, Comparison, ResultRow};

/// Bytes of a `results.json`.
const LIMIT: u64 = 16 << 20;
/// The field that says which seed a run has.
const SEED: &str = "run.seed";
/// What a point's folder says of it.
const POINT: &str = "point.json";

/// Which points of a sweep are run.
#[derive(Args, Clone, Default)]
pub struct SweepArgs {
    /// Run only these points of the recipe's sweep: `--only 3`, `--only 1,4`
    #[arg(long, value_name = "POINT", value_delimiter = ',')]
    pub only: Vec<usize>,
    /// Run every N-th point: with `1/4`, `2/4`, … four machines share a sweep
    #[arg(long, value_name = "K/N", value_parser = shard)]
    pub shard: Option<(usize, usize)>,
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/');
    let numbers = parts.and_then(|(own, all)| Some((own.parse().ok()?, all.parse().ok()?)));
    let sound = |(own, all): &(usize, usize)| (1..=*all).contains(own);
    numbers
        .filter(sound)
        .ok_or_else(|| "write `K/N`, K from 1 to N: `1/4`".into())
}

impl SweepArgs {
    /// Whether only some points are asked for.
    pub fn asked(&self) -> bool {
        !self.only.is_empty() || self.shard.is_some()
    }

    /// The points to run, the first is 0, in order.
    ///
    /// # Errors
    /// A point that is asked for is not there.
    pub fn chosen(&self, points: usize) -> anyhow::Result<Vec<usize>> {
        if let Some(bad) = self.only.iter().find(|n| !(1..=points).contains(*n)) {
            bail!("the recipe has no point {bad}: its points are 1 to {points}");
        }
        let mine = |at: &usize| {
            let only = self.only.is_empty() || self.only.contains(&(at + 1));
            let shard = self.shard.is_none_or(|(own, all)| at % all == own - 1);
            only && shard
        };
        Ok((0..points).filter(mine).collect())
    }
}

/// A point as its folder, and the results of the whole, say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its number, from 1.
    pub point: usize,
    /// The sweep's name.
    pub sweep: String,
    /// What it sets.
    pub settings: BTreeMap<String, String>,
}

/// A result of a point; one element of the `results.json` of a sweep.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PointRow {
    /// The point.
    #[serde(flatten)]
    pub said: Said,
    /// What was measured.
    #[serde(flatten)]
    pub row: ResultRow,
}

impl Said {
    /// The point of this number, the first is 0.
    pub fn new(at: usize, point: &Point) -> Self {
        Self {
            point: at + 1,
            sweep: point.sweep.clone(),
            settings: point.settings.iter().cloned().collect(),
        }
    }

    /// What its row of a table is called: what it sets, except the seed, so that points that differ by their seed alone are one row.
    pub fn name(&self) -> String {
        let settings = self.settings.iter().filter(|(path, _)| *path != SEED);
        let texts: Vec<String> = settings
            .map(|(path, value)| format!("{path} = {value}"))
            .collect();
        match texts.is_empty() {
            true => self.sweep.clone(),
            false => texts.join(", "),
        }
    }
}

/// The folder of a point in that of its sweep.
pub fn folder(directory: &Path, point: usize) -> PathBuf {
    directory.join(format!("point.{point}"))
}

/// The folders of points that are there, and those of their seeds: what one of them has done, another need not do.
pub fn runs_of(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let inside = |folder: &Path, prefix: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut numbered: Vec<(u64, PathBuf)> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter_map(|entry| {
                let name = entry.file_name();
                let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
                Some((number, entry.path()))
            })
            .collect();
        numbered.sort();
        numbered.into_iter().map(|(_, path)| path).collect()
    };
    for point in inside(directory, "point.") {
        found.extend(inside(&point, "seed."));
        found.push(point);
    }
    found
}

/// Writes down which point a folder belongs to.
pub fn note(folder: &Path, said: &Said) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| files::write_json(&folder.join(POINT), said))
        .with_context(|| format!("can't write {}", folder.join(POINT).display()))
}

/// The results of all points that are there, those of other shards too; a folder that belongs to another point is passed.
pub fn results(directory: &Path, points: &[Point]) -> Vec<PointRow> {
    let mut found = Vec::new();
    for (at, point) in points.iter().enumerate() {
        let said = Said::new(at, point);
        let folder = folder(directory, said.point);
        let read = |name: &str| files::read(&folder.join(name), LIMIT).ok();
        let own = read(POINT).and_then(|bytes| serde_json::from_slice::<Said>(&bytes).ok());
        if own.as_ref() != Some(&said) {
            continue;
        }
        let rows = read("results.json");
        let rows = rows.and_then(|bytes| serde_json::from_slice::<Vec<ResultRow>>(&bytes).ok());
        found.extend(rows.unwrap_or_default().into_iter().map(|row| PointRow {
            said: said.clone(),
            row,
        }));
    }
    found
}

/// Points as rows of one table, in their order.
pub fn compared(rows: &[PointRow]) -> Vec<Compared> {
    let mut found: Vec<(usize, Compared)> = Vec::new();
    for PointRow { said, row } in rows {
        match found.last_mut().filter(|(point, _)| *point == said.point) {
            Some((_, last)) => last.rows.push(row.clone()),
            None => found.push((
                said.point,
                Compared {
                    name: said.name(),
                    rows: vec![row.clone()],
                    data: BTreeMap::new(),
                },
            )),
        }
    }
    found.into_iter().map(|(_, run)| run).collect()
}

/// Writes the page of a sweep: its table, and a link to the report of each point that has one.
pub fn report(directory: &Path, points: &[Point], table: &Comparison) -> anyhow::Result<PathBuf> {
    let mut links = Vec::new();
    let mut names = Vec::new();
    for (at, point) in points.iter().enumerate() {
        let said = Said::new(at, point);
        let name = format!("point {}: {}", said.point, point.text());
        let own = format!("point.{}/report.html", said.point);
        if directory.join(&own).is_file() {
            links.push((name.clone(), own));
        }
        names.push(name);
    }
    let title = directory.file_name().unwrap_or_default().to_string_lossy();
    let tables = std::slice::from_ref(table);
    let page = crate::report::page(&title, tables, &[], &links, &names)?;
    let path = directory.join("report.html");
    files::write(&path, page.as_bytes())
        .with_context(|| format!("can't write {}", path.display()))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_all_points_and_only_chooses() {
        let of = |only: &[usize], shard| {
            let args = SweepArgs {
                only: only.to_vec(),
                shard,
            };
            args.chosen(10).ok()
        };
        assert_eq!(of(&[], None), Some((0..10).collect()));
        assert_eq!(of(&[3], None), Some(vec![2]));
        assert_eq!(of(&[11], None), None);
        assert_eq!(of(&[0], None), None);
        let mut all: Vec<usize> = (1..=4)
            .flat_map(|own| of(&[], Some((own, 4))).unwrap_or_default())
            .collect();
        assert_eq!(of(&[], Some((1, 4))), Some(vec![0, 4, 8]));
        all.sort_unstable();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        for bad in ["0/4", "5/4", "1", "a/b", "1/0", "-1/2"] {
            assert!(shard(bad).is_err(), "{bad}");
        }
        assert_eq!(shard("2/3"), Ok((2, 3)));
    }

    #[test]
    fn a_seed_is_no_part_of_a_points_name() {
        let said = |settings: &[(&str, &str)]| Said {
            point: 1,
            sweep: "grid".into(),
            settings: settings
                .iter()
                .map(|(path, value)| ((*path).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let two = said(&[("run.seed", "2"), ("p.optimizer.rate", "1e-3")]);
        assert_eq!(two.name(), "p.optimizer.rate = 1e-3");
        assert_eq!(said(&[("run.seed", "2")]).name(), "grid");
    }
}
