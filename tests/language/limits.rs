//! What is refused in under a second, whatever it is.

use std::time::Instant;

use pretext::language::MAX_BYTES;

use crate::{Outcome, check};

/// Checks in under a second; the best of three tries counts, for other work may hold the processor.
fn soon(bytes: &[u8], what: &str) -> Outcome {
    let mut tries = 0;
    loop {
        let start = Instant::now();
        let outcome = check(bytes, &[]);
        let took = start.elapsed();
        tries += 1;
        println!("{:5} ms for {what}", took.as_millis());
        if took.as_millis() < 1000 {
            return outcome;
        }
        assert!(tries < 3, "{took:?} for {what}");
    }
}

fn refused(bytes: &[u8]) -> Outcome {
    let outcome = soon(bytes, &format!("{} bytes", bytes.len()));
    assert!(outcome.recipe.is_none());
    outcome
}

#[test]
fn ten_thousand_brackets() {
    for bracket in ["(", "[", "{", "a(", "a=(", "x |> y(", "({[", "{a="] {
        let text = format!("ssl 1\nencoder a = {}", bracket.repeat(10_000));
        assert_eq!(refused(text.as_bytes()).codes(), ["E0602"], "{bracket}");
    }
}

#[test]
fn brackets_up_to_the_cap_need_no_time() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a=", "}"),
        ("f(", ")"),
        ("f(a=", ")"),
        ("{", "}"),
    ] {
        for sound in [true, false] {
            let text = format!(
                "ssl 1\npretext a = rotation() {{ data = {}1{} }}",
                open.repeat(60),
                if sound {
                    close.repeat(60)
                } else {
                    close.repeat(59)
                }
            );
            refused(text.as_bytes());
        }
    }
}

#[test]
fn a_line_of_ten_megabytes() {
    for byte in [b'a', b' ', b'(', b'"', b'\n', 0xff] {
        let mut bytes = b"ssl 1\n".to_vec();
        bytes.resize(10 << 20, byte);
        let outcome = refused(&bytes);
        assert_eq!(outcome.codes(), ["E0601"]);
        assert!(outcome.text.len() < 1000);
    }
}

#[test]
fn the_largest_text_of_anything() {
    for piece in [
        "a",
        "a ",
        "1 ",
        "x = 1\n",
        "dataset ",
        "dataset a = b\n",
        "|> ",
        "a |> ",
        "\"",
        "// \n",
        "/// \n",
        "\n",
        ",",
        "()",
        "a = (\n",
        "}\n",
        "pretext a = b() {\n",
        "augment a(b) { emit b }\n",
        "é",
        "a.",
        "run {} ",
        "{}",
        "x() as y |> ",
        "(} ",
        "emit a, ",
        "encoder e = relu() |> relu()\n",
        "1..",
        "\"a\\",
    ] {
        for head in [
            "ssl 1\n",
            "ssl 1\nencoder a = ",
            "ssl 1\npretext a = rotation() {\n",
            "ssl 1\naugment a(image) { b = image ",
        ] {
            let mut text = head.to_owned();
            while text.len() + piece.len() < MAX_BYTES {
                text += piece;
            }
            let outcome = soon(text.as_bytes(), &format!("{head:?} and many {piece:?}"));
            assert!(outcome.diagnostics.len() <= 20);
            assert!(outcome.text.len() < 100_000, "{}", outcome.text.len());
        }
    }
}

#[test]
fn bytes_that_are_no_text() {
    let outcome = refused(b"ssl 1\n// \xff\xfe\n");
    assert_eq!(outcome.codes(), ["E0103"]);
    assert!(outcome.text.contains("byte 9"), "{}", outcome.text);
    refused(&[0xc3]);
    refused(&[0; 4096]);
}

#[test]
fn nothing() {
    for text in [
        "",
        " ",
        "\n\n\t",
        "\u{feff}",
        "ssl 1",
        "ssl 1\n// only a comment\n",
    ] {
        assert_eq!(refused(text.as_bytes()).codes(), ["E0104"], "{text:?}");
    }
    assert_eq!(refused(b"// only a comment").codes(), ["E0102"]);
}

#[test]
fn at_most_twenty_errors() {
    let text = format!("ssl 1\nrun {{\n{}}}", "seeed = 1\n".repeat(50));
    let outcome = refused(text.as_bytes());
    assert_eq!(outcome.codes().len(), 20);
    assert!(outcome.text.contains("30 more errors are not shown"));
}
