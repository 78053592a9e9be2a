//! Transforms of a picture on a clip. What they draw is drawn once and done to all frames; inside `each(…)` it is drawn for each.
//!
//! No transform of pictures knows of clips: [`made`] puts it into something that goes over the frames.

use super::{Scratch, Transform, input, texts};
use crate::catalog::{
    Args, Call, Kind, Make, Param, Problem, Result, Spec, TransformMaker, TransformTypes, Type,
};
use crate::data::lab::LabPart;
use crate::data::{DataError, Over, Philox, Sample, SampleType};
use crate::language::codes::Code;

/// What a transform emits and the transform itself, for a value of type `input`. Where a clip flows into one that does not say that it
/// takes clips ([`Spec::takes`]), it goes over the frames.
///
/// # Errors
/// As its type function and its maker.
pub(super) fn made(
    spec: &Spec,
    (types, make): (&TransformTypes, &TransformMaker),
    args: &Args,
    input: &SampleType,
) -> Result<(Vec<SampleType>, Box<dyn Transform>)> {
    let Some((frame, frames)) = input.frame().filter(|_| spec.takes.is_none()) else {
        if let Some(made) = texts::made(spec, (types, make), args, input) {
            return made;
        }
        return Ok((types(args, input)?, make(args, input)?));
    };
    let over = OverFrames {
        name: spec.name.clone(),
        outputs: types(args, &frame)?,
        inner: make(args, &frame)?,
        how: Over::Once,
    };
    Ok((over.types(frames), Box::new(over)))
}

/// The catalog entry of `each`.
pub fn spec() -> Spec {
    Spec::new(
        "each",
        Kind::Transform,
        "Draws anew for each frame of a clip what a transform of pictures otherwise draws once.",
        Make::transform(
            |args, input| {
                let (frames, over) = of_call(args.call("transform"), input)?;
                Ok(over.types(frames))
            },
            |args, input| Ok(Box::new(of_call(args.call("transform"), input)?.1)),
        ),
    )
    .takes(SampleType::CLIP)
    .param(Param::required(
        "transform",
        Type::Call(Kind::Transform),
        "Of pictures, with its arguments.",
    ))
    .doc(
        "A transform of pictures that meets a clip does the same to all frames: they are mirrored together or not at all. What it emits \
         beside pictures comes as a list here, one for each frame.",
    )
    .example("each(hflip(50%))")
}

fn of_call(call: &Call, input: &SampleType) -> Result<(Option<usize>, OverFrames)> {
    let name = &call.spec.name;
    let Some((frame, frames)) = input.frame() else {
        return Err(input::no_clip("each", input).help(format!(
            "of one picture there is only one: write `{name}(…)` without `each`"
        )));
    };
    let Make::Transform { types, make } = &call.spec.make else {
        let text = format!(
            "`{name}` is a {}, not a transform",
            call.spec.kind.singular()
        );
        return Err(Problem::argument(Code::WrongKind, "transform", text));
    };
    if call.spec.takes.is_some() {
        let text = format!("`{name}` takes a clip, and `each` gives it one frame");
        return Err(Problem::argument(Code::SampleType, "transform", text)
            .help(format!("write `{name}(…)` without `each`")));
    }
    let outputs = types(&call.args, &frame)?;
    let inner = make(&call.args, &frame)?;
    if !inner.draws(&frame) {
        let text = format!("`{name}` draws nothing: it does the same to every frame");
        return Err(Problem::argument(Code::SampleType, "transform", text)
            .help(format!("write `{name}(…)` without `each`")));
    }
    let over = OverFrames {
        name: name.clone(),
        inner,
        outputs,
        how: Over::Each,
    };
    Ok((frames, over))
}

/// A transform of pictures on each frame of a clip.
struct OverFrames {
    name: String,
    inner: Box<dyn Transform>,
    /// What it gives of one frame.
    outputs: Vec<SampleType>,
    how: Over,
}

impl OverFrames {
    /// What it gives of so many frames.
    fn types(&self, frames: Option<usize>) -> Vec<SampleType> {
        let types = self.outputs.iter();
        types.map(|ty| ty.over(frames, self.how)).collect()
    }
}

impl Transform for OverFrames {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> Result<(), DataError> {
        let frames = input::frames(&self.name, input)?;
        let mut columns: Vec<Vec<Sample>> = Vec::new();
        columns.resize_with(self.outputs.len(), || Vec::with_capacity(frames.len()));
        for frame in frames {
            // the same numbers again, or those that come next
            let mut again = rng.clone();
            let numbers = match self.how {
                Over::Once => &mut again,
                Over::Each => &mut *rng,
            };
            let mut given = scratch.take_list();
            self.inner
                .apply(Sample::image(frame), numbers, scratch, &mut given)?;
            for (column, value) in columns.iter_mut().zip(given.drain(..)) {
                column.push(value);
            }
            scratch.give_list(given);
        }
        for (ty, column) in self.outputs.iter().zip(columns) {
            out.push(ty.join(column, self.how)?);
        }
        Ok(())
    }

    fn draws(&self, input: &SampleType) -> bool {
        match input.frame() {
            Some((frame, _)) => self.inner.draws(&frame),
            None => true,
        }
    }

    fn lab_part(&self) -> Option<LabPart> {
        self.inner.lab_part()
    }

    fn recolours(&self, input: &SampleType) -> bool {
        let frame = input.frame();
        frame.is_some_and(|(frame, _)| self.inner.recolours(&frame))
    }

    fn touches(&self, input: &SampleType) -> bool {
        let frame = input.frame();
        frame.is_some_and(|(frame, _)| self.inner.touches(&frame))
    }
}
