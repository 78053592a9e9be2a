//! Recipes for folders of pictures.

use std::fmt::Write;

use super::draft::{AUGMENT, Draft, NAMED, Pace, head};
use super::look::Looked;
use crate::catalog::{Args, Make, Preset, SharedSpec, Type};
use crate::data::SampleType;
use crate::language::checked::Stage;

/// Sides that networks are made for.
const SIDES: [usize; 6] = [224, 128, 96, 64, 48, 32];
/// Larger ones take long without a GPU.
const SOON: usize = 96;

/// What may suit, the likeliest first.
pub fn drafts(task: &SharedSpec, looked: &Looked) -> Vec<Draft> {
    let mut found = Vec::new();
    for (side, why) in sides(looked) {
        for encoder in encoders(task, side) {
            found.push(draft(task, looked, side, &why, &encoder));
        }
    }
    found
}

/// The sides that may suit, each with why.
fn sides(looked: &Looked) -> Vec<(usize, String)> {
    if let Some(side) = looked.one_side().filter(|side| *side <= SOON) {
        return vec![(side, format!("all pictures have {side} px"))];
    }
    let usual = looked
        .sides
        .get(looked.sides.len() / 2)
        .copied()
        .unwrap_or(SOON);
    let fits = SIDES
        .iter()
        .filter(|side| **side <= usual.max(32) && **side <= SOON);
    let why = |side: usize| match looked.sides.as_slice() {
        [] => format!("{side} px are soon trained on"),
        _ if side == usual => format!("pictures have {usual} px"),
        [least, .., most] if least != most => {
            format!("pictures have {least} to {most} px; more than {side} see more and take longer")
        }
        _ => format!("pictures have {usual} px; more than {side} see more and take longer"),
    };
    let mut found: Vec<(usize, String)> = fits.map(|side| (*side, why(*side))).collect();
    // a larger one where a task cuts pictures into pieces
    found.push((224, why(224)));
    found
}

/// Networks that may suit, the likeliest first.
fn encoders(task: &SharedSpec, side: usize) -> Vec<String> {
    let patch = [8, 12, 7, 6, 10, 4, 16]
        .into_iter()
        .find(|n| side.is_multiple_of(*n));
    let patch = patch.map_or(1, |n| side / n).max(1);
    let vit = format!("vit(patch = {patch}px, width = 96, depth = 6, heads = 3)");
    let small = "small_cnn(width = 32)".to_owned();
    let deep = match side {
        0..=64 => "resnet18(stem = small)".to_owned(),
        _ => "resnet18()".to_owned(),
    };
    match task.name.as_str() {
        "split_brain" => vec![format!("halves({small})"), format!("halves({deep})")],
        // their losses are about patches: a class token would learn nothing
        "simmim" | "data2vec" => vec![vit.replace(")", ", pool = mean)"), vit],
        "mae" | "ijepa" | "ibot" => vec![vit],
        _ if side <= 64 => vec![small, deep, vit],
        _ => vec![deep, small, vit],
    }
}

fn draft(task: &SharedSpec, looked: &Looked, side: usize, why: &str, encoder: &str) -> Draft {
    let title = format!("{} On {}.", task.summary, looked.name);
    let (mut text, judges) = head(looked, &title, "");
    let pace = Pace::new(looked, 256, "1e-3", "pictures");
    text += AUGMENT;
    let _ = writeln!(text, "encoder net = {encoder} // for {side} px: {why}\n");
    let own = arguments(task, looked, &pace);
    let _ = write!(
        text,
        "pretext pretrain = {}({own}) {{\n  data = own.train\n{NAMED}  encoder = net\n{}}}\n\n",
        task.name, pace.lines
    );
    text += &judged(looked, judges);
    text += "run { seed = 1 }\n";
    Draft {
        text,
        side: Some(side),
        as_it_is: looked.one_side() == Some(side),
        fields: looked.fields.clone(),
    }
}

/// Arguments whose defaults are for larger data sets.
fn arguments(task: &SharedSpec, looked: &Looked, pace: &Pace) -> String {
    let batch = pace.batch;
    let train = looked.train() * 4 / 5;
    let mut given = Vec::new();
    for param in &task.params {
        let Preset::Text(default) = &param.preset else {
            continue;
        };
        if param.ty == Type::Duration && ["warmup", "queue_from"].contains(&param.name.as_str()) {
            // for a part of the run
            let name = &param.name;
            given.push(format!("{name} = {} epochs", (pace.epochs / 4).max(2)));
        }
        let Ok(default) = default.parse::<usize>() else {
            continue;
        };
        match param.name.as_str() {
            // of whole batches, and of fewer pictures than there are
            "queue" if default > 0 => {
                let batches = (train / 2 / batch).clamp(1, (default / batch).max(1));
                given.push(format!("queue = {}", batches * batch));
            }
            "clusters" if default > train / 8 => {
                given.push(format!("clusters = {}", (train / 8).max(2)));
            }
            _ => {}
        }
    }
    given.join(", ")
}

/// The stages that say what was learnt.
pub fn judged(looked: &Looked, judges: &str) -> String {
    if !looked.labelled() {
        return format!(
            "// without classes: how much of its dimensions the encoder uses\nevaluate spread = rank() {{ from = pretrain, data = {judges} }}\n\n"
        );
    }
    let classes = looked.classes.len();
    // no more than a class has
    let k = (looked.train() * 4 / 5 / classes / 2).clamp(1, 20);
    format!(
        "evaluate neighbours = knn(k = {k}) {{ // {classes} classes\n  from = pretrain\n  data = own.train\n  test = {judges}\n}}\n\n\
         finetune probe = linear_probe() {{\n  from = pretrain\n  data = own.train\n  test = {judges}\n  length = 20 epochs\n}}\n\n"
    )
}

/// The task's own augment for pictures of the draft's side, as a block; `None` where the task has none of its own.
///
/// # Errors
/// What the task says of such pictures.
pub fn augment(stage: &Stage, args: &Args, draft: &Draft) -> Result<Option<String>, String> {
    let Make::Task { augment, .. } = &stage.call.spec.make else {
        return Ok(None);
    };
    let side = draft.side.unwrap_or(32);
    let mut fields = draft.fields.clone();
    let mut name = None;
    for (own, ty) in &mut fields {
        if let Some(image) = ty.as_image() {
            let channels = image.channels.unwrap_or(3);
            *ty = SampleType::image(channels, side, side);
            name = Some(own.clone());
        }
    }
    let Some(name) = name else {
        return Ok(None);
    };
    let body = augment(args, &fields).map_err(|problem| problem.message)?;
    let Some(body) = body else { return Ok(None) };
    let flows = format!("{name} |> ");
    let cuts = |line: &str| {
        let mut heads = line.split(&flows).skip(1);
        heads.all(|rest| rest.starts_with("random_resized_crop("))
    };
    // what cuts a part of any picture and brings it to one size needs no size before
    let free = body.contains("random_resized_crop(") && body.lines().all(cuts);
    let mut lines: Vec<String> = Vec::new();
    let body = if draft.as_it_is || free {
        body
    } else {
        lines.push(format!(
            "sized = {name} |> resize({side}px) |> center_crop({side}px)"
        ));
        named(&body, &name, "sized")
    };
    lines.extend(body.lines().map(str::to_owned));
    let mut block = format!("// the task's own views, written out\naugment views({name}) {{\n");
    for line in lines {
        let _ = writeln!(block, "  {line}");
    }
    block += "}\n\n";
    Ok(Some(block))
}

/// The text with another word in the place of one, where it is not what gets a value.
fn named(text: &str, from: &str, to: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (head, tail) = rest.split_at(at);
        let behind = &tail[from.len()..];
        let alone = !head.ends_with(part) && !behind.starts_with(part);
        let gets = behind.trim_start().starts_with('=');
        out += head;
        out += if alone && !gets { to } else { from };
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn only_the_word_itself_gets_another_name() {
        let body = "emit image = image |> f(), images = (image |> g()) * 2";
        let wanted = "emit image = sized |> f(), images = (sized |> g()) * 2";
        assert_eq!(named(body, "image", "sized"), wanted);
    }
}
