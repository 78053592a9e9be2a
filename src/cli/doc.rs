//! `pretext doc NAME`

use clap::Args;

use super::{Outcome, print};
use crate::catalog::{Catalog, stage_fields};

/// Arguments of `pretext doc`.
#[derive(Args)]
pub struct DocArgs {
    /// The name of anything in `pretext list` or `pretext list ops`
    name: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &DocArgs) -> anyhow::Result<Outcome> {
    let catalog = Catalog::builtin();
    let found: Vec<_> = catalog.of_name(&args.name).collect();
    let operation = crate::graph::vocabulary::operation(&args.name);
    if found.is_empty() && operation.is_none() {
        let operations = crate::graph::vocabulary::operations().iter();
        let names: Vec<&str> = catalog
            .iter()
            .map(|spec| spec.name.as_str())
            .chain(operations.map(|op| op.name))
            .collect();
        eprintln!("error: nothing in the catalog is called `{}`", args.name);
        if let Some(near) = crate::language::nearest(&args.name, names.iter().copied()) {
            eprintln!("help: did you mean `{near}`?");
        }
        eprintln!("help: `pretext list` prints every name");
        return Ok(Outcome::Unsound);
    }
    if args.json {
        let docs: Vec<serde_json::Value> = found
            .iter()
            .map(|spec| crate::report::catalog::doc_json(spec, &stage_fields(spec.kind)))
            .chain(operation.map(crate::report::catalog::operation_json))
            .collect();
        print(&serde_json::to_string_pretty(&docs)?)?;
    } else {
        let docs: Vec<String> = found
            .iter()
            .map(|spec| crate::report::catalog::doc(spec, &stage_fields(spec.kind)))
            .chain(operation.map(crate::report::catalog::doc_operation))
            .collect();
        print(&docs.join("\n"))?;
    }
    Ok(Outcome::Done)
}
