//! `pretext explain RECIPE FIELD`

use clap::Args;

use super::Outcome;
use super::out::print;
use super::recipe::RecipeArgs;
use crate::catalog::Origin;

/// Arguments of `pretext explain`.
#[derive(Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// A field: `rotations.batch`; a stage's name shows all of its fields, nothing shows all
    field: Option<String>,
}

pub fn run(args: &ExplainArgs) -> anyhow::Result<Outcome> {
    let loaded = args.recipe.load(None)?;
    loaded.show();
    let Some(recipe) = loaded.recipe.as_ref().filter(|_| loaded.errors() == 0) else {
        return Ok(Outcome::Unsound);
    };
    let all = crate::language::provenance(recipe);
    // what a stage trains with may follow from the data, where that is here
    let decided = args.recipe.resolved();
    let decided = decided.as_ref().map(crate::language::provenance);
    let wanted = args.field.as_deref().unwrap_or("");
    let found: Vec<_> = all
        .iter()
        .filter(|field| {
            wanted.is_empty()
                || field.path == wanted
                || field
                    .path
                    .strip_prefix(wanted)
                    .is_some_and(|rest| rest.starts_with('.'))
        })
        .collect();
    if found.is_empty() {
        say!("error: the recipe has no field `{wanted}`");
        if let Some(near) = crate::language::nearest(wanted, all.iter().map(|f| f.path.as_str())) {
            say!("help: did you mean `{near}`?");
        }
        return Ok(Outcome::Unsound);
    }
    let mut text = String::new();
    for field in found {
        let from = match field.origin {
            Origin::Written => format!("written at {}", field.place),
            Origin::File => format!("the file's default, {}", field.place),
            Origin::Default => "the default".into(),
            Origin::Set => "given with --set".into(),
        };
        let own = decided.iter().flatten().find(|own| own.path == field.path);
        text += &match own.filter(|own| own.value != field.value) {
            Some(own) => format!(
                "{} = {}    as many as there are; {} is {from}\n",
                field.path, own.value, field.value
            ),
            None => format!("{} = {}    {from}\n", field.path, field.value),
        };
    }
    print(&text)?;
    Ok(Outcome::Done)
}
