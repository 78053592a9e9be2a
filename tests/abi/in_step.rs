//! The SDK's operations and the C header are those of the host. `PRETEXT_BLESS=1` writes them anew.

use std::fs;
use std::process::Command;

use pretext_plugin::abi;

use super::generate;
use super::support::{project, root};

fn blessing() -> bool {
    std::env::var_os("PRETEXT_BLESS").is_some()
}

/// Texts are equal but for where their lines break.
fn same(a: &str, b: &str) -> bool {
    let plain = |text: &str| -> String {
        let text: String = text.split_whitespace().collect();
        text.replace(",)", ")").replace(",}", "}")
    };
    plain(a) == plain(b)
}

#[test]
fn the_sdk_has_every_operation() {
    for (file, wanted) in [("codes.rs", generate::codes()), ("ops.rs", generate::sdk())] {
        let path = root().join("plugins/sdk/src").join(file);
        if blessing() {
            fs::write(&path, &wanted).expect("the SDK");
            let formatted = Command::new("rustfmt")
                .args(["--edition", "2024"])
                .arg(&path)
                .status();
            assert!(formatted.is_ok_and(|status| status.success()));
        }
        let own = fs::read_to_string(&path).expect("the SDK");
        assert!(
            same(&own, &wanted),
            "{} is behind the vocabulary: run `PRETEXT_BLESS=1 cargo test --release --test abi in_step`",
            path.display()
        );
    }
}

#[test]
fn the_header_has_every_operation() {
    let path = root().join("plugins/sdk/include/pretext_plugin.h");
    let text = fs::read_to_string(&path).expect("the header");
    let begin = text.find("/* BEGIN OPERATIONS").expect("a mark");
    let begin = begin + text[begin..].find('\n').expect("a line") + 1;
    let end = text.find("/* END OPERATIONS").expect("a mark");
    let wanted = generate::header();
    if blessing() {
        fs::write(&path, format!("{}{wanted}{}", &text[..begin], &text[end..]))
            .expect("the header");
        return;
    }
    assert_eq!(
        &text[begin..end],
        wanted,
        "the header is behind the vocabulary: run `PRETEXT_BLESS=1 cargo test --release --test abi in_step`"
    );
}

macro_rules! layout {
    ($($ty:ident $c:literal: $($field:ident)*;)*) => {{
        let mut c = String::new();
        let mut rust = String::new();
        $(
            c += &format!("printf(\"{0} %zu\\n\", sizeof({0}));\n", $c);
            rust += &format!("{} {}\n", $c, size_of::<abi::$ty>());
            $(
                c += &format!(
                    "printf(\"{0}.{1} %zu\\n\", offsetof({0}, {1}));\n", $c, stringify!($field)
                );
                rust += &format!(
                    "{}.{} {}\n", $c, stringify!($field), std::mem::offset_of!(abi::$ty, $field)
                );
            )*
        )*
        (c, rust)
    }};
}

/// Every struct has the same fields at the same places in C and in Rust.
#[test]
fn layouts_are_equal() {
    let (c, rust) = layout! {
        Str "pretext_str": at len;
        Size "pretext_size": terms;
        Param "pretext_param": size name ty choices preset doc low high optional reserved;
        Input "pretext_input": size name ty doc at_least or_list reserved;
        Task "pretext_task": size name summary doc cite title link example semantics params param_count inputs
            input_count data build augment parts part_count;
        Part "pretext_part": size name doc;
        Transform "pretext_transform": size name summary doc cite title link example semantics params param_count data
            types make apply free whole_clips reserved;
        Plugin "pretext_plugin": size magic abi_major abi_minor name version tasks task_count transforms
            transform_count;
        Value "pretext_value": size kind reserved integer number high text;
        Attr "pretext_attr": size name kind reserved integer number text ints sizes count;
        Host "pretext_host": size abi_major abi_minor arg arg_item field answer fail error input inputs input_stacked
            classes records op shape whole parameter enter leave module call call_part ema objective_of part fill
            kmeans;
        Image "pretext_image": size id pixels height width channels;
        Sampler "pretext_sampler": size abi_major abi_minor input input_image input_label input_text random new_image
            emit_image emit_label open_list close_list fail emit_text input_tokens emit_tokens pieces piece piece_id
            input_clip input_frame open_clip close_clip input_boxes emit_boxes;
    };
    let numbers: &[(&str, u64)] = &[
        ("PRETEXT_MAGIC", abi::MAGIC),
        ("PRETEXT_ABI_MAJOR", abi::MAJOR.into()),
        ("PRETEXT_ABI_MINOR", abi::MINOR.into()),
        ("PRETEXT_FAILED", abi::FAILED as u64),
        ("PRETEXT_PANICKED", abi::PANICKED as u64),
        ("PRETEXT_STALE", abi::STALE as u64),
        ("PRETEXT_UNKNOWN_OP", abi::UNKNOWN_OP as u64),
        ("PRETEXT_ABSENT", abi::ABSENT as u64),
        ("PRETEXT_TOO_SMALL", abi::TOO_SMALL as u64),
        ("PRETEXT_MISUSED", abi::MISUSED as u64),
        ("PRETEXT_NUMBER", abi::value::NUMBER.into()),
        ("PRETEXT_INTEGER", abi::value::INTEGER.into()),
        ("PRETEXT_RATIO", abi::value::RATIO.into()),
        ("PRETEXT_LENGTH", abi::value::LENGTH.into()),
        ("PRETEXT_EPOCHS", abi::value::EPOCHS.into()),
        ("PRETEXT_STEPS", abi::value::STEPS.into()),
        ("PRETEXT_RANGE", abi::value::RANGE.into()),
        ("PRETEXT_TEXT_VALUE", abi::value::TEXT.into()),
        ("PRETEXT_WORD", abi::value::WORD.into()),
        ("PRETEXT_LIST", abi::value::LIST.into()),
        ("PRETEXT_NET", abi::value::NET.into()),
        ("PRETEXT_OTHER", abi::value::OTHER.into()),
        ("PRETEXT_ATTR_INT", abi::attr::INT.into()),
        ("PRETEXT_ATTR_FLOAT", abi::attr::FLOAT.into()),
        ("PRETEXT_ATTR_INTS", abi::attr::INTS.into()),
        ("PRETEXT_ATTR_SIZE", abi::attr::SIZE.into()),
        ("PRETEXT_ATTR_SIZES", abi::attr::SIZES.into()),
        ("PRETEXT_ATTR_TEXT", abi::attr::TEXT.into()),
        ("PRETEXT_ATTR_SWITCH", abi::attr::SWITCH.into()),
        ("PRETEXT_INIT_CONSTANT", abi::init::CONSTANT.into()),
        ("PRETEXT_INIT_UNIFORM", abi::init::UNIFORM.into()),
        ("PRETEXT_INIT_NORMAL", abi::init::NORMAL.into()),
        (
            "PRETEXT_INIT_TRUNCATED_NORMAL",
            abi::init::TRUNCATED_NORMAL.into(),
        ),
        ("PRETEXT_SAMPLE_IMAGE", abi::sample::IMAGE.into()),
        ("PRETEXT_SAMPLE_LABEL", abi::sample::LABEL.into()),
        ("PRETEXT_SAMPLE_TEXT", abi::sample::TEXT.into()),
        ("PRETEXT_SAMPLE_TOKENS", abi::sample::TOKENS.into()),
        ("PRETEXT_SAMPLE_CLIP", abi::sample::CLIP.into()),
        ("PRETEXT_SAMPLE_BOXES", abi::sample::BOXES.into()),
    ];
    let mut c = c;
    let mut rust = rust;
    for (name, value) in numbers {
        c += &format!("printf(\"{name} %llu\\n\", (unsigned long long){name});\n");
        rust += &format!("{name} {value}\n");
    }
    let folder = project();
    let source = folder.path().join("layout.c");
    let text = format!(
        "#include <stdio.h>\n#include \"pretext_plugin.h\"\nint main(void) {{\n{c}return 0;\n}}\n"
    );
    fs::write(&source, text).expect("a file");
    let program = folder.path().join("layout");
    let built = Command::new("cc")
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unused-function",
            "-I",
        ])
        .arg(root().join("plugins/sdk/include"))
        .arg("-o")
        .args([&program, &source])
        .output()
        .expect("a C compiler");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let said = Command::new(&program).output().expect("the program");
    assert_eq!(String::from_utf8_lossy(&said.stdout), rust);
}

/// A plugin's draws are a built-in transform's: whatever is drawn, in whatever order, both streams give the same numbers and use up
/// as many bits.
#[test]
fn the_sdk_draws_the_same_numbers() {
    use pretext::data::Philox;
    for seed in 0..16 {
        let mut own = Philox::new(seed, &[1, 2]);
        let mut bits = Philox::new(seed, &[1, 2]);
        let mut next = || bits.next_u32();
        let mut sdk = pretext_plugin::Rng::new(&mut next);
        let mut order = Philox::new(seed, &[3]);
        for _ in 0..500 {
            match order.below(7) {
                0 => assert_eq!(own.next_u32(), sdk.next_u32()),
                1 => assert_eq!(own.uniform().to_bits(), sdk.uniform().to_bits()),
                2 => assert_eq!(
                    own.between(-3.0, 8.0).to_bits(),
                    sdk.between(-3.0, 8.0).to_bits()
                ),
                3 => {
                    // a large bound draws again every other time
                    for n in [0, 1, 7, (1 << 31) + 1] {
                        assert_eq!(own.below(n), sdk.below(n));
                    }
                }
                4 => assert_eq!(own.chance(0.3), sdk.chance(0.3)),
                5 => assert_eq!(own.normal().to_bits(), sdk.normal().to_bits()),
                _ => assert_eq!(own.permutation(9), sdk.permutation(9)),
            }
        }
        assert_eq!(
            own.next_u32(),
            sdk.next_u32(),
            "another number of bits was used"
        );
    }
}
