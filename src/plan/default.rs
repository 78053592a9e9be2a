//! What a task's default `augment` takes of a record.

use crate::data::{Fields, main_field};

/// The fields that the body of a default augment reads: the record's main one, and others that it mentions and does not bind itself.
pub(super) fn read_by<'f>(body: &str, fields: &'f Fields) -> Vec<&'f str> {
    let (mut bound, mut mentioned) = (Vec::new(), Vec::new());
    for line in body.lines().map(str::trim) {
        match line.split_once('=') {
            Some((names, value)) if !line.starts_with("emit") => {
                bound.extend(words_of(names));
                mentioned.extend(words_of(value));
            }
            _ => mentioned.extend(words_of(line)),
        }
    }
    let first = fields.first().map(|(name, _)| name.as_str());
    let main = main_field(fields).or(first).unwrap_or("record");
    let others = fields.iter().map(|(name, _)| name.as_str());
    let others =
        others.filter(|name| *name != main && mentioned.contains(name) && !bound.contains(name));
    std::iter::once(main).chain(others).collect()
}

/// Names and other words of a line.
fn words_of(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::SampleType;

    fn fields(all: &[(&str, SampleType)]) -> Fields {
        let all = all.iter();
        all.map(|(name, ty)| ((*name).to_owned(), ty.clone()))
            .collect()
    }

    #[test]
    fn the_main_field_is_read_and_what_else_is_mentioned() {
        let pair = fields(&[
            ("first", SampleType::TEXT),
            ("second", SampleType::TEXT),
            ("next", SampleType::label(2)),
        ]);
        let body = "(input, target) = (first, second) |> pair(pieces, 8) |> mask_tokens(15%)\nemit input, target, next\n";
        assert_eq!(read_by(body, &pair), ["first", "second", "next"]);
        assert_eq!(
            read_by("emit input = first |> tokenize(pieces)", &pair),
            ["first"]
        );
        // a word that only holds the name of a field, and a name that the body gives to what it makes
        let image = fields(&[
            ("label", SampleType::label(2)),
            ("image", SampleType::IMAGE),
        ]);
        let body = "labels = image |> hflip(50%)\nemit labels, labelled = image";
        assert_eq!(read_by(body, &image), ["image"]);
        let body = "(view, label) = image |> quarter_turn()\nemit view, label";
        assert_eq!(read_by(body, &image), ["image"]);
        assert_eq!(read_by("emit record", &fields(&[])), ["record"]);
    }
}
