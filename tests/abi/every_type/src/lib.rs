//! Transforms that take and give values of every type, and whatever can be wrong with what they give.

use pretext_plugin::*;

const FAULTS: &[&str] = &[
    "none", "id", "long", "kind", "size", "short", "mixed", "empty", "hole",
];

struct Backwards {
    fault: String,
}

impl Transform for Backwards {
    fn apply(&self, input: Sample<'_>, _: &mut Rng<'_>, out: &mut Out<'_>) -> Result<()> {
        let fault = self.fault.as_str();
        let back = match input {
            _ if fault == "kind" => Sample::Label(1),
            Sample::Tokens(mut ids) => {
                ids.reverse();
                match fault {
                    "id" => ids.push(out.pieces()? as u32),
                    "long" => ids.extend([5; 100]),
                    _ => {}
                }
                Sample::Tokens(ids)
            }
            Sample::Clip(mut frames) => {
                frames.reverse();
                match fault {
                    "short" => drop(frames.pop()),
                    "size" => {
                        let mut other = Vec::new();
                        for _ in &frames {
                            other.push(out.image(2, 2, 3)?);
                        }
                        return out.push(Sample::Clip(other));
                    }
                    "mixed" => {
                        frames.pop();
                        let other = out.image(2, 2, 3)?;
                        frames.push(other);
                    }
                    "empty" => frames.clear(),
                    _ => {}
                }
                Sample::Clip(frames)
            }
            Sample::Boxes(mut boxes) => {
                boxes.reverse();
                match fault {
                    "short" => drop(boxes.pop()),
                    "hole" => boxes[0][2] = f32::NAN,
                    _ => {}
                }
                Sample::Boxes(boxes)
            }
            Sample::Text(text) => Sample::Text(text.chars().rev().collect()),
            Sample::List(mut values) => {
                values.reverse();
                Sample::List(values)
            }
            Sample::Image(image) => {
                image.pixels.reverse();
                Sample::Image(image)
            }
            Sample::Label(label) => Sample::Label(9 - label),
        };
        out.push(back)
    }
}

fn backwards() -> TransformSpec {
    TransformSpec::new(
        "backwards",
        "The last comes first.",
        |_, input| Ok(vec![input.clone()]),
        |args, _| {
            Ok(Box::new(Backwards {
                fault: args.word("fault"),
            }))
        },
    )
    .param(Param::with_default(
        "fault",
        Type::Choice(FAULTS),
        "none",
        "What is wrong with what it gives.",
    ))
    .example("backwards()")
    .whole_clips()
}

/// Words by how they are spelt, and the first one hidden.
struct Spell;

impl Transform for Spell {
    fn apply(&self, input: Sample<'_>, _: &mut Rng<'_>, out: &mut Out<'_>) -> Result<()> {
        let mut ids = input.tokens()?;
        let mut words = Vec::new();
        for id in &ids {
            words.push(out.piece(*id)?.unwrap_or_default());
        }
        let n = out.pieces()?;
        let beyond = (out.piece(n as u32)?, out.piece_id("no such piece")?);
        assert_eq!(beyond, (None, None));
        if let (Some(first), Some(mask)) = (ids.first_mut(), out.piece_id("[MASK]")?) {
            *first = mask;
        }
        out.push(Sample::Text(words.join(" ")))?;
        out.push(Sample::Tokens(ids))
    }
}

fn spell() -> TransformSpec {
    TransformSpec::new(
        "spell",
        "The words of tokens, and the tokens without the first.",
        |_, input| match input.tokens_of() {
            Some([length, _]) => Ok(vec![SampleType::text(), SampleType::tokens(length)]),
            None => Err(Problem::new(format!(
                "`spell` takes tokens, and `{input}` flows into it"
            ))),
        },
        |_, _| Ok(Box::new(Spell)),
    )
    .example("spell()")
    .every_type()
}

/// Two boxes of a picture.
struct Frame;

impl Transform for Frame {
    fn apply(&self, input: Sample<'_>, _: &mut Rng<'_>, out: &mut Out<'_>) -> Result<()> {
        let image = input.image()?;
        let [height, width] = [image.height as f32, image.width as f32];
        out.push(Sample::Boxes(vec![[0.0, 0.0, width, height], [0.0; 4]]))
    }
}

fn frame() -> TransformSpec {
    TransformSpec::new(
        "frame",
        "A box around the picture, and one of a thing that is not seen.",
        |_, input| match input.kind() {
            "image" => Ok(vec![SampleType::boxes(2)]),
            other => Err(Problem::new(format!("`frame` takes no {other}"))),
        },
        |_, _| Ok(Box::new(Frame)),
    )
    .example("frame()")
    .every_type()
}

struct Invented;

impl Transform for Invented {
    fn apply(&self, _: Sample<'_>, _: &mut Rng<'_>, out: &mut Out<'_>) -> Result<()> {
        out.push(Sample::Tokens(vec![5; 8]))
    }
}

/// Says that it makes tokens, of whatever flows in.
fn invented() -> TransformSpec {
    TransformSpec::new(
        "invented",
        "Tokens of nothing.",
        |args, _| {
            Ok(vec![match args.size("vocabulary") {
                0 => SampleType::tokens(Some(8)),
                _ => SampleType::list(SampleType::list(SampleType::IMAGE, Some(2)), Some(2)),
            }])
        },
        |_, _| Ok(Box::new(Invented)),
    )
    .param(Param::with_default("vocabulary", Type::Integer, "0", "Of what."))
    .example("invented()")
    .every_type()
}

export_plugin!(transforms = [backwards(), spell(), frame(), invented()]);
