//! What a script says about itself: `about()`, `params()`, `inputs()`, `parts()`. Maps with a closed set of properties become a `Spec`.

use rhai::{Array, Dynamic, Engine, Map};

use super::entry::{Entry, entries, wrong};
use super::source::Source;
use crate::catalog::{Input, Paper, Param, Preset, Result, Type};
use crate::data::SampleType;
use crate::extend::words::{KINDS, TYPES, default_error, param_type};

/// `picture(fields)`: the first picture of a record with its name, channels and shorter side, for default augments.
pub fn register(engine: &mut Engine) {
    engine.register_fn("picture", |fields: Array| {
        let is_image = |field: &Map| {
            let ty = field.get("type").map(Dynamic::to_string);
            ty.as_deref() == Some("image")
        };
        let fields = fields.into_iter().filter_map(Dynamic::try_cast::<Map>);
        let Some(mut image) = fields.into_iter().find(is_image) else {
            return Dynamic::UNIT;
        };
        let size = |name: &str| image.get(name).and_then(|size| size.as_int().ok());
        let side = size("height").zip(size("width")).map(|(h, w)| h.min(w));
        let channels = size("channels").unwrap_or(3);
        image.insert("channels".into(), channels.into());
        image.insert("side".into(), side.map_or(Dynamic::UNIT, Dynamic::from));
        image.into()
    });
}

/// What `about()` says.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// One line.
    pub summary: Option<String>,
    /// More.
    pub doc: String,
    /// Where it comes from.
    pub paper: Option<Paper>,
    /// Raised when results change.
    pub semantics: u32,
    /// A recipe.
    pub example: Option<String>,
}

/// Reads `about()`.
pub fn about(value: Dynamic, source: &Source) -> Result<About> {
    let mut entry = Entry::new(value, "about", source)?;
    let mut paper = None;
    if let Some(value) = entry.take("paper") {
        let mut inner = Entry::new(value, "about", source)?;
        inner.name = "paper".into();
        paper = Some(Paper {
            cite: inner.needed("cite", "\"Zbontar et al., 2021\"")?.into(),
            title: inner.needed("title", "\"…\"")?.into(),
            link: inner.needed("link", "\"arXiv:2103.03230\"")?.into(),
        });
        inner.close()?;
    }
    let about = About {
        summary: entry.text("summary")?,
        doc: entry.text("doc")?.unwrap_or_default(),
        paper,
        semantics: entry.count("semantics", 1)? as u32,
        example: entry.text("example")?,
    };
    entry.close()?;
    Ok(about)
}

/// Reads `params()`.
pub fn params(value: Dynamic, source: &Source) -> Result<Vec<Param>> {
    let mut params: Vec<Param> = Vec::new();
    for mut entry in entries(value, "params", source)? {
        let name = name(&mut entry)?;
        if params.iter().any(|param| param.name == name) {
            return Err(entry.wrong(format!("the parameter `{name}` is declared twice")));
        }
        params.push(param(name, &mut entry)?);
        entry.close()?;
    }
    Ok(params)
}

/// Reads `inputs()`.
pub fn inputs(value: Dynamic, source: &Source) -> Result<Vec<Input>> {
    let mut inputs: Vec<Input> = Vec::new();
    for mut entry in entries(value, "inputs", source)? {
        let name = name(&mut entry)?;
        if inputs.iter().any(|input| input.name == name) {
            return Err(entry.wrong(format!("the input `{name}` is declared twice")));
        }
        let ty = entry.needed("type", "\"image\"")?;
        let ty = SampleType::parse(&ty).ok_or_else(|| {
            entry
                .wrong(format!("`{ty}` is no type of a field"))
                .note(format!("Types are {KINDS}."))
        })?;
        let listed = ty.parts().is_some();
        inputs.push(Input {
            name,
            at_least: entry.count("at_least", if listed { 2 } else { 1 })?,
            or_list: entry.switch("or_list")?,
            doc: entry.text("doc")?.unwrap_or_default(),
            ty,
        });
        entry.close()?;
    }
    if inputs.is_empty() {
        return Err(wrong(
            source,
            "inputs",
            "`inputs()` declares nothing: a task reads something from the batch".into(),
        ));
    }
    Ok(inputs)
}

/// Reads `parts()`: what later stages may start from, by name with one sentence each.
pub fn parts(value: Dynamic, source: &Source) -> Result<Vec<(String, String)>> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for mut entry in entries(value, "parts", source)? {
        let name = name(&mut entry)?;
        if parts.iter().any(|(part, _)| *part == name) {
            return Err(entry.wrong(format!("the part `{name}` is declared twice")));
        }
        parts.push((
            name,
            entry.needed("doc", "\"The slow copy of the encoder.\"")?,
        ));
        entry.close()?;
    }
    Ok(parts)
}

/// Whether a recipe could write it as a name.
pub fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next();
    first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn name(entry: &mut Entry<'_>) -> Result<String> {
    let name = entry.needed("name", "\"temperature\"")?;
    if !is_name(&name) {
        return Err(entry
            .wrong(format!("`{name}` can't be a name"))
            .note("Names have ASCII letters, digits and `_`, and do not begin with a digit."));
    }
    entry.name.clone_from(&name);
    Ok(name)
}

fn param(name: String, entry: &mut Entry<'_>) -> Result<Param> {
    let choices = entry.list("choices")?.unwrap_or_default();
    let choices: Vec<String> = choices.iter().map(Dynamic::to_string).collect();
    let default = entry.take("default");
    let written = entry.text("type")?;
    let ty = match (&written, &default) {
        (None, _) if !choices.is_empty() => "choice",
        (Some(written), _) => written.as_str(),
        // a plain value tells its type
        (None, Some(value)) if value.is_int() => "integer",
        (None, Some(value)) if value.is_float() => "number",
        (None, Some(value)) if value.is_bool() => "switch",
        (None, _) => "",
    };
    let Some(ty) = param_type(ty, &choices) else {
        let problem = match ty {
            "" => entry.wrong(format!("{} lacks `type`", entry.subject())),
            "choice" => entry
                .wrong(format!("{} lacks `choices`", entry.subject()))
                .help("add `choices: [\"avg\", \"max\"]`"),
            other => entry.wrong(format!("`{other}` is no type of a parameter")),
        };
        return Err(problem.note(format!(
            "Types are {}, and list(…) of one of them.",
            TYPES.join(", ")
        )));
    };
    let range = match entry.list("range")? {
        None => None,
        Some(ends) => Some(range(&ends).ok_or_else(|| {
            entry.wrong(format!(
                "`range` of {} must be `[low, high]`",
                entry.subject()
            ))
        })?),
    };
    let optional = entry.switch("optional")?;
    let preset = match default {
        Some(value) => Preset::Text(default_text(&value, &ty).ok_or_else(|| {
            let problem = entry.mistyped("default", type_name(&ty), &value);
            problem.help("a default that is no plain number is a string, written as a recipe would: `\"10 epochs\"`")
        })?),
        None if optional => Preset::Optional,
        None => Preset::Required,
    };
    if let (Preset::Text(text), Some((low, high))) = (&preset, range)
        && let Ok(x) = text.parse::<f64>()
        && !(low..=high).contains(&x)
    {
        return Err(entry.wrong(format!(
            "the default of {} is {x}, outside its range {low} to {high}",
            entry.subject()
        )));
    }
    let doc = entry.needed("doc", "\"What it means, and its unit.\"")?;
    let param = Param {
        name,
        ty,
        preset,
        range,
        doc,
    };
    match default_error(&param) {
        None => Ok(param),
        Some(why) => Err(entry
            .wrong(format!(
                "the default of {} can't be: {why}",
                entry.subject()
            ))
            .note("A default is written as a recipe would: `\"10 epochs\"`, `\"50%\"`.")),
    }
}

fn range(ends: &Array) -> Option<(f64, f64)> {
    let number = |value: &Dynamic| {
        let whole = value.as_int().map(|n| n as f64);
        whole.or_else(|_| value.as_float()).ok()
    };
    match ends.as_slice() {
        [low, high] => Some((number(low)?, number(high)?)).filter(|(low, high)| low <= high),
        _ => None,
    }
}

fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Number => "a number",
        Type::Integer => "a whole number",
        Type::Choice(["on", "off"]) => "true or false",
        Type::Choice(_) => "one of its choices",
        Type::List(_) => "a list",
        _ => "a string",
    }
}

/// A default as the text a recipe would have.
fn default_text(value: &Dynamic, ty: &Type) -> Option<String> {
    if let Some(text) = value.read_lock::<rhai::ImmutableString>() {
        return match ty {
            Type::Text => Some(format!("{:?}", text.as_str())),
            Type::Choice(words) => words.contains(&text.as_str()).then(|| text.to_string()),
            Type::Number | Type::Integer => text.parse::<f64>().ok().map(|_| text.to_string()),
            _ => Some(text.to_string()),
        };
    }
    if let Some(list) = value.read_lock::<Array>() {
        let Type::List(element) = ty else { return None };
        let texts = list.iter().map(|one| default_text(one, element));
        let texts: Vec<String> = texts.collect::<Option<_>>()?;
        return Some(format!("[{}]", texts.join(", ")));
    }
    match ty {
        Type::Integer => value.as_int().ok().map(|n| n.to_string()),
        Type::Number => match value.as_float() {
            Ok(x) if x.is_finite() => {
                let text = format!("{x:?}");
                Some(text.strip_suffix(".0").map_or(text.clone(), str::to_owned))
            }
            _ => value.as_int().ok().map(|n| n.to_string()),
        },
        Type::Choice(["on", "off"]) => {
            let on = value.as_bool().ok()?;
            Some(if on { "on" } else { "off" }.to_owned())
        }
        Type::OneOf(types) => types.iter().find_map(|ty| default_text(value, ty)),
        _ => None,
    }
}
