//! `pretext diff A B`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::Outcome;
use super::out::{print, print_json};
use super::recipe::RecipeArgs;
use crate::files::{self, Folder};
use crate::plan::summary::{StageSummary, summarize};
use crate::plan::units::{bytes, flops};
use crate::plan::{Plan, Purpose};
use crate::report::{Change, Recorded, StageDifference, differences, recorded};

/// Bytes of a file of a run directory.
const LIMIT: u64 = 64 << 20;

/// Arguments of `pretext diff`.
#[derive(Args)]
pub struct DiffArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// What it is compared with; each of the two is a recipe or a run directory
    #[arg(value_name = "OTHER")]
    other: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One of the two.
struct Side {
    stages: Vec<(String, Recorded)>,
    /// Where a value is decided: by its stage and path.
    places: BTreeMap<String, String>,
    summaries: BTreeMap<String, StageSummary>,
    /// Points of a sweep.
    points: Vec<String>,
}

/// What a change does to a stage.
#[derive(Serialize)]
struct Effect {
    what: &'static str,
    was: String,
    is: String,
}

pub fn run(args: &DiffArgs) -> anyhow::Result<Outcome> {
    let sides = (|| {
        let former = side(&args.recipe, &args.recipe.recipe)?;
        let now = side(&args.recipe, &args.other)?;
        Ok::<_, anyhow::Error>((former, now))
    })();
    // as diff(1): 2 where the two can't be compared
    let (former, now) = match sides {
        Ok((Some(former), Some(now))) => (former, now),
        Ok(_) => return Ok(Outcome::Trouble),
        Err(error) if error.is::<super::recipe::Elsewhere>() => return Err(error),
        Err(error) => {
            say!("error: {error:#}");
            return Ok(Outcome::Trouble);
        }
    };
    let mut found = differences(&former.stages, &now.stages);
    let run = of_all(&mut found, &now);
    let sweep = former.points != now.points;
    let differ = sweep || !run.is_empty() || found.iter().any(StageDifference::is_of_meaning);
    if args.json {
        print_json(&as_json(&found, &run, (&former, &now), differ))?;
    } else {
        print_all(&found, &run, (&former, &now))?;
    }
    Ok(match differ {
        true => Outcome::Unsound,
        false => Outcome::Done,
    })
}

/// What a path names: a run directory, else a recipe; `None` where the recipe has errors, which have been told.
fn side(args: &RecipeArgs, path: &Path) -> anyhow::Result<Option<Side>> {
    if path.is_dir() {
        return of_run(path).map(Some);
    }
    let recipe = RecipeArgs {
        recipe: path.to_owned(),
        ..args.clone()
    };
    let loaded = recipe.load(Some(Purpose::Check))?;
    let Some(plan) = &loaded.plan else {
        loaded.show();
        say!("{}: {}", path.display(), loaded.counts());
        return Ok(None);
    };
    Ok(Some(of_plan(plan)))
}

fn of_plan(plan: &Plan) -> Side {
    let mut places = BTreeMap::new();
    let mut stages = Vec::new();
    for stage in &plan.stages {
        let mut means = Recorded::default();
        for decided in &stage.meaning.all {
            means
                .settings
                .push((decided.path.clone(), decided.value.clone()));
            if decided.span.end > decided.span.start {
                let place = plan.recipe.sources.place(decided.span);
                places.insert(format!("{}.{}", stage.name, decided.path), place);
            }
        }
        let inputs = stage.inputs().into_iter().map(|from| &from.stage);
        means.inputs = inputs
            .chain(&stage.fits)
            .map(|name| (name.clone(), String::new()))
            .collect();
        let data = stage.data().into_iter();
        means.data = data
            .map(|(field, view)| (field.to_owned(), view.text.clone(), String::new()))
            .collect();
        stages.push((stage.name.clone(), means));
    }
    let summaries = summarize(plan).into_iter();
    Side {
        stages,
        places,
        summaries: summaries.map(|own| (own.stage.clone(), own)).collect(),
        points: plan
            .recipe
            .points
            .iter()
            .map(|point| point.text())
            .collect(),
    }
}

fn of_run(path: &Path) -> anyhow::Result<Side> {
    let folder = Folder::open(path).with_context(|| format!("can't read {}", path.display()))?;
    let read = |name: &str| -> Option<Value> {
        serde_json::from_slice(&folder.read(name, LIMIT).ok()?).ok()
    };
    let Some(run) = read("run.json") else {
        bail!("{} is no run directory: it has no run.json", path.display());
    };
    let named = run["stages"].as_array().into_iter().flatten();
    let named: Vec<String> = named
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect();
    let stages = recorded(&folder, &named);
    if stages.len() < named.len() || named.is_empty() {
        bail!(
            "{} does not say what its stages mean: it was left by an earlier version of Pretext, or before they were begun",
            path.display()
        );
    }
    let provenance = run["provenance"].as_array().into_iter().flatten();
    let places = provenance.filter_map(|field| {
        let text = |name: &str| field[name].as_str().filter(|text| !text.is_empty());
        Some((text("path")?.to_owned(), text("place")?.to_owned()))
    });
    let summaries = files::read(&path.join("plan.json"), LIMIT).ok();
    let summaries = summaries
        .and_then(|bytes| serde_json::from_slice::<Vec<StageSummary>>(&bytes).ok())
        .unwrap_or_default();
    Ok(Side {
        stages,
        places: places.collect(),
        summaries: summaries
            .into_iter()
            .map(|own| (own.stage.clone(), own))
            .collect(),
        points: Vec::new(),
    })
}

/// What has changed of the run in every stage that is there in both, taken out of the stages.
fn of_all(found: &mut [StageDifference], now: &Side) -> Vec<Change> {
    let both = |one: &&StageDifference| one.is_there && one.was.is_some();
    let of_run = |change: &&Change| change.path.starts_with("run.");
    let first = found.iter().find(both);
    let Some(first) = first else {
        return Vec::new();
    };
    let candidates: Vec<Change> = first.changes.iter().filter(of_run).cloned().collect();
    let fits = |name: &str| {
        let means = now.stages.iter().find(|(own, _)| own == name);
        means.is_some_and(|(_, means)| {
            means
                .settings
                .iter()
                .all(|(path, _)| !path.starts_with("run."))
        })
    };
    let all: Vec<Change> = candidates
        .into_iter()
        .filter(|change| {
            let mut others = found.iter().filter(both);
            others.all(|one| one.changes.contains(change) || fits(&one.stage))
        })
        .collect();
    for one in found {
        one.changes.retain(|change| !all.contains(change));
    }
    all
}

/// What becomes of a stage's numbers.
fn effects(former: Option<&StageSummary>, now: Option<&StageSummary>) -> Vec<Effect> {
    let (Some(former), Some(now)) = (former, now) else {
        return Vec::new();
    };
    let views = |of: &StageSummary| {
        let views = of.views.iter().map(|(name, ty)| format!("{name}: {ty}"));
        views.collect::<Vec<_>>().join(", ")
    };
    let records = |of: &StageSummary| {
        let data = of.data.iter().map(|(_, records)| records.to_string());
        data.collect::<Vec<_>>().join(", ")
    };
    let number = |n: usize| n.to_string();
    let pairs = [
        (
            "parameters",
            number(former.parameters),
            number(now.parameters),
        ),
        (
            "parameters of the encoder",
            number(former.encoder_parameters),
            number(now.encoder_parameters),
        ),
        (
            "multiply-adds a record",
            flops(former.flops_per_record),
            flops(now.flops_per_record),
        ),
        ("steps", former.steps.to_string(), now.steps.to_string()),
        ("records", records(former), records(now)),
        ("peak memory", bytes(former.memory), bytes(now.memory)),
        ("views", views(former), views(now)),
    ];
    pairs
        .into_iter()
        .filter(|(_, was, is)| was != is)
        .map(|(what, was, is)| Effect { what, was, is })
        .collect()
}

fn effect_of(one: &StageDifference, (former, now): (&Side, &Side)) -> Vec<Effect> {
    let was = one.was.as_ref().and_then(|name| former.summaries.get(name));
    let is = now.summaries.get(&one.stage).filter(|_| one.is_there);
    effects(was, is)
}

/// Where the former value of a change stands, and the one of now.
fn places(one: &str, was: &str, change: &Change, (former, now): (&Side, &Side)) -> [String; 2] {
    let own = |side: &Side, stage: &str| {
        // of what the run decides for all
        let whole = side.places.get(&change.path);
        let place = side.places.get(&format!("{stage}.{}", change.path));
        place.or(whole).cloned().unwrap_or_default()
    };
    [own(former, was), own(now, one)]
}

fn print_all(
    found: &[StageDifference],
    run: &[Change],
    sides: (&Side, &Side),
) -> anyhow::Result<()> {
    let mut out = String::new();
    let line = |out: &mut String, change: &Change, [was, is]: [String; 2]| {
        *out += &format!("  {}", change.text);
        let places = match (was.as_str(), is.as_str()) {
            ("", "") => String::new(),
            ("", one) | (one, "") => format!("    {one}"),
            (was, is) => format!("    {was} → {is}"),
        };
        *out += &format!("{places}\n");
    };
    if !run.is_empty() {
        out += "run\n";
        for change in run {
            let first = |side: &Side| {
                side.stages
                    .first()
                    .map_or("", |(name, _)| name.as_str())
                    .to_owned()
            };
            let (was, is) = (first(sides.0), first(sides.1));
            line(&mut out, change, places(&is, &was, change, sides));
        }
    }
    if sides.0.points != sides.1.points {
        out += &format!(
            "sweep\n  {} points, were {}\n",
            sides.1.points.len(),
            sides.0.points.len()
        );
    }
    for one in found {
        let was = one.was.as_deref().unwrap_or("");
        match (&one.was, one.is_there) {
            (None, _) => out += &format!("{} is new\n", one.stage),
            (Some(_), false) => out += &format!("{} is no more\n", one.stage),
            (Some(was), true) if *was == one.stage && one.changes.is_empty() => continue,
            (Some(was), true) if *was == one.stage => out += &format!("{}\n", one.stage),
            (Some(was), true) => {
                let same = match one.changes.is_empty() {
                    true => ", and means the same",
                    false => "",
                };
                out += &format!("{} was called {was}{same}\n", one.stage);
            }
        }
        for change in &one.changes {
            line(&mut out, change, places(&one.stage, was, change, sides));
        }
        for Effect { what, was, is } in effect_of(one, sides) {
            out += &format!("  so {what}: {was} → {is}\n");
        }
    }
    if out.is_empty() {
        out += "they mean the same\n";
    }
    print(out.trim_end())
}

fn as_json(
    found: &[StageDifference],
    run: &[Change],
    sides: (&Side, &Side),
    differ: bool,
) -> Value {
    let change = |stage: &str, was: &str, change: &Change| {
        let [former, now] = places(stage, was, change, sides);
        let mut value = json!(change);
        value["was_at"] = json!(former);
        value["is_at"] = json!(now);
        value
    };
    let stages: Vec<Value> = found
        .iter()
        .map(|one| {
            let was = one.was.as_deref().unwrap_or("");
            let changes = one.changes.iter();
            json!({
                "stage": one.stage,
                "was": one.was,
                "is_there": one.is_there,
                "changes": changes.map(|own| change(&one.stage, was, own)).collect::<Vec<_>>(),
                "effects": effect_of(one, sides),
            })
        })
        .collect();
    json!({
        "differ": differ,
        "run": run.iter().map(|own| change("", "", own)).collect::<Vec<_>>(),
        "points": {"was": sides.0.points, "is": sides.1.points},
        "stages": stages,
    })
}
