//! `pretext preview RECIPE`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::out::print;
use super::recipe::RecipeArgs;
use crate::augment::preview;
use crate::plan::{Body, Purpose};

/// Records that a fit learns from at most, to be looked at.
const LEARNT: usize = 2000;

/// Arguments of `pretext preview`.
#[derive(Args)]
pub struct PreviewArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// The PNG; `NAME-preview.png` where absent. Several stages give `NAME-preview-STAGE.png`
    #[arg(long, short, value_name = "FILE.png")]
    out: Option<PathBuf>,
    /// Records, one a row
    #[arg(long, default_value_t = 8)]
    rows: usize,
}

pub fn run(args: &PreviewArgs) -> anyhow::Result<Outcome> {
    let loaded = args.recipe.load(Some(Purpose::Run))?;
    loaded.show();
    let Some(plan) = &loaded.plan else {
        return Ok(Outcome::Unsound);
    };
    for stage in &plan.stages {
        let Body::Fit(fitting) = &stage.body else {
            continue;
        };
        let (read, all) = fitting.learn_some(LEARNT).map_err(anyhow::Error::new)?;
        if read < all {
            let name = &stage.name;
            say!("`{name}` is learnt here from {read} of {all} records; a run learns from all");
        }
    }
    let seed = plan.recipe.run.integer("seed") as u64;
    let sheets: Vec<_> = plan
        .stages
        .iter()
        .filter_map(|stage| match &stage.body {
            Body::Train(training) => {
                let skip = training.settings.on_bad != crate::data::OnBadSample::Stop;
                Some((&stage.name, &training.data.dataset, &training.samples, skip))
            }
            _ => None,
        })
        .collect();
    if sheets.is_empty() {
        say!("the recipe has no pretext stage: there is nothing to draw");
        return Ok(Outcome::Unsound);
    }
    let stem = args.recipe.recipe.file_stem().unwrap_or_default();
    let stem = stem.to_string_lossy();
    let many = sheets.len() > 1;
    for (stage, dataset, samples, skip) in sheets {
        let sheet = preview::contact_sheet(&**dataset, samples, seed, args.rows, skip);
        let png = match sheet.and_then(|sheet| preview::png(&sheet)) {
            Ok(png) => png,
            Err(error) => anyhow::bail!(error),
        };
        let path = match &args.out {
            Some(path) if !many => path.clone(),
            Some(path) => path.with_file_name(format!(
                "{}-{stage}.png",
                path.file_stem().unwrap_or_default().to_string_lossy()
            )),
            None if many => PathBuf::from(format!("{stem}-preview-{stage}.png")),
            None => PathBuf::from(format!("{stem}-preview.png")),
        };
        super::write(&path, &png)?;
        print(&path.display().to_string())?;
    }
    Ok(Outcome::Done)
}
