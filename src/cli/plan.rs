//! `pretext plan RECIPE`

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::kernels::KernelArgs;
use super::machine::free_memory;
use super::out::{print, print_json};
use super::recipe::{Elsewhere, PointArgs, RecipeArgs};
use super::sweep::Said;
use crate::plan::summary::{StageSummary, summarize};
use crate::plan::units::{bytes, flops};
use crate::plan::{Plan, Purpose};

/// Arguments of `pretext plan`.
#[derive(Args)]
pub struct PlanArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    point: PointArgs,
    #[command(flatten)]
    kernels: KernelArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The run directory whose stages are looked at: which are done, which run again and why; `runs/NAME` where absent
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
    /// Time a few real steps of each training stage and predict how long the run takes
    #[arg(long)]
    calibrate: bool,
    /// Draw the training graphs into this file
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
}

pub fn run(args: &PlanArgs) -> anyhow::Result<Outcome> {
    args.kernels.set();
    let purpose = if args.calibrate {
        Purpose::Run
    } else {
        Purpose::Check
    };
    let path = &args.recipe.recipe;
    let own = args.point.of(&args.recipe)?;
    let loaded = match own.load(Some(purpose)) {
        Ok(loaded) => loaded,
        Err(error) => {
            // of a recipe with plugins another process has said all
            if args.json && !error.is::<Elsewhere>() {
                print_json(&super::check::failed(path, &error))?;
            }
            return Err(error);
        }
    };
    loaded.show();
    let Some(plan) = &loaded.plan else {
        if args.json {
            let said = super::check::summary(path, &loaded, false);
            print_json(&said)?;
        }
        say!("{}: {}", path.display(), loaded.counts());
        return Ok(Outcome::Unsound);
    };
    let mut stages = summarize(plan);
    if args.calibrate {
        match crate::engine::calibrate(plan) {
            Ok(seconds) => {
                for (stage, seconds) in stages.iter_mut().zip(seconds) {
                    stage.seconds = Some(seconds);
                }
            }
            Err(diagnostic) => {
                super::out::show(&diagnostic, &loaded.sources);
                return Ok(Outcome::Failed);
            }
        }
    }
    if let Some(path) = &args.svg {
        let graph = plan
            .stages
            .iter()
            .find_map(|stage| stage.training_graph())
            .ok_or_else(|| {
                anyhow::anyhow!("the recipe trains nothing: there is no graph to draw")
            })?;
        super::write(path, crate::plan::draw::svg(graph.0).as_bytes())?;
    }
    let now = now(args, &own, plan);
    if args.json {
        let free = free_memory();
        print_json(&serde_json::json!({
            "recipe": args.recipe.recipe.display().to_string(),
            "data": loaded.found(),
            "hash": plan.hash(),
            "stages": stages,
            "memory": stages.iter().map(|s| s.memory).max().unwrap_or(0),
            "free_memory": free,
            "seeds": plan.recipe.seeds(),
            "points": points(plan),
            "now": now,
            "seconds": args.calibrate.then(|| stages.iter().filter_map(|s| s.seconds).sum::<f64>()),
        }))?;
        return Ok(Outcome::Done);
    }
    let mut shown = loaded.found_lines().join("\n");
    if !shown.is_empty() {
        shown += "\n\n";
    }
    print(&(shown + &text(plan, &stages, &now)))?;
    Ok(Outcome::Done)
}

/// What the run directory holds of each stage, in words, by the stage's name; of several seeds that of the first.
fn now(args: &PlanArgs, own: &RecipeArgs, plan: &Plan) -> BTreeMap<String, String> {
    let mut root = args.recipe.directory(args.out.as_deref());
    if !plan.recipe.points.is_empty() {
        root = super::sweep::folder(&root, own.point.unwrap_or(0) + 1);
    }
    if let Some(seed) = plan.recipe.seeds().first() {
        root = root.join(format!("seed.{seed}"));
    }
    if !root.join("stages").is_dir() {
        return BTreeMap::new();
    }
    // with what a run measures before its first step
    let Some(plan) = own.measured() else {
        return BTreeMap::new();
    };
    let found = crate::engine::outlook(&plan, &root).unwrap_or_default();
    let named = plan.stages.iter().zip(found);
    let named = named.map(|(stage, found)| (stage.name.clone(), found.text()));
    named.filter(|(_, text)| !text.is_empty()).collect()
}

fn text(plan: &Plan, stages: &[StageSummary], now: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    for (stage, summary) in plan.stages.iter().zip(stages) {
        out += &format!("{} = {}", summary.stage, summary.what);
        if let Some(from) = &summary.from {
            out += &format!("  from {from}");
        }
        out += "\n";
        let mut rows: Vec<(&str, String)> = Vec::new();
        let data: Vec<String> = summary
            .data
            .iter()
            .map(|(text, records)| format!("{text} ({records} records)"))
            .collect();
        let outlook = now.get(&summary.stage).cloned().unwrap_or_default();
        rows.push(("now", outlook));
        rows.push(("begins with", summary.begins.clone()));
        if !summary.asks.is_empty() {
            rows.push(("asks", format!("{}, held still", summary.asks.join(", "))));
        }
        rows.push(("data", data.join(", ")));
        let views: Vec<String> = summary
            .views
            .iter()
            .map(|(name, ty)| format!("{name}: {ty}"))
            .collect();
        rows.push(("batch fields", views.join(", ")));
        if summary.parameters > 0 {
            rows.push((
                "parameters",
                format!(
                    "{} ({} in the encoder)",
                    grouped(summary.parameters),
                    grouped(summary.encoder_parameters)
                ),
            ));
        } else if summary.encoder_parameters > 0 {
            rows.push((
                "encoder",
                format!("{} parameters", grouped(summary.encoder_parameters)),
            ));
        }
        // a fit has no encoder
        if summary.encoder_parameters > 0 || summary.flops_per_record > 0.0 {
            let forward = flops(summary.flops_per_record);
            rows.push(("forward", format!("{forward} a record (multiply-adds)")));
        }
        if summary.steps > 0 {
            rows.push((
                "training",
                format!(
                    "{} steps of {} records",
                    grouped(summary.steps as usize),
                    summary.batch
                ),
            ));
        }
        rows.push(("checkpoint", summary.checkpoint.clone()));
        for work in &summary.each_epoch {
            rows.push(("each epoch", work.clone()));
        }
        if !summary.repeated.is_empty() {
            rows.push((
                "twice a step",
                format!(
                    "{}; `stop_gradient` where an objective needs no gradient spares it",
                    summary.repeated.join(", ")
                ),
            ));
        }
        rows.push(("peak memory", bytes(summary.memory)));
        if let Some(seconds) = summary.seconds {
            rows.push((
                "time",
                super::bar::clock(std::time::Duration::from_secs_f64(seconds)),
            ));
        }
        for (name, value) in rows {
            if !value.is_empty() {
                out += &format!("  {name:<13}{value}\n");
            }
        }
        out += "\n";
        if let Some((graph, settings)) = stage.training_graph() {
            for line in crate::plan::show::table(graph, settings.batch).lines() {
                out += &format!("  {line}\n");
            }
            out += "\n";
        }
    }
    let peak = stages.iter().map(|s| s.memory).max().unwrap_or(0);
    out += &format!("peak memory {}", bytes(peak));
    if let Some(free) = free_memory() {
        out += &format!(" of {} free", bytes(free));
    }
    let seconds: f64 = stages.iter().filter_map(|s| s.seconds).sum();
    if seconds > 0.0 {
        out += &format!(
            " · time {}",
            super::bar::clock(std::time::Duration::from_secs_f64(seconds))
        );
    }
    let seeds = plan.recipe.seeds();
    if seeds.len() > 1 {
        let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
        out += &format!("\nall of it once with each seed: {}", seeds.join(", "));
    }
    let all = &plan.recipe.points;
    if !all.is_empty() {
        out += &format!("\n\n{} points, of which the above is one:", all.len());
        for (at, point) in all.iter().enumerate() {
            out += &format!("\n{:>5}  {}: {}", at + 1, point.sweep, point.text());
        }
    }
    out + "\n"
}

/// The points of the recipe's sweeps.
fn points(plan: &Plan) -> Vec<Said> {
    let all = plan.recipe.points.iter().enumerate();
    all.map(|(at, point)| Said::new(at, point)).collect()
}

/// `11,689,512`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
