//! A sample type is its file: everybody else asks it, whichever it is.

use std::path::Path;

use super::{Token, offenders_where, tokens};

/// Which type it is that a value has: an arm of `Sample` or `SampleType`, written out, imported, or behind another name of these.
/// Tests inside of a file don't count.
fn arms(tokens: &[Token]) -> Vec<usize> {
    let word = |i: usize, word: &str| tokens.get(i).is_some_and(|(t, _)| t == word);
    let path = |i: usize| word(i, ":") && word(i + 1, ":");
    let of = |i: usize| word(i, "Sample") || word(i, "SampleType");
    let tests = ["cfg", "(", "test", ")", "]", "mod"];
    let end = (0..tokens.len())
        .find(|i| (0..tests.len()).all(|n| word(i + n, tests[n])))
        .unwrap_or(tokens.len());
    // `Image` is an arm; `IMAGE` is a type that is made, `image(…)` makes one
    let arm = |i: usize| {
        let (name, _) = &tokens[i.min(tokens.len() - 1)];
        let small = name.chars().any(char::is_lowercase);
        small && name.starts_with(char::is_uppercase) || name == "*" || name == "{"
    };
    (0..end)
        .filter(|i| of(*i))
        // `Code::SampleType` is an error's name
        .filter(|i| !(*i > 2 && word(i - 3, "Code") && path(i - 2)))
        .filter(|i| {
            (path(i + 1) && arm(i + 3))
                || word(i + 1, "as")
                || (word(i + 1, ";") && *i > 2 && word(i - 1, "=") && word(i - 3, "type"))
        })
        .map(|i| tokens[i].1)
        .collect()
}

/// What asks a type whether it is this one: names that only one type has.
fn one_type(tokens: &[Token]) -> Vec<usize> {
    let names = [
        "ImageType",
        "as_image",
        "into_image",
        "first_image",
        "MaskType",
        "LabelType",
        "as_label",
        "first_label",
        "TextType",
        "TokensType",
        "as_tokens",
        "into_tokens",
        "ListType",
        "ClipType",
        "as_clip",
        "first_clip",
        "BoxesType",
        "as_boxes",
    ];
    let asks = tokens.iter().filter(|(t, _)| names.contains(&t.as_str()));
    asks.map(|(_, line)| *line).collect()
}

/// A sample type is its file: everybody else asks it, whichever it is.
#[test]
fn types_are_matched_in_their_folder() {
    let looks = |name: &Path| {
        let tests = name.to_string_lossy().ends_with("tests.rs");
        // what opens records for the tests of data sets
        let help = name == Path::new("data/test_help.rs");
        !tests && !help && !name.starts_with("data/types")
    };
    assert_eq!(offenders_where(&arms, &looks), Vec::<String>::new());
}

/// Data sets say what their records hold, transforms and tasks what they are for; nobody else is for one type alone.
#[test]
fn few_are_for_one_type() {
    let looks = |name: &Path| {
        let tests = name.to_string_lossy().ends_with("tests.rs");
        let rooms = ["data", "augment", "tasks"];
        let ours = [
            // torchvision's and timm's words for an encoder of pictures
            "plan/types.rs",
            // what judges needs labels, and what is judged is the rest of a record
            "plan/view.rs",
            "plan/memory.rs",
            // what looks at somebody's pictures and writes a recipe for them
            "cli/new/look.rs",
            "cli/new/pictures.rs",
        ];
        let known = ours.iter().any(|file| name == Path::new(file));
        !tests && !known && !rooms.iter().any(|room| name.starts_with(room))
    };
    assert_eq!(offenders_where(&one_type, &looks), Vec::<String>::new());
}

#[test]
fn arms_are_seen_through_spelling() {
    let see = |text: &str| arms(&tokens(text)).len();
    for text in [
        "match ty { SampleType::Image(image) => 1, _ => 2 }",
        "matches!(value, Sample :: Label(_))",
        "crate::data::Sample::Missing(why)",
        "use crate::data::SampleType::*;",
        "use crate::data::Sample::{Image, Label};",
        "use crate::data::SampleType as Kind;",
        "type Kind = SampleType;",
        "let x = Sample::r#List(v);",
    ] {
        assert_eq!(see(text), 1, "{text}");
    }
    for text in [
        "SampleType::IMAGE",
        "SampleType::image(3, 8, 8)",
        "Sample::label(1)",
        "Problem::new(Code::SampleType, text)",
        "use crate::data::{Sample, SampleType};",
        "fn f(sample: &Sample) -> SampleType { ty.fits(sample) }",
        "// SampleType::Image",
        "Crossing::Image(image)",
        "#[cfg(test)]\nmod tests { fn f() { Sample::Image(x) } }",
    ] {
        assert_eq!(see(text), 0, "{text}");
    }
}
