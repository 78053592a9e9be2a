//! Transforms of a text on a list of texts: to each on its own, in order. What they draw is drawn for each.
//!
//! No transform of texts knows of lists: [`made`] puts it into something that goes over them.

use super::{Scratch, Transform};
use crate::catalog::{Args, Result, Spec, TransformMaker, TransformTypes};
use crate::data::{DataError, Philox, Sample, SampleType};

/// One text of a list of texts, or of texts in pieces, and how many there are.
fn one_of(input: &SampleType) -> Option<(&SampleType, Option<usize>)> {
    let (one, count) = input.parts()?;
    let text = one.fits(&SampleType::TEXT) || one.as_tokens().is_some();
    text.then_some((one, count))
}

/// What a transform emits and the transform itself, where a list of texts flows into one that takes a text.
///
/// # Errors
/// As its type function and its maker.
#[allow(clippy::type_complexity)]
pub(super) fn made(
    spec: &Spec,
    (types, make): (&TransformTypes, &TransformMaker),
    args: &Args,
    input: &SampleType,
) -> Option<Result<(Vec<SampleType>, Box<dyn Transform>)>> {
    let (one, count) = one_of(input).filter(|_| spec.provider.is_none())?;
    // of its errors the one about the list is said where it takes lists itself
    if types(args, input).is_ok() {
        return None;
    }
    let over = || {
        let outputs = types(args, one)?;
        let lists = outputs.iter().map(|ty| SampleType::list(ty.clone(), count));
        let over = OverTexts {
            name: spec.name.clone(),
            outputs: outputs.len(),
            inner: make(args, one)?,
        };
        Ok((lists.collect(), Box::new(over) as Box<dyn Transform>))
    };
    Some(over())
}

/// A transform of a text on each text of a list.
struct OverTexts {
    name: String,
    /// How many values it gives of one text.
    outputs: usize,
    inner: Box<dyn Transform>,
}

impl Transform for OverTexts {
    fn apply(
        &self,
        input: Sample,
        rng: &mut Philox,
        scratch: &mut Scratch,
        out: &mut Vec<Sample>,
    ) -> std::result::Result<(), DataError> {
        let texts = input.into_list().map_err(|other| {
            let found = other.kind();
            DataError::new(format!(
                "`{}` was given {found}, which is no list",
                self.name
            ))
        })?;
        let mut columns = vec![Vec::with_capacity(texts.len()); self.outputs];
        for text in texts {
            let mut given = scratch.take_list();
            self.inner.apply(text, rng, scratch, &mut given)?;
            for (column, value) in columns.iter_mut().zip(given.drain(..)) {
                column.push(value);
            }
            scratch.give_list(given);
        }
        out.extend(columns.into_iter().map(Sample::list));
        Ok(())
    }

    fn draws(&self, input: &SampleType) -> bool {
        one_of(input).is_none_or(|(one, _)| self.inner.draws(one))
    }
}

#[cfg(test)]
mod tests {
    use super::made;
    use crate::catalog::{Kind, Make, Value};
    use crate::data::SampleType;
    use crate::graph::testing::args;

    #[test]
    fn each_text_of_a_list_is_cut_on_its_own() {
        let specs = super::super::specs();
        let mut crops = specs.iter().filter(|spec| spec.name == "crop_tokens");
        let crop = crops.next().expect("crop_tokens");
        assert_eq!(crop.kind, Kind::Transform);
        let given = args(crop, &[("length", Value::Integer(8))]);
        let Make::Transform { types, make } = &crop.make else {
            panic!("it is no transform")
        };
        let cropped = |ty: &str| {
            let input = SampleType::parse(ty).expect("a type");
            let made = made(crop, (types, make), &given, &input)?;
            let said = made.map(|(types, _)| types[0].to_string());
            Some(said.map_err(|problem| problem.message))
        };
        let list = |ty: &str| Some(Ok(ty.to_owned()));
        assert_eq!(cropped("tokens of 90 * 3"), list("tokens[8] of 90 * 3"));
        assert_eq!(cropped("list(tokens[4])"), list("list(tokens[4])"));
        let refused = cropped("text * 3").and_then(Result::err);
        assert!(refused.is_some_and(|why| why.contains("takes tokens, and `text` flows")));
        // one text, and what holds no texts, is not this file's
        assert_eq!(cropped("tokens of 90"), None);
        assert_eq!(cropped("image * 3"), None);
    }
}
