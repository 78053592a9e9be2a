//! The mistakes: what a text becomes, and on which line.

use std::ops::Range;

use super::sites::{calls, fields, line, places, value};

/// One kind of mistake.
pub struct Kind {
    pub name: &'static str,
    /// Whether one edit is what everybody would do.
    pub fixed: bool,
    seed: Seed,
}

/// How it is made.
enum Seed {
    /// One text by another.
    Swap(&'static str, &'static str),
    /// The name of this field by another.
    Field(&'static str, &'static str),
    /// The value of this field by another.
    Value(&'static str, &'static str),
    /// One of some places by what is made of its text.
    At(fn(&str) -> Vec<Range<usize>>, fn(&str) -> String),
    /// The whole text; and the line.
    Whole(fn(&str) -> Option<(Vec<u8>, u64)>),
}

use Seed::{At, Field, Swap, Value, Whole};

macro_rules! kinds {
    ($($name:literal $fixed:ident $seed:expr;)*) => {
        pub const KINDS: &[Kind] = &[$(Kind { name: $name, fixed: stringify!($fixed).len() == 3, seed: $seed },)*];
    };
}

// `fix`: one edit mends it; `none`: only its author knows what was meant
kinds! {
    // signs
    ": for =" fix Swap(" = ", ": ");
    ":= for =" fix Swap(" = ", " := ");
    "== for =" fix Swap(" = ", " == ");
    "no =" fix Field("length", "length!");
    "-> for |>" fix Swap("|>", "->");
    "| for |>" fix Swap("|>", "|");
    ">> for |>" fix Swap("|>", ">>");
    "no |>" fix Swap(" |> ", " ");
    ". for |>" fix Swap(" |> ", ".");
    "|> twice" fix Swap("|>", "|> |>");
    "no comma" fix Swap(", ", " ");
    "comma twice" fix Swap(", ", ",, ");
    "; ends a field" fix At(|t| ends(t, |field| !field.is_empty()), |end| format!(";{end}"));
    "# comment" fix Swap("ssl 1\n", "ssl 1\n# a note\n");
    // brackets
    "no (" none Swap("(", " ");
    "no )" fix Swap(")\n", "\n");
    "] for )" fix Swap(")\n", "]\n");
    ") twice" fix Swap(")\n", "))\n");
    "no {" fix Swap(") {\n", ")\n");
    "no }" fix Swap("\n}\n", "\n");
    "} twice" fix Swap("\n}\n", "\n}\n}\n");
    "} too early" fix Swap(") {\n", ") {}\n");
    "no brackets" fix At(called_without, |_| String::new());
    // numbers
    "1_000" fix Value("batch", "1_024");
    "1,000" fix Value("batch", "1,024");
    "1k" fix Value("batch", "1k");
    "64.0" fix Value("batch", "64.0");
    "2**6" fix Value("batch", "2**6");
    "\"64\"" fix Value("batch", "\"64\"");
    "-64" none Value("batch", "-64");
    "batch 0" none Value("batch", "0");
    ".001" fix Swap("(1e-3", "(.001");
    ".3" fix Swap("= 0.", "= .");
    "no unit" fix Value("length", "10");
    "wrong unit" none Value("length", "10 minutes");
    "misspelt unit" fix Swap("epochs", "eopchs");
    "px left out" fix Swap("px", "");
    "% for px" none Swap("px", "%");
    "tuple for range" fix At(ranges, |range| format!("({})", range.replace("..", ", ")));
    "- for .." fix At(ranges, |range| range.replace("..", "-"));
    "... for .." fix At(ranges, |range| range.replace("..", "..."));
    "list for range" fix At(ranges, |range| format!("[{}]", range.replace("..", ", ")));
    "range backwards" fix At(ranges, |range| {
        let (low, high) = range.split_once("..").unwrap_or(("0.1", "0.2"));
        if low == high { format!("{}..0.01", "0.5") } else { format!("{high}..{low}") }
    });
    "share without %" fix Swap("hflip(50%)", "hflip(0.5)");
    // words of other languages
    "None" fix Value("schedule", "None");
    "null" fix Value("schedule", "null");
    "True" none Value("batch", "True");
    "quotes about a name" fix Value("encoder", "\"small_cnn\"");
    "epochs = 10" fix At(|t| whole(t, "length"), |_| "epochs = 10".into());
    "max_epochs = 10" fix At(|t| whole(t, "length"), |_| "max_epochs = 10".into());
    "steps = 10" fix At(|t| whole(t, "length"), |_| "num_steps = 10".into());
    "lr = 1e-3" fix At(|t| whole(t, "optimizer"), |_| "lr = 1e-3".into());
    "batch_size" fix Field("batch", "batch_size");
    "backbone" fix Field("encoder", "backbone");
    "model" fix Field("encoder", "model");
    "projector" fix Field("head", "projector");
    "mlp" fix Field("head", "mlp");
    "train_data" fix Field("data", "train_data");
    "dataset as a field" fix Field("data", "dataset");
    "transforms" fix Field("augment", "transforms");
    "scheduler" fix Field("schedule", "scheduler");
    "optim" fix Field("optimizer", "optim");
    "test_data" fix Field("test", "test_data");
    "criterion" none At(|t| whole(t, "schedule"), |_| "criterion = mse".into());
    "num_workers in a stage" none At(|t| whole(t, "schedule"), |_| "num_workers = 4".into());
    "seed in a stage" none At(|t| whole(t, "schedule"), |_| "seed = 4".into());
    "learning_rate" fix Swap("adamw(", "adamw(learning_rate = ");
    "wd" fix Swap("weight_decay", "wd");
    "p for chance" fix Swap("chance", "prob");
    "model for encoder" fix Swap("\nencoder ", "\nmodel ");
    "train for pretext" fix Swap("\npretext ", "\ntrain ");
    "eval for evaluate" fix Swap("\nevaluate ", "\neval ");
    "data for dataset" fix Swap("\ndataset ", "\ndata ");
    "transform for augment" fix Swap("\naugment ", "\ntransform ");
    "let" none Swap("\ndataset ", "\nlet ");
    "import" none Swap("ssl 1\n", "ssl 1\nimport torch\n");
    // names
    "misspelt field" fix At(|t| fields(t).into_iter().filter(|f| f.len() > 3).collect(), swapped);
    "misspelt call" fix At(calls, swapped);
    "a letter left out" fix At(|t| calls(t).into_iter().filter(|c| &t[c.clone()] != "adamw").collect(), |word| word[..word.len() - 1].into());
    "capital" fix At(calls, |word| word[..1].to_uppercase() + &word[1..]);
    "camelCase" fix At(|t| snakes(t, calls(t)), camel);
    "kebab-case" fix At(|t| snakes(t, calls(t)), |word| word.replace('_', "-"));
    "misspelt encoder" none Value("encoder", "smal_cn");
    "misspelt stage" fix At(|t| of(t, "from"), swapped);
    "misspelt augment" fix At(|t| of(t, "augment"), swapped);
    "misspelt split" fix Swap(".train\n", ".tran\n");
    "a split of its own" none Swap(".train\n", ".holdout\n");
    "data[split]" none Swap(".train\n", "[train]\n");
    "misspelt keyword" fix Swap("\npretext ", "\npretex ");
    "misspelt evaluate" fix Swap("\nevaluate ", "\nevalute ");
    "misspelt emit" fix Swap("emit ", "emmit ");
    "return" fix Swap("emit ", "return ");
    "no name" none At(|t| named(t, "\npretext "), |_| String::new());
    "a keyword as a name" none At(|t| named(t, "\nevaluate "), |_| "run".into());
    "no name of an evaluation" fix At(|t| named(t, "\nevaluate "), |_| String::new());
    "a name alone" fix Swap("\ndataset ", "\n");
    "a field twice" none At(|t| lines(t, "batch"), |line| format!("{line}\n{line}"));
    "an augment as encoder" none Value("encoder", "view");
    "a task as evaluator" none Swap("= knn(", "= simclr(");
    "a call for an augment" fix At(|t| of(t, "augment"), |name| format!("{name}()"));
    "no data" none At(|t| lines(t, "data"), |_| String::new());
    // strings
    "'text'" fix At(texts, |text| text.replace('"', "'"));
    "“text”" fix At(texts, |text| format!("“{}”", text.trim_matches('"')));
    "no closing quote" fix At(texts, |text| text[..text.len() - 1].into());
    "no quotes" none At(texts, |text| text.trim_matches('"').into());
    // characters
    "no-break space" fix Swap(" = ", "\u{a0}= ");
    "zero-width space" fix Swap(" = ", " \u{200b}= ");
    "typographic minus" fix Swap("e-", "e−");
    "full-width comma" fix Swap(", ", "，");
    "full-width bracket" fix Swap("(", "（");
    "Cyrillic letter" fix Swap("encoder ", "encоder ");
    "Greek letter" fix Swap("head ", "heαd ");
    "ellipsis" fix At(ranges, |range| range.replace("..", "…"));
    "arrow" fix Swap("|>", "→");
    "times sign" fix Swap(" * ", " × ");
    "carriage returns" fix Whole(|text| Some((text.replace('\n', "\r").into_bytes(), 1)));
    "UTF-16" none Whole(|text| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        Some((b"\xff\xfe".iter().copied().chain(units).collect(), 1))
    });
    "Latin-1" none Whole(|text| {
        let mut bytes = text.as_bytes().to_vec();
        bytes.extend(b"// \xe9t\xe9\n");
        Some((bytes, line(text, text.len())))
    });
    // lines
    "two fields on a line" fix At(field_ends, |_| " ".into());
    "two items on a line" fix At(item_ends, |_| " ".into());
    "git conflict" none Whole(|text| {
        let at = text.find("\npretext ")? + 1;
        let (head, tail) = text.split_at(at);
        let end = tail.find("\n\n").map_or(tail.len(), |end| end + 1);
        let ours = &tail[..end];
        let whole = format!("{head}<<<<<<< HEAD\n{ours}=======\n{ours}>>>>>>> theirs\n{}", &tail[end..]);
        Some((whole.into_bytes(), line(text, at)))
    });
    "git conflict in a field" none Whole(|text| {
        let field = text.find("  batch ")?;
        let (head, tail) = text.split_at(field);
        let end = tail.find('\n')? + 1;
        let ours = &tail[..end];
        let whole = format!("{head}<<<<<<< HEAD\n{ours}=======\n  batch = 8\n>>>>>>> theirs\n{}", &tail[end..]);
        Some((whole.into_bytes(), line(text, field)))
    });
    // the first line
    "no edition" fix Swap("ssl 1\n", "");
    "SSL 1" fix Swap("ssl 1\n", "SSL 1\n");
    "ssl: 1" fix Swap("ssl 1\n", "ssl: 1\n");
    "ssl 2" fix Swap("ssl 1\n", "ssl 2\n");
    "ssl v1" fix Swap("ssl 1\n", "ssl v1\n");
    "#!" fix Swap("ssl 1\n", "#!/usr/bin/env pretext\nssl 1\n");
    "the edition twice" fix Whole(|text| Some((text.replacen("ssl 1\n", "ssl 1\nssl 1\n", 1).into_bytes(), 2)));
    // values
    "too many arguments" none At(|t| places(t, "relu()"), |_| "relu(1, 2)".into());
    "unknown argument" none At(|t| places(t, "relu()"), |_| "relu(inplace = true)".into());
    "a share above 100 %" none Swap("(50%)", "(150%)");
    "a layer of 0" none At(|t| places(t, "linear("), |_| "linear(0) |> linear(".into());
    "head too wide" none At(|t| places(t, "linear("), |_| "linear(99999999999) |> linear(".into());
    "unknown device" none Swap("run { ", "run { device = gpu, ");
}

impl Kind {
    /// A recipe with this mistake, and its line; none where there is no place for it.
    pub fn cases(&self, recipe: &str, text: &str) -> Vec<(Vec<u8>, u64)> {
        let named = |name: &str| {
            let all = fields(text).into_iter();
            all.filter(|field| &text[field.clone()] == name)
                .collect::<Vec<_>>()
        };
        let (places, make): (Vec<Range<usize>>, Box<dyn Fn(&str) -> String>) = match &self.seed {
            Swap(from, to) => (places(text, from), Box::new(|_| (*to).to_owned())),
            // `length!`: the sign behind it goes
            Field(name, to) if to.ends_with('!') => {
                let at = named(name)
                    .into_iter()
                    .map(|f| f.start..value(text, &f).start);
                (at.collect(), Box::new(|_| to.replace('!', " ")))
            }
            Field(name, to) => (named(name), Box::new(|_| (*to).to_owned())),
            Value(name, to) => {
                let at = named(name).iter().map(|field| value(text, field)).collect();
                (at, Box::new(|_| (*to).to_owned()))
            }
            At(find, make) => (find(text), Box::new(make)),
            Whole(make) => return make(text).into_iter().collect(),
        };
        if places.is_empty() {
            return Vec::new();
        }
        // one of them, another one in each recipe, and each kind in a fourth of the recipes
        let hash = blake3::hash(format!("{recipe} {}", self.name).as_bytes());
        if !hash.as_bytes()[2].is_multiple_of(4) {
            return Vec::new();
        }
        let at = &places[usize::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]]))
            % places.len()];
        let by = make(&text[at.clone()]);
        let whole = format!("{}{by}{}", &text[..at.start], &text[at.end..]);
        let from = &text[at.clone()];
        // the mistake is where the two begin to differ
        let same = from
            .bytes()
            .zip(by.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let breaks = by.as_bytes()[same..]
            .iter()
            .take_while(|byte| **byte == b'\n');
        // what is put in on lines of its own is the mistake; where something was taken out nothing was put in
        let breaks = if by.len() > from.len() {
            breaks.count()
        } else {
            0
        };
        let line = match self.name {
            // what is open, or lacks something, begins where its item does
            "no }" | "no data" => header(&whole, at.start),
            _ => line(&whole, at.start + same) + breaks as u64,
        };
        vec![(whole.into_bytes(), line)]
    }
}

/// The line of the item that holds this place.
fn header(text: &str, at: usize) -> u64 {
    let lines = text[..at].lines().enumerate();
    let heads = lines.filter(|(_, line)| line.starts_with(|c: char| c.is_ascii_alphabetic()));
    heads.last().map_or(1, |(index, _)| index as u64 + 1)
}

/// The two letters in the middle change places; where they are the same, one is doubled.
fn swapped(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let middle = letters.len() / 2;
    if middle > 0 && letters[middle] != letters[middle - 1] {
        letters.swap(middle, middle - 1);
    } else {
        letters.push('x');
    }
    letters.into_iter().collect()
}

fn camel(word: &str) -> String {
    let parts = word.split('_').enumerate();
    parts
        .map(|(index, part)| match index {
            0 => part.to_owned(),
            _ => part[..1].to_uppercase() + &part[1..],
        })
        .collect()
}

fn snakes(text: &str, words: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let words = words.into_iter();
    words
        .filter(|word| text[word.clone()].trim_matches('_').contains('_'))
        .collect()
}

/// `0.2..1.0`
fn ranges(text: &str) -> Vec<Range<usize>> {
    let part = |c: &char| c.is_ascii_digit() || *c == '.';
    places(text, "..")
        .into_iter()
        .filter_map(|dots| {
            let before = text[..dots.start].chars().rev().take_while(part).count();
            let after = text[dots.end..].chars().take_while(part).count();
            (before > 0 && after > 0).then_some(dots.start - before..dots.end + after)
        })
        .collect()
}

/// `"text"`
fn texts(text: &str) -> Vec<Range<usize>> {
    let quotes = places(text, "\"");
    quotes
        .chunks_exact(2)
        .map(|pair| pair[0].start..pair[1].end)
        .collect()
}

/// The value of a field where it is one word.
fn of(text: &str, name: &str) -> Vec<Range<usize>> {
    let all = fields(text)
        .into_iter()
        .filter(|field| &text[field.clone()] == name);
    all.map(|field| value(text, &field))
        .filter(|at| {
            text[at.clone()].len() > 2
                && text[at.clone()]
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
        .collect()
}

/// The field with its value.
fn whole(text: &str, name: &str) -> Vec<Range<usize>> {
    let all = fields(text)
        .into_iter()
        .filter(|field| &text[field.clone()] == name);
    all.map(|field| field.start..value(text, &field).end)
        .collect()
}

/// The whole line of a field.
fn lines(text: &str, name: &str) -> Vec<Range<usize>> {
    whole(text, name)
        .into_iter()
        .filter(|at| !text[at.clone()].contains('('))
        .collect()
}

/// The end of the line of each field.
fn ends(text: &str, wanted: fn(&str) -> bool) -> Vec<Range<usize>> {
    let all = fields(text)
        .into_iter()
        .filter(|field| wanted(&text[field.clone()]));
    all.map(|field| value(text, &field).end)
        .map(|end| end..end)
        .collect()
}

/// The line end between two fields.
fn field_ends(text: &str) -> Vec<Range<usize>> {
    let all = fields(text);
    let pairs = all
        .windows(2)
        .filter(|pair| text[value(text, &pair[0]).end..pair[1].start].trim_matches(' ') == "\n");
    pairs
        .map(|pair| value(text, &pair[0]).end..pair[1].start)
        .collect()
}

/// The line ends between two items.
fn item_ends(text: &str) -> Vec<Range<usize>> {
    ["\n\npretext ", "\n\nevaluate ", "\n\nfinetune "]
        .iter()
        .flat_map(|pattern| {
            places(text, pattern)
                .into_iter()
                .map(|at| at.start..at.start + 2)
        })
        .collect()
}

/// The name behind a keyword.
fn named(text: &str, keyword: &str) -> Vec<Range<usize>> {
    places(text, keyword)
        .into_iter()
        .map(|at| {
            let end = at.end + text[at.end..].find(' ').unwrap_or(0);
            at.end..end
        })
        .collect()
}

/// `()` behind a call without arguments.
fn called_without(text: &str) -> Vec<Range<usize>> {
    let pairs = places(text, "()").into_iter();
    pairs
        .filter(|at| !text[..at.start].ends_with("augment"))
        .collect()
}
