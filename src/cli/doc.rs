//! `pretext doc NAME`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::out::{print, print_json};

/// Arguments of `pretext doc`.
#[derive(Args)]
pub struct DocArgs {
    /// The name of anything in `pretext list` or `pretext list ops`
    name: String,
    /// With what this recipe uses: its scripts and plugins
    #[arg(long, value_name = "RECIPE.ssl")]
    recipe: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &DocArgs) -> anyhow::Result<Outcome> {
    let catalog = super::recipe::catalog_of(args.recipe.as_deref())?;
    let found: Vec<_> = catalog.of_name(&args.name).collect();
    let op = crate::graph::operation(&args.name);
    if found.is_empty() && op.is_none() {
        let names: Vec<&str> = catalog.iter().map(|spec| spec.name.as_str()).collect();
        say!("error: nothing in the catalog is called `{}`", args.name);
        if let Some(near) = crate::language::nearest(&args.name, names.iter().copied()) {
            say!("help: did you mean `{near}`?");
        }
        say!(
            "help: `pretext list` prints every name, `pretext list ops` every operation for scripts and plugins"
        );
        return Ok(Outcome::Unsound);
    }
    if args.json {
        let docs: Vec<serde_json::Value> = found
            .iter()
            .map(|spec| crate::report::catalog::doc_json(spec, &spec.stage_fields()))
            .chain(op.map(crate::report::operations::doc_json))
            .collect();
        print_json(&docs)?;
    } else {
        let docs: Vec<String> = found
            .iter()
            .map(|spec| crate::report::catalog::doc(spec, &spec.stage_fields()))
            .chain(op.map(crate::report::operations::doc))
            .collect();
        print(&docs.join("\n"))?;
    }
    Ok(Outcome::Done)
}
