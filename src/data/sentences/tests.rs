use proptest::prelude::*;

use super::*;

/// Each case is what it should be cut into, with a space between.
fn same(cases: &[&[&str]]) {
    for case in cases {
        assert_eq!(sentences(&case.join(" ")), *case);
    }
}

#[test]
fn marks_end_a_sentence_before_what_begins_one() {
    same(&[
        &["The lamp was lit.", "The ships passed."],
        &[
            "Was it lit?",
            "It was!",
            "So it was…",
            "And then?!",
            "Then...",
        ],
        &["It was in 1990.", "Then came 1991.", "1992 was dull."],
        &["It cost 3.50 dollars at 10.30, version 1.2.3.", "Next."],
        &[
            "See example.com for more.",
            "It is at www.example.org/a.b?c=D.",
            "Ok.",
        ],
        &["He yelled at Yahoo! and left.", "Why? because."],
        &["The end .", "The next one ."],
        &["Well . . . and then"],
        &["No mark at all"],
        &[
            "Er kam.",
            "Ändern wollte er nichts.",
            "Öfter als nötig?",
            "Ja.",
        ],
        &["¿Qué?", "¡Nada!", "Él dijo que no."],
        &["Он пришёл.", "Потом ушёл."],
        &["यह एक वाक्य है।", "यह दूसरा है।"],
        &["هل هذا صحيح؟", "نعم هو كذلك."],
        &["Good 🙂!", "🙂 Yes."],
    ]);
}

#[test]
fn quotes_brackets_and_notes_close_behind_the_mark() {
    same(&[
        &[
            "“Why?” he asked.",
            "“Because,” she said.",
            "“I left.”",
            "“So did I.”",
        ],
        &["\"Stop!\" she cried.", "\"No.\"", "'Now.'", "Then he went."],
        &[
            "He left (she stayed.)",
            "(They met.)",
            "[All of them.]",
            "So.",
        ],
        &["It was so.[12]", "It is known.[3][4]", "See [5] for it."],
        &["« Oui. »", "« Non. » dit-il.", "»Ja.«", "»Nein.«"],
        &["He said it (twice!) and left.", "Done."],
        &["*Really?*", "_Yes._", "Ok."],
        &["It ended.", "— Not quite.", "- No."],
    ]);
}

#[test]
fn abbreviations_do_not_end_one() {
    same(&[
        &["He was treated for MS.", "Paul uses IE.", "Others do not."],
        &[
            "Mr. Smith met Mrs. Jones and Dr. Who at St. Paul.",
            "Prof. X came.",
        ],
        &["He read A. A. Milne.", "It was I. Newton."],
        &["J. R. R. Tolkien and C. S. Lewis met.", "They spoke."],
        &[
            "Words, e.g. Cat and i.e. Dog, vs. Bird.",
            "Cf. Smith for this.",
        ],
        &[
            "He lives in the U.S. and works.",
            "She came to the U.S. Army.",
        ],
        &[
            "He left the U.S.",
            "The army stayed until 5 p.m.",
            "Then it left.",
        ],
        &[
            "See Fig. 3 and No. 5, pp. 12 in vol. 2.",
            "I said no.",
            "Then I left.",
        ],
        &[
            "On Jan. 5 and Sept. 11 it was.",
            "It was in Dec.",
            "Then it ended.",
        ],
        &[
            "Apple Inc. Chief Tim Cook spoke.",
            "He left Apple Inc.",
            "The firm stayed.",
        ],
        &[
            "Smith et al. (2019) found it.",
            "So did Jones et al.",
            "They agree.",
        ],
        &[
            "Martin Luther King Jr. Day is here.",
            "She has a Ph.D. Student of hers.",
        ],
        &["1. First comes this.", "2. Second comes that."],
        &["I like apples, pears, etc.", "He does not."],
        &["The reps. came.", "I paid the rep.", "Then I left."],
    ]);
}

#[test]
fn chinese_and_japanese_need_no_space() {
    for (text, wanted) in [
        (
            "他来了。她走了！为什么？不知道",
            &["他来了。", "她走了！", "为什么？", "不知道"][..],
        ),
        (
            "「行く。」と言った。雨だ。",
            &["「行く。」", "と言った。", "雨だ。"],
        ),
        ("圆周率是3．14。对", &["圆周率是3．14。", "对"]),
        ("真的?是的!好", &["真的?", "是的!", "好"]),
    ] {
        assert_eq!(sentences(text), wanted);
    }
}

#[test]
fn lines_end_a_sentence_unless_they_were_broken_for_want_of_room() {
    // a title, and a paragraph as a page has it
    let page = "A title of its own\n\
        The keeper of the lighthouse kept a log. Every evening he wrote the\n\
        weather, the ships, and the hour at which the lamp was lit in the\n\
        United Kingdom. It was long.\n\n\
        Another paragraph\nwith a short line";
    let found = sentences(page);
    assert_eq!(found.len(), 6, "{found:#?}");
    assert_eq!(found[0], "A title of its own");
    assert!(found[2].starts_with("Every evening") && found[2].ends_with("the\nUnited Kingdom."));
    assert_eq!(found[4..], ["Another paragraph", "with a short line"]);
    // one paragraph a line, as articles are stored
    let long = "It is a long paragraph of an article which was never broken into lines by anyone, and has more letters than a page has room for";
    let article = format!("Title\r\n\r\n{long}\r\n{long}\u{2029}{long}");
    assert_eq!(sentences(&article), ["Title", long, long, long]);
    let list = "eggs\nmilk\n\n \t \nbread";
    assert_eq!(sentences(list), ["eggs", "milk", "bread"]);
}

#[test]
fn nothing_gives_nothing() {
    for text in ["", " ", "\n\n \t\r\n", "\u{3000}"] {
        assert!(sentences(text).is_empty(), "{text:?}");
    }
    assert_eq!(sentences("..."), ["..."]);
    assert_eq!(sentences("."), ["."]);
    let long = "word ".repeat(2_000_000);
    assert_eq!(sentences(&long).len(), 1);
    // no stretch is looked at again and again
    let marks = ". A".repeat(500_000);
    assert!(sentences(&marks).len() > 1);
    assert_eq!(sentences(&"[1".repeat(500_000)).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn nothing_but_white_space_is_lost(text in "([a-zA-Z0-9.!?… \\n\"'()\\[\\]—。「」é東🙂]|Mr\\. |U\\.S\\. |\\r\\n){0,60}") {
        let dense = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let found = sentences(&text);
        prop_assert_eq!(dense(&found.concat()), dense(&text));
        prop_assert!(found.iter().all(|own| !own.is_empty() && own.trim() == *own));
    }

    #[test]
    fn any_text_is_cut(text in any::<String>()) {
        let found = sentences(&text);
        prop_assert!(found.iter().all(|own| text.contains(own)));
    }
}
