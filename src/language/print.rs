//! The resolved recipe as text: one self-contained `.ssl` in which every default is written.

use std::collections::BTreeMap;

use super::Sources;
use super::checked::{Augment, Recipe, SampleExpr, SampleHead, SampleStep, Stage};
use super::format::format;
use crate::catalog::{Args, Call, Data, DataSource, Duration, Kind, Net, Param, Value, run_fields};

/// Longest line before a pipeline is broken.
const WIDTH: usize = 100;

/// The recipe with every default written. The text parses and checks to the same recipe.
pub fn expand(recipe: &Recipe) -> String {
    expand_noting(recipe, &BTreeMap::new())
}

/// The same in the one form of `pretext fmt`, with a comment before each stage that has one in `notes`.
pub fn expand_noting(recipe: &Recipe, notes: &BTreeMap<&str, String>) -> String {
    let text = written_out(recipe, notes);
    let mut sources = Sources::default();
    let file = sources.add("expanded.ssl", text.clone());
    format(&sources, file).unwrap_or(text)
}

fn written_out(recipe: &Recipe, notes: &BTreeMap<&str, String>) -> String {
    let mut out = String::from("ssl 1\n");
    if !recipe.doc.is_empty() {
        out.push('\n');
        for line in recipe.doc.lines() {
            out.push_str(format!("/// {line}").trim_end());
            out.push('\n');
        }
    }
    if !recipe.uses.is_empty() {
        out.push('\n');
    }
    for used in &recipe.uses {
        out += &format!("use {} {}", used.door.word(), quoted(&used.name.text));
        if let Some(version) = &used.version {
            out += &format!(" version {}", quoted(&version.text));
        }
        out.push('\n');
    }
    if !recipe.datasets.is_empty() {
        out.push('\n');
    }
    for item in &recipe.datasets {
        out += &format!(
            "dataset {} = {}\n",
            item.name,
            broken(data_parts(&item.data), 2)
        );
    }
    for augment in &recipe.augments {
        out += &augment_text(augment);
    }
    if !recipe.encoders.is_empty() {
        out.push('\n');
    }
    for net in &recipe.encoders {
        let name = net.name.as_deref().unwrap_or_default();
        out += &format!("encoder {name} = {}\n", broken(net_parts(net), 2));
    }
    for stage in &recipe.stages {
        out.push('\n');
        if let Some(note) = notes.get(stage.name.as_str()) {
            out += &format!("// {note}\n");
        }
        out += &stage_text(stage);
    }
    out += "\nrun {\n";
    // the seeds stand for the seed
    let seeds = recipe.run.values.contains_key("seeds");
    let fields = run_fields()
        .into_iter()
        .filter(|field| !(seeds && field.name == "seed"));
    out += &fields_text(&fields.collect::<Vec<_>>(), &recipe.run);
    out += "}\n";
    out
}

/// One spelling of a value: equal texts mean equal values. Names of the recipe stay names.
pub fn canonical(value: &Value) -> String {
    match value {
        Value::Number(x) => number(*x),
        Value::Integer(n) => n.to_string(),
        Value::Ratio(x) => percent(*x),
        Value::Length(x) => format!("{x}px"),
        Value::Duration(Duration::Epochs(n)) => {
            format!(
                "{} {}",
                number(*n),
                if *n == 1.0 { "epoch" } else { "epochs" }
            )
        }
        Value::Duration(Duration::Steps(n)) => {
            format!("{n} {}", if *n == 1 { "step" } else { "steps" })
        }
        Value::Range(low, high) => format!("{}..{}", number(*low), number(*high)),
        Value::Text(text) => quoted(text),
        Value::Word(word) => word.clone(),
        Value::List(values) => {
            let values: Vec<String> = values.iter().map(canonical).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Net(net) => match &net.name {
            Some(name) => name.clone(),
            None => net_parts(net).join(" |> "),
        },
        Value::Data(data) => data_parts(data).join(" |> "),
        Value::Call(call) => call_text(call),
        Value::Augment(name) | Value::Stage(name) => name.clone(),
        Value::Place(name) => name.replace('/', "."),
        Value::Fit(artifact) => artifact.name.clone(),
    }
}

/// `name(every = argument, in = order)`
pub fn call_text(call: &Call) -> String {
    let arguments: Vec<String> = call
        .spec
        .params
        .iter()
        .filter_map(|param| {
            let argument = call.args.values.get(&param.name)?;
            Some(format!("{} = {}", param.name, canonical(&argument.value)))
        })
        .collect();
    format!("{}({})", call.spec.name, arguments.join(", "))
}

fn stage_text(stage: &Stage) -> String {
    let keyword = match stage.kind {
        Kind::Evaluator => "evaluate",
        Kind::Finetune => "finetune",
        Kind::Export => "export",
        Kind::Fit => "fit",
        _ => "pretext",
    };
    let common: Vec<Param> = stage
        .call
        .spec
        .stage_fields()
        .into_iter()
        .filter(|field| {
            stage
                .call
                .spec
                .params
                .iter()
                .all(|param| param.name != field.name)
        })
        .collect();
    // the stage's own parameters stand in the block too: they are easier to read there
    format!(
        "{keyword} {} = {}() {{\n{}{}{}}}\n",
        stage.name,
        stage.call.spec.name,
        fields_text(&stage.call.spec.params, &stage.call.args),
        fields_text(&common, &stage.fields),
        bind_text(stage)
    )
}

fn bind_text(stage: &Stage) -> String {
    if stage.bind.is_empty() {
        return String::new();
    }
    let fields = stage.bind.iter().map(|bound| {
        let names: Vec<&str> = bound.fields.iter().map(|(name, _)| name.as_str()).collect();
        match names.as_slice() {
            [one] => format!("{} = {one}", bound.input),
            several => format!("{} = [{}]", bound.input, several.join(", ")),
        }
    });
    let fields: Vec<String> = fields.collect();
    format!("  bind {{ {} }}\n", fields.join(", "))
}

fn fields_text(params: &[Param], args: &Args) -> String {
    let mut out = String::new();
    for param in params {
        if let Some(argument) = args.values.get(&param.name) {
            let value = match &argument.value {
                Value::Net(net) if net.name.is_none() => broken(net_parts(net), 4),
                Value::Data(data) => broken(data_parts(data), 4),
                value => canonical(value),
            };
            out += &format!("  {} = {value}\n", param.name);
        }
    }
    // `optimizer discriminator`: a field for one objective stands under both words
    for (name, argument) in args.values.iter().filter(|(name, _)| name.contains(' ')) {
        out += &format!("  {name} = {}\n", canonical(&argument.value));
    }
    out
}

fn augment_text(augment: &Augment) -> String {
    let parameters: Vec<&str> = augment
        .parameters
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let mut out = format!("\naugment {}({}) {{\n", augment.name, parameters.join(", "));
    for binding in &augment.bindings {
        let names: Vec<&str> = binding
            .names
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let names = match names.as_slice() {
            [one] => (*one).to_owned(),
            several => format!("({})", several.join(", ")),
        };
        out += &format!("  {names} = {}\n", sample_text(&binding.value, true));
    }
    for emit in &augment.emits {
        out += &format!(
            "  emit {} = {}\n",
            emit.name,
            sample_text(&emit.value, true)
        );
    }
    out + "}\n"
}

/// A pipeline over a sample; `outer`: may be broken into lines.
pub fn sample_text(expr: &SampleExpr, outer: bool) -> String {
    let mut parts = vec![match &expr.head {
        SampleHead::Name(name, _) => name.clone(),
        SampleHead::Group(inner) => format!("({})", sample_text(inner, false)),
        SampleHead::Several(values) => {
            let values: Vec<String> = values
                .iter()
                .map(|value| sample_text(value, false))
                .collect();
            format!("({})", values.join(", "))
        }
    }];
    parts.extend(expr.steps.iter().map(|step| match step {
        SampleStep::Transform(call) => call_text(call),
        SampleStep::Augment { name, .. } => format!("{name}()"),
    }));
    match expr.repeat {
        Some(times) if parts.len() > 1 => format!("({}) * {times}", parts.join(" |> ")),
        Some(times) => format!("{} * {times}", parts.join(" |> ")),
        None if outer => broken(parts, 4),
        None => parts.join(" |> "),
    }
}

fn net_parts(net: &Net) -> Vec<String> {
    net.steps
        .iter()
        .map(|step| match &step.place {
            Some(place) => format!("{} as {place}", call_text(&step.call)),
            None => call_text(&step.call),
        })
        .collect()
}

fn data_parts(data: &Data) -> Vec<String> {
    let mut parts = vec![match &data.source {
        DataSource::Call(call) => call_text(call),
        DataSource::Named { dataset, split } => match split {
            Some(split) => format!("{dataset}.{}", split.name()),
            None => dataset.clone(),
        },
        DataSource::Beside(parts) => {
            let parts = parts.iter();
            let parts =
                parts.map(|(name, data)| format!("{name} = {}", data_parts(data).join(" |> ")));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
    }];
    parts.extend(data.pipes.iter().map(call_text));
    parts
}

/// A pipeline on one line if it fits, else one step a line.
fn broken(parts: Vec<String>, indent: usize) -> String {
    let line = parts.join(" |> ");
    if line.len() <= WIDTH {
        line
    } else {
        parts.join(&format!("\n{}|> ", " ".repeat(indent)))
    }
}

/// The shortest text that reads back as the same number.
fn number(x: f64) -> String {
    let text = format!("{x:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A fraction in percent that reads back as the same fraction.
fn percent(x: f64) -> String {
    (0..=17)
        .map(|digits| format!("{:.digits$}", x * 100.0))
        .find(|text| {
            text.parse::<f64>()
                .is_ok_and(|percent| percent / 100.0 == x)
        })
        .map_or_else(|| format!("{:?}%", x * 100.0), |text| text + "%")
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back() {
        for x in [0.0, 1.0, 1e-3, 5e-324, 1e300, 0.1 + 0.2, -2.5, 1e16] {
            assert_eq!(number(x).parse::<f64>(), Ok(x), "{}", number(x));
        }
        assert_eq!(number(1.0), "1");
    }

    #[test]
    fn ratios_read_back() {
        for p in 0..=1000 {
            let x = f64::from(p) / 10.0 / 100.0;
            let text = percent(x);
            let back = text.trim_end_matches('%').parse::<f64>().map(|p| p / 100.0);
            assert_eq!(back, Ok(x), "{text}");
        }
        assert_eq!(percent(0.07), "7%");
        assert_eq!(percent(0.125), "12.5%");
    }

    #[test]
    fn strings_read_back() {
        assert_eq!(quoted("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
    }
}
