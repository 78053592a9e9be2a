//! `pretext explain RECIPE FIELD`, `pretext explain E0203`

use clap::Args;

use super::Outcome;
use super::out::print;
use super::recipe::{PointArgs, RecipeArgs};
use crate::catalog::{Origin, run_fields};
use crate::language::checked::Recipe;
use crate::language::codes::Code;
use crate::language::{Example, Explained, explained};

/// Arguments of `pretext explain`.
#[derive(Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    #[command(flatten)]
    point: PointArgs,
    /// A field of the recipe: `rotations.batch`; a stage's name shows all of its fields, nothing shows all
    field: Option<String>,
}

pub fn run(args: &ExplainArgs) -> anyhow::Result<Outcome> {
    let named = args.recipe.recipe.to_string_lossy().to_ascii_uppercase();
    if args.field.is_none()
        && !args.recipe.recipe.exists()
        && let Some(found) = code(&named)
    {
        return found;
    }
    let own = args.point.of(&args.recipe)?;
    let loaded = own.load(None)?;
    loaded.show();
    let Some(recipe) = loaded.recipe.as_ref().filter(|_| loaded.errors() == 0) else {
        return Ok(Outcome::Unsound);
    };
    let all = crate::language::provenance(recipe);
    // what a stage trains with may follow from the data, where that is here
    let decided = own.resolved();
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
    if found.is_empty()
        && let Some(doc) = unset(recipe, wanted)
    {
        print(&format!("{wanted} is not set\n  {doc}\n"))?;
        return Ok(Outcome::Done);
    }
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
            Origin::Sweep => {
                let point = own.point.unwrap_or(0);
                let sweep = recipe
                    .points
                    .get(point)
                    .map_or("", |point| point.sweep.as_str());
                format!("point {} of sweep `{sweep}`, {}", point + 1, field.place)
            }
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

/// What a field is for that the recipe leaves out, and that has no default.
fn unset(recipe: &Recipe, wanted: &str) -> Option<String> {
    let (owner, name) = wanted.split_once('.')?;
    let params = match recipe.stages.iter().find(|stage| stage.name == owner) {
        Some(stage) => {
            let spec = &stage.call.spec;
            spec.params
                .iter()
                .cloned()
                .chain(spec.stage_fields())
                .collect()
        }
        None if owner == "run" => run_fields(),
        None => return None,
    };
    let param = params.into_iter().find(|param| param.name == name)?;
    Some(param.doc.clone())
}

/// What a code stands for, why, and an example; `None` where the word is no code.
fn code(named: &str) -> Option<anyhow::Result<Outcome>> {
    let mut letters = named.chars();
    let is_code = matches!(letters.next(), Some('E' | 'W'));
    let digits = letters.as_str();
    if !is_code || digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let Some(code) = Code::ALL.iter().find(|code| code.number() == named) else {
        say!("error: there is no code {named}");
        say!("help: `grammar/README.md` lists all codes");
        return Some(Ok(Outcome::Unsound));
    };
    let Explained { why, example } = explained(*code);
    let mut text = format!("{named}: {}\n\n{why}\n", code.meaning());
    let lines = |text: &str| -> String {
        let lines = text.lines().map(|line| format!("    {}\n", line.trim()));
        lines.collect()
    };
    if let Some(Example { wrong, right }) = example {
        text += &format!("\n  wrong:\n{}  right:\n{}", lines(wrong), lines(right));
    }
    Some(print(&text).map(|()| Outcome::Done))
}
