//! What a script can't do, and what it says when it tries.

use std::time::{Duration, Instant};

use super::*;
use crate::catalog::Make;
use crate::data::SampleType;
use crate::graph::{DType, Mode, Op, Size, show};
use crate::language::Span;

/// A task whose `build` has this body.
fn with_body(body: &str) -> String {
    format!(
        "fn inputs() {{ [#{{name: \"x\", type: \"image\", doc: \"x\"}}] }}\nfn build(g, p) {{\n{body}\n}}\n"
    )
}

/// Traces a task on a graph with the input `x [B, 8]`.
fn trace(text: &str) -> Result<Graph> {
    let spec = entry("tasks/test.rhai", text, FileId(7))?;
    let Make::Task { build, .. } = &spec.make else {
        panic!("no task")
    };
    let mut g = Graph::new(Mode::Train);
    g.declare_input("x", vec![Size::batch(), 8.into()], DType::F32, None);
    build(&mut g, &Args::default())?;
    Ok(g)
}

/// The problem of a script, the line it names, and the processor time it took.
fn refused(text: &str) -> (Problem, usize, Duration) {
    let start = clock::spent();
    let problem = match trace(text) {
        Err(problem) => problem,
        Ok(_) => panic!("this passes:\n{}", &text[..text.len().min(400)]),
    };
    let time = clock::spent() - start;
    let At::Span(span) = problem.at else {
        panic!("{problem:?}")
    };
    assert_eq!(span.file, FileId(7), "{problem:?}");
    let line = text[..span.start].matches('\n').count() + 1;
    (problem, line, time)
}

/// The interpreter is made once and takes a moment: no single script pays for it.
fn warm() {
    sandbox::engine();
}

#[track_caller]
fn bounded(what: &str, text: &str, says: &str) {
    warm();
    let (problem, line, time) = refused(text);
    assert!(problem.message.contains(says), "{what}: {problem:?}");
    println!("{what}: {time:?}, line {line}: {}", problem.message);
    assert!(time < Duration::from_millis(100), "{what}: {time:?}");
}

#[test]
fn endless_loops_are_stopped() {
    bounded("loop", &with_body("loop { }"), "steps");
    bounded(
        "while",
        &with_body("let i = 0; while true { i += 1; }"),
        "steps",
    );
    bounded(
        "for",
        &with_body("for i in 0..9000000000000000000 { }"),
        "steps",
    );
    bounded(
        "closure",
        &with_body("let f = |x| x; loop { f.call(1) }"),
        "steps",
    );
    bounded("outside", "loop { }", "steps");
    let declared = "fn params() { loop { } }\nfn inputs() { [] }\nfn build(g, p) { }\n";
    bounded("params", declared, "steps");
    bounded(
        "try",
        &with_body("loop { try { throw 1; } catch { } }"),
        "steps",
    );
    bounded(
        "range",
        &with_body("for x in range(0.0, 1.0, 1e-300) { }"),
        "steps",
    );
}

#[test]
fn slow_steps_are_stopped_by_the_clock() {
    // each step costs much more than a step should
    let turning = "let a = []; a.pad(1000, 1);\nloop { let b = a; b.reverse(); }";
    bounded("turning", &with_body(turning), "");
    let replacing = "let a = \"\"; a.pad(8000, 'a'); let b = \"\"; b.pad(8000, 'b');\nloop { let c = a; c.replace(\"a\", b); }";
    bounded("replacing", &with_body(replacing), "");
    let mapping = "let a = []; a.pad(1000, 1); let b = a;\nlet c = a.map(|x| b);";
    bounded("mapping", &with_body(mapping), "");
}

#[test]
fn exploding_strings_are_stopped() {
    bounded(
        "doubling",
        &with_body("let s = \"a\"; loop { s += s; }"),
        "string",
    );
    bounded(
        "padding",
        &with_body("let s = \"a\"; s.pad(1000000000, 'a');"),
        "string",
    );
    bounded(
        "interpolation",
        &with_body("let s = \"a\"; loop { s = `${s}${s}`; }"),
        "string",
    );
    let many = "let a = []; let s = \"\"; s.pad(8000, 'a'); loop { a.push(s); }";
    bounded("many", &with_body(many), "string");
    let literal = with_body(&format!("let s = \"{}\";", "a".repeat(9000)));
    bounded("literal", &literal, "string");
}

#[test]
fn exploding_arrays_are_stopped() {
    bounded("pushing", &with_body("let a = []; loop { a.push(1); }"), "");
    bounded(
        "doubling",
        &with_body("let a = [1]; loop { a += a; }"),
        "array",
    );
    bounded(
        "nesting",
        &with_body("let a = [1]; loop { a = [a, a]; }"),
        "array",
    );
    bounded("deep", &with_body("let a = []; loop { a = [a]; }"), "");
    bounded(
        "padding",
        &with_body("let a = []; a.pad(9000000000000000, 0);"),
        "array",
    );
    // 2^57 times 128 elements are 2^64, which is nothing to who does not look
    let wrapping = "let b = []; b.pad(127, 0); let a = []; a.pad(144115188075855872, b);";
    bounded("wrapping", &with_body(wrapping), "array");
    // as long as an array may be
    let full = "let a = []; a.pad(10000, 1); let b = a;";
    for (what, body) in [
        ("squared", "let c = a.map(|x| b);"),
        ("cubed", "let c = a.map(|x| { let d = b; d.map(|y| b) });"),
        ("rows", "let c = []; loop { c.push(a); }"),
        ("sorted", "loop { a.sort(|x, y| 0); }"),
        ("ordered", "loop { order_by(a, |x, y| 0); }"),
        (
            "without doubles",
            "loop { let c = a; c.dedup(|x, y| false); }",
        ),
        ("an order without an end", "order(a, |x, y| { loop { } })"),
        (
            "an order in an order",
            "order(a, |x, y| order(a, |x, y| 0))",
        ),
        ("sorted by no function", "a.sort(\"nope\")"),
        ("without doubles by no function", "a.dedup(\"nope\")"),
        ("compared", "let c = a.filter(|x| b == b);"),
        ("joined", "let c = a.reduce(|sum, x| sum + [x], []);"),
        ("searched", "loop { a.contains(2); }"),
    ] {
        bounded(what, &with_body(&format!("{full} {body}")), "");
    }
    let mapped =
        "let a = []; a.pad(64, [1]); let b = a; let c = a.map(|x| b); let d = c; c.map(|x| d)";
    bounded("mapping", &with_body(mapped), "");
}

/// The jigsaw's table: 1000 orders of nine tiles (Noroozi & Favaro, 2016).
#[test]
fn a_table_of_permutations_can_be_built() {
    let body = "let order = [0, 1, 2, 3, 4, 5, 6, 7, 8];
let table = [];
table.pad(1000, 0);
for n in 0..1000 {
  table[n] = order;
  // the next one in the order of a dictionary
  let i = 7;
  while order[i] > order[i + 1] { i -= 1; }
  let j = 8;
  while order[j] < order[i] { j -= 1; }
  let swapped = order[i];
  order[i] = order[j];
  order[j] = swapped;
  let tail = order.extract(i + 1);
  tail.reverse();
  order.truncate(i + 1);
  order += tail;
}
throw `${table.len()} ${table[999]}`;";
    warm();
    let (problem, _, time) = refused(&with_body(body));
    // 999 = 1 · 6! + 2 · 5! + 1 · 4! + 2 · 3! + 1 · 2! + 1 · 1!: which of the numbers that are left comes next
    assert_eq!(problem.message, "1000 [0, 1, 3, 5, 4, 7, 6, 8, 2]");
    println!("a table of permutations: {time:?}");
}

#[test]
fn exploding_maps_are_stopped() {
    bounded(
        "setting",
        &with_body("let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }"),
        "",
    );
    bounded(
        "nesting",
        &with_body("let m = #{a: 1}; loop { m = #{a: m, b: m}; }"),
        "map",
    );
}

#[test]
fn recursion_is_stopped() {
    let text = "fn f(n) { f(n + 1) }\n".to_owned() + with_body("f(0)").as_str();
    bounded("itself", &text, "deep");
    let text = "fn f(n) { k(n) }\nfn k(n) { f(n) }\n".to_owned() + with_body("f(0)").as_str();
    bounded("each other", &text, "deep");
    let text = "fn f(n) { [1].map(|x| f(n)) }\n".to_owned() + with_body("f(0)").as_str();
    bounded("through map", &text, "deep");
    let text = "fn f(n) { let k = Fn(\"f\"); k.call(n) }\n".to_owned() + with_body("f(0)").as_str();
    bounded("through a name", &text, "deep");
}

#[test]
fn chains_of_values_are_freed() {
    // each closure holds the one before: a chain as long as the steps allow, freed link by link
    let chain = "let f = || 0; loop { let h = f; f = || h.call(); }";
    bounded("closures", &with_body(chain), "steps");
    let curry = "let f = |x| x; loop { f = f.curry(f); }";
    bounded("curry", &with_body(curry), "can't use `curry`");
    let shared = "let a = [0]; let f = || a; loop { let b = a; let h = || b; a = [h]; }";
    bounded("lists of closures", &with_body(shared), "");
}

#[test]
fn deep_expressions_are_refused() {
    let deep = |open: &str, inside: &str, close: &str| {
        with_body(&format!(
            "let x = {}{inside}{};",
            open.repeat(3000),
            close.repeat(3000)
        ))
    };
    bounded("brackets", &deep("(", "1", ")"), "deep");
    bounded("lists", &deep("[", "1", "]"), "deep");
    bounded("signs", &deep("-", "1", ""), "");
    bounded("not", &deep("!", "true", ""), "");
    bounded("calls", &deep("f(", "1", ")"), "deep");
    bounded("maps", &deep("#{a: ", "1", "}"), "deep");
    bounded("closures", &deep("|x| ", "1", ""), "");
    bounded("blocks", &with_body(&"{".repeat(5000)), "");
    bounded("ifs", &with_body(&"if true {".repeat(3000)), "");
    bounded("index", &deep("x[", "1", "]"), "");
}

#[test]
fn long_chains_do_no_harm() {
    // long, not deep: the interpreter may take them, if it does so in time and comes back
    warm();
    let sum = format!("let x = 1{};", " + 1".repeat(15_000));
    let dots = format!("let x = #{{}}; x{}", ".a".repeat(20_000));
    let indices = format!("let x = []; x{}", "[0]".repeat(15_000));
    let elses = format!("if false {{}} {}", "else if false {} ".repeat(3000));
    let ands = format!("let x = true{};", " && true".repeat(7000));
    let assigns = format!("let x = 1; {}1;", "x = ".repeat(10_000));
    let comments = format!("{}{}", "/*".repeat(10_000), "*/".repeat(10_000));
    let calls = format!("let x = \"\"; x{};", ".len()".repeat(8000));
    let strings = format!("let x = {}1{};", "`${".repeat(5000), "}`".repeat(5000));
    for body in [
        sum, dots, indices, elses, ands, assigns, comments, calls, strings,
    ] {
        let mut time = Duration::MAX;
        let mut result = Ok(Graph::new(Mode::Train));
        for _ in 0..3 {
            let start = clock::spent();
            result = trace(&with_body(&body));
            time = time.min(clock::spent() - start);
        }
        let said = result
            .err()
            .map_or("passes".into(), |problem| problem.message);
        println!("{}…: {time:?}, {said}", &body[..20]);
        assert!(
            time < Duration::from_millis(100),
            "{time:?}: {}",
            &body[..20]
        );
    }
}

#[test]
fn what_reaches_outside_is_refused() {
    bounded(
        "import",
        &with_body("import \"other\" as o;"),
        "can't use `import`",
    );
    bounded("export", "export let x = 1;", "can't use `export`");
    bounded("eval", &with_body("eval(\"1 + 1\")"), "can't use `eval`");
    bounded(
        "timestamp",
        &with_body("let t = timestamp();"),
        "can't use `timestamp`",
    );
    bounded("sleep", &with_body("sleep(10);"), "can't use `sleep`");
    bounded("rand", &with_body("let x = rand();"), "can't use `rand`");
    bounded(
        "open",
        &with_body("let x = open_file(\"/etc/passwd\");"),
        "can't use `open_file`",
    );
    bounded(
        "print",
        &with_body("loop { print(\"flood\"); }"),
        "can't use `print`",
    );
    bounded(
        "debug",
        &with_body("loop { debug(\"flood\"); }"),
        "can't use `debug`",
    );
    bounded("method", &with_body("\"flood\".print();"), "`print`");
    bounded(
        "through a name",
        &with_body("let f = Fn(\"eval\"); f.call(\"1\")"),
        "eval",
    );
    bounded("exit", &with_body("exit(1)"), "can't use `exit`");
    bounded("json", &with_body("parse_json(\"{}\")"), "parse_json");
}

#[test]
fn graphs_without_end_are_stopped() {
    let text = with_body("let x = g.input(\"x\"); loop { x = x + 1.0; }");
    bounded("nodes", &text, "");
}

#[test]
fn too_much_text_is_refused() {
    bounded("text", &" ".repeat(MAX_BYTES + 1), "bytes");
    let functions: String = (0..300).map(|i| format!("fn f{i}() {{ }}\n")).collect();
    bounded("functions", &functions, "functions");
    let variables: String = (0..300).map(|i| format!("let v{i} = 0;\n")).collect();
    bounded("variables", &with_body(&variables), "variables");
}

#[test]
fn mistakes_name_their_line() {
    let at = |body: &str, says: &str, line: usize| {
        let (problem, found, _) = refused(&with_body(body));
        assert!(problem.message.contains(says), "{problem:?}");
        assert_eq!(found, line + 2, "{problem:?}");
        problem
    };
    at("let y = ;", "", 1);
    at(
        "let x = g.input(\"x\");\n\nx.spam()",
        "no function `spam` takes a node",
        3,
    );
    let problem = at(
        "let x = g.input(\"x\");\nx.softmx(1)",
        "no function `softmx`",
        2,
    );
    assert!(problem.helps[0].contains("softmax"), "{problem:?}");
    at("let x = g.input(\"y\");", "the batch has no field `y`", 1);
    at("let y = spam + 1;", "no variable is called `spam`", 1);
    at("throw \"not today\";", "not today", 1);
    at("let x = p.spam;", "no property `spam`", 1);
    at("let x = g.input(\"x\");\nmatmul(x, x)", "can't multiply", 2);
    at(
        "let x = g.input(\"x\");\nx + true",
        "`+` does not take a node and true or false",
        2,
    );
    at(
        "let x = g.input(\"x\");\nsoftmax(x, #{dims: 1})",
        "no attribute `dims`",
        2,
    );
    at("let x = g.input(\"x\");\nsoftmax(x, 5)", "", 2);
    at(
        "let x = g.input(\"x\");\ng.objective(x)",
        "takes one number",
        2,
    );
    at(
        "g.call(1, g.input(\"x\"))",
        "expected a function or a module",
        1,
    );
    at("let x = [1, 2];\nx[7]", "", 2);
    at("let i = 0;\n\nloop {\n  i += 1;\n}", "steps", 4);
    at("let a = [1];\nloop {\n  a += a;\n}", "array", 3);
    at("let a = [];\n\na.pad(10000000, 1);", "array", 3);
    let (problem, line, _) = refused(&with_body("let x = g.input(\"x\");"));
    assert!(problem.message.contains("no objective"), "{problem:?}");
    assert_eq!(line, 2);
}

#[test]
fn a_mistake_in_a_helper_shows_who_called_it() {
    let text = "fn loss(x) {\n  matmul(x, x)\n}\n".to_owned()
        + with_body("let x = g.input(\"x\");\ng.objective(loss(x));").as_str();
    let (problem, line, _) = refused(&text);
    assert_eq!(line, 2);
    let (span, said) = &problem.labels[0];
    assert_eq!(text[..span.start].matches('\n').count() + 1, 7, "{said}");
    assert!(said.contains("`loss` is called here"));
}

#[test]
fn operations_may_be_called_in_every_way() {
    let g = |call: &str| {
        let body = format!("let x = g.input(\"x\");\nlet y = {call};\ng.objective(mean_all(y));");
        trace(&with_body(&body)).unwrap_or_else(|problem| panic!("{call}: {problem:?}"))
    };
    let first = g("softmax(x, 1)");
    assert!(first.nodes.iter().any(|node| node.op == Op::Softmax(1)));
    for call in [
        "x.softmax(1)",
        "g.softmax(x, 1)",
        "softmax(x, #{dim: 1})",
        "x.softmax(#{dim: -1})",
        "[x].map(|a| a.softmax(1))[0]",
    ] {
        assert_eq!(strip(g(call)), strip(first.clone()), "{call}");
    }
    let joined = g("concat([x, x], 0)");
    assert_eq!(strip(g("[x, x].concat(0)")), strip(joined.clone()));
    assert_eq!(strip(g("concat(x, x, #{dim: 0})")), strip(joined.clone()));
    let shape = &joined.nodes[joined.nodes.len() - 2].shape;
    assert_eq!(show(shape), "[2*B, 8]");
    let eye = g("g.eye(x.shape[0])");
    assert_eq!(strip(g("g.eye(g.batch)")), strip(eye));
    assert_eq!(
        strip(g("reshape(x, [g.batch * 2, 4])")),
        strip(g("x.reshape([2 * x.shape[0], x.shape[1] / 2])"))
    );
}

#[test]
fn signs_make_the_nodes_of_the_methods() {
    let script = trace(&with_body(
        "let x = g.input(\"x\");\nlet y = -(2.0 * x + x * x - 1) / 4.0 / x - (1 - x);\ng.objective(mean_all(y));",
    ))
    .unwrap();
    let mut g = Graph::new(Mode::Train);
    let x = g.declare_input("x", vec![Size::batch(), 8.into()], DType::F32, None);
    let mut by_hand = || -> Result<()> {
        let double = g.mul_scalar(x, 2.0)?;
        let square = g.mul(x, x)?;
        let sum = g.add(double, square)?;
        let sum = g.add_scalar(sum, -1.0)?;
        let minus = g.mul_scalar(sum, -1.0)?;
        let quarter = g.mul_scalar(minus, 0.25)?;
        let ratio = g.div(quarter, x)?;
        let rest = g.mul_scalar(x, -1.0)?;
        let rest = g.add_scalar(rest, 1.0)?;
        let y = g.sub(ratio, rest)?;
        let loss = g.mean_all(y)?;
        g.objective("loss", loss);
        Ok(())
    };
    by_hand().unwrap();
    assert_eq!(strip(script), strip(g));
}

/// Nodes without their places.
fn strip(mut g: Graph) -> Vec<crate::graph::Node> {
    for node in &mut g.nodes {
        node.span = Span::default();
    }
    g.nodes
}

#[test]
fn nodes_come_from_the_line_that_made_them() {
    let text = with_body("let x = g.input(\"x\");\nlet y = relu(x);\ng.objective(mean_all(y));");
    let g = trace(&text).unwrap();
    let relu = &g.nodes[1];
    assert_eq!(&text[relu.span.start..relu.span.end], "relu");
    assert_eq!(relu.span.file, FileId(7));
}

#[test]
fn declarations_are_read() {
    let text = r#"// What the file says of itself.
fn about() { #{
    doc: "More.",
    paper: #{cite: "Doe, 2020", title: "A title", link: "arXiv:1"},
    semantics: 3,
} }
fn params() { [
    #{name: "lambda", default: 0.0051, range: [0.0, 1.0], doc: "A weight."},
    #{name: "count", default: 3, doc: "How many."},
    #{name: "sharp", default: true, doc: "Whether."},
    #{name: "chance", type: "ratio", default: "10%", doc: "How often."},
    #{name: "pool", type: "choice", choices: ["avg", "max"], default: "avg", doc: "Which."},
    #{name: "sizes", type: "list(integer)", default: [1, 2], doc: "Sizes."},
    #{name: "head", type: "head", default: "linear(8) |> relu()", doc: "The head."},
    #{name: "rest", type: "number", optional: true, doc: "Perhaps."},
    #{name: "text", type: "text", default: "a \"b\"", doc: "Words."},
] }
fn inputs() { [
    #{name: "views", type: "list(image)", doc: "Two views."},
    #{name: "turn", type: "label(4)", or_list: true, doc: "The turn."},
] }
fn augment(p, fields) {
    let image = picture(fields);
    if image == () { return (); }
    `emit views = (${image.name} |> random_crop(${image.side}px) |> hflip(${p.chance * 100.0}%)) * 2`
}
fn build(g, p) { }
"#;
    let spec = entry("tasks/some_task.rhai", text, FileId(0)).unwrap();
    assert_eq!(spec.name, "some_task");
    assert_eq!(spec.summary, "What the file says of itself.");
    assert_eq!(spec.semantics, 3);
    assert_eq!(spec.paper.as_ref().unwrap().cite, "Doe, 2020");
    let provider = spec.provider.as_ref().unwrap();
    assert_eq!(provider.name, "script tasks/some_task.rhai");
    assert_eq!(provider.hash.len(), 64);
    let said: Vec<String> = spec
        .params
        .iter()
        .map(|param| {
            format!(
                "{}: {:?} {:?} {:?}",
                param.name, param.ty, param.preset, param.range
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            r#"lambda: Number Text("0.0051") Some((0.0, 1.0))"#,
            r#"count: Integer Text("3") None"#,
            r#"sharp: Choice(["on", "off"]) Text("on") None"#,
            r#"chance: Ratio Text("10%") None"#,
            r#"pool: Choice(["avg", "max"]) Text("avg") None"#,
            r#"sizes: List(Integer) Text("[1, 2]") None"#,
            r#"head: Head Text("linear(8) |> relu()") None"#,
            r#"rest: Number Optional None"#,
            r#"text: Text Text("\"a \\\"b\\\"\"") None"#,
        ]
    );
    assert_eq!(spec.inputs[0].at_least, 2);
    assert!(spec.inputs[1].or_list);
    let Make::Task { augment, .. } = &spec.make else {
        panic!("no task")
    };
    let fields = vec![
        ("label".to_owned(), crate::data::SampleType::label(3)),
        (
            "photo".to_owned(),
            crate::data::SampleType::image(3, 32, 24),
        ),
    ];
    let mut args = Args::default();
    args.values.insert(
        "chance".into(),
        crate::catalog::Argument {
            value: crate::catalog::Value::Ratio(0.25),
            span: Span::default(),
            origin: crate::catalog::Origin::Default,
        },
    );
    assert_eq!(
        augment(&args, &fields).unwrap().unwrap(),
        "emit views = (photo |> random_crop(24px) |> hflip(25.0%)) * 2"
    );
    assert_eq!(augment(&args, &vec![]), Ok(None));
}

#[test]
fn declarations_that_are_wrong_are_said_where_they_stand() {
    let wrong = |params: &str, says: &str, place: &str| {
        let text = format!(
            "fn inputs() {{ [#{{name: \"x\", type: \"image\", doc: \"x\"}}] }}\nfn params() {{\n{params}\n}}\nfn build(g, p) {{ }}\n"
        );
        let problem = entry("a.rhai", &text, FileId(0)).unwrap_err();
        assert!(problem.message.contains(says), "{problem:?}");
        let At::Span(span) = problem.at else {
            panic!("{problem:?}")
        };
        assert_eq!(&text[span.start..span.end], place, "{problem:?}");
    };
    wrong("[#{name: \"a\", default: 1}]", "lacks `doc`", "\"a\"");
    wrong("[#{default: 1, doc: \"d\"}]", "lacks `name`", "params");
    wrong(
        "[#{name: \"a\", defualt: 1, type: \"number\", doc: \"d\"}]",
        "no property `defualt`",
        "\"a\"",
    );
    wrong(
        "[#{name: \"a\", type: \"tensor\", doc: \"d\"}]",
        "`tensor` is no type",
        "\"a\"",
    );
    wrong(
        "[#{name: \"a\", default: 5, range: [0, 1], doc: \"d\"}]",
        "outside its range",
        "\"a\"",
    );
    wrong(
        "[#{name: \"a\", type: \"integer\", default: \"b\", doc: \"d\"}]",
        "must be a whole number",
        "\"a\"",
    );
    for (ty, default, says) in [
        ("duration", "10 epoch s", "can't be read"),
        ("duration", "10%", "must be"),
        ("ratio", "0.5", "must be"),
        ("range", "1.0..0.2", "ends before it begins"),
        ("optimizer", "adamw(rate = fast)", "rate"),
        ("schedule", "cosin()", "cosin"),
        ("head", "linear(8) |> rulu()", "rulu"),
        ("list(integer)", "[1, 2.5]", "whole number"),
    ] {
        let param =
            format!("[#{{name: \"a\", type: \"{ty}\", default: \"{default}\", doc: \"d\"}}]");
        wrong(&param, says, "\"a\"");
    }
    wrong(
        "[#{name: \"a\", type: \"ratio\", default: \"50%\", range: [0.0, 0.2], doc: \"d\"}]",
        "must be between 0% and 20%",
        "\"a\"",
    );
    wrong(
        "[#{name: \"a b\", default: 5, doc: \"d\"}]",
        "can't be a name",
        "params",
    );
    wrong(
        "[#{name: \"a\", default: 5, doc: \"d\"}, #{name: \"a\", default: 5, doc: \"d\"}]",
        "twice",
        "\"a\"",
    );
    wrong("42", "list of maps", "params");
    wrong("[42]", "must hold maps", "params");
    let says = |text: &str, says: &str| {
        let problem = entry("a.rhai", text, FileId(0)).unwrap_err();
        assert!(problem.message.contains(says), "{problem:?}");
    };
    says("fn build(g) { }", "takes 1 parameters");
    says("fn params() { [] }", "no function `build`");
    says("fn build(g, p) { }", "does not say what it reads");
    says("fn inputs() { [] }\nfn build(g, p) { }", "declares nothing");
}

/// The training graph of a recipe in the project's `recipes`.
fn planned(recipe: &str) -> Graph {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes");
    let temporary = tempfile::tempdir().unwrap();
    for name in ["tasks/barlow_twins.rhai", "schedules/one_cycle.rhai"] {
        let to = temporary.path().join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(folder.join(name), to).unwrap();
    }
    let mut sources = crate::language::Sources::default();
    let file = sources.add("recipe.ssl", recipe);
    let mut catalog = crate::catalog::Catalog::builtin();
    let mut doors = crate::extend::Loader::new(temporary.path(), Default::default());
    let (recipe, said) =
        crate::language::check_using(&mut sources, file, &mut catalog, &mut doors, &[]);
    let recipe = recipe.unwrap_or_else(|| panic!("{said:?}"));
    let places =
        crate::data::Places::new(temporary.path().to_owned(), Default::default(), true).unwrap();
    let (plan, said) = crate::plan::plan(&recipe, &catalog, &places, crate::plan::Purpose::Check);
    let plan = plan.unwrap_or_else(|| panic!("{said:?}"));
    let crate::plan::Body::Train(training) = &plan.stages[0].body else {
        panic!("no training")
    };
    training.graph.clone()
}

#[test]
fn barlow_twins_is_one_graph_whichever_way_it_is_written() {
    let script = include_str!("../../../recipes/barlow_twins_script.ssl");
    let built_in = script.replace("use script \"tasks/barlow_twins.rhai\"", "");
    assert_ne!(script, built_in);
    let (script, built_in) = (planned(script), planned(&built_in));
    assert_eq!(script.hash(), built_in.hash());
    assert_eq!(strip(script), strip(built_in));
}

/// A script's `build` with these lines, on a graph whose `p` holds a small encoder.
fn with_encoder(body: &str) -> Result<Graph> {
    let spec = entry("tasks/test.rhai", &with_body(body), FileId(7))?;
    let Make::Task { build, .. } = &spec.make else {
        panic!("no task")
    };
    let mut g = Graph::new(Mode::Train);
    let picture = vec![Size::batch(), 3.into(), 16.into(), 16.into()];
    g.declare_input("x", picture, DType::F32, None);
    g.set_records(100);
    let mut args = Args::default();
    let argument = crate::catalog::Argument {
        value: crate::catalog::Value::Net(crate::graph::testing::encoder("small_cnn", &[])),
        span: Span::default(),
        origin: crate::catalog::Origin::Default,
    };
    args.values.insert("encoder".into(), argument);
    build(&mut g, &args)?;
    Ok(g)
}

#[test]
fn modules_states_and_objectives_are_those_of_the_graph() {
    use crate::graph::{Init, Module, Scalar};
    let script = with_encoder(
        r#"let x = g.input("x");
        let slow = g.ema(p.encoder, #{from: 0.99, to: 1.0, curve: "cosine"});
        let z = p.encoder.call(x);
        let k = stop_gradient(g.call(slow, x));
        let d = z.shape[1];
        let bank = g.state(#{name: "bank", shape: [g.records, d], init: "normal", value: 0.1});
        g.assign_rows(bank, g.index(), k);
        let weight = g.scalar(#{from: 0.0, to: 1.0, curve: "linear", end: 2.0, unit: "epochs"});
        g.objective_of("loss", mean_all(z * k) * weight, [p.encoder]);
        g.part("teacher", slow);
        g.fill(bank, |g, x| g.call(p.encoder, x));"#,
    )
    .unwrap();
    let mut g = Graph::new(Mode::Train);
    let picture = vec![Size::batch(), 3.into(), 16.into(), 16.into()];
    let x = g.declare_input("x", picture, DType::F32, None);
    g.set_records(100);
    let mut by_hand = || -> Result<()> {
        let encoder = Module::new("encoder", &crate::graph::testing::encoder("small_cnn", &[]));
        let slow = g.ema(&encoder, Scalar::cosine(0.99, 1.0))?;
        let z = g.call(&encoder, x)?;
        let k = g.call(&slow, x)?;
        let k = g.stop_gradient(k)?;
        let d = g.shape(z)[1].known().unwrap();
        let bank = g.state("bank", &[100, d], Init::Normal(0.1), DType::F32)?;
        g.read(bank);
        let index = g.index();
        g.assign_rows(bank, index, k)?;
        let weight = g.scalar(Scalar::linear(0.0, 1.0, crate::graph::Moment::Epochs(2.0)));
        let product = g.mul(z, k)?;
        let mean = g.mean_all(product)?;
        let loss = g.mul(mean, weight)?;
        g.objective_of("loss", loss, &[&encoder])?;
        g.part("teacher", &slow);
        g.fill(bank, |g, x| g.call(&encoder, x))
    };
    by_hand().unwrap();
    // a ramp over the whole run: the vocabulary counts it in fractions from 0
    let fraction = |g: &mut Graph| {
        for ema in &mut g.emas {
            if let Scalar::Ramp { start, .. } = &mut ema.momentum {
                *start = crate::graph::Moment::Steps(0);
            }
        }
        for node in &mut g.nodes {
            if let Op::Scalar(Scalar::Ramp { start, .. }) = &mut node.op {
                *start = crate::graph::Moment::Steps(0);
            }
        }
    };
    let mut script = script;
    fraction(&mut script);
    fraction(&mut g);
    assert_eq!(script.hash(), g.hash());
}

#[test]
fn nodes_stay_in_their_graph() {
    let foreign = "let x = g.input(\"x\");\nlet bank = g.state(#{name: \"b\", shape: [100, 4]});\ng.fill(bank, |g, y| x + y);";
    let problem = with_encoder(foreign).unwrap_err();
    assert!(problem.message.contains("another graph"), "{problem:?}");
}

#[test]
fn numbers_of_the_step_are_functions_of_a_script() {
    let scale = "let top = 2.0;\nlet x = g.input(\"x\");\nlet s = g.scalar(|step, total, epoch| top * step / total);\ng.objective(mean_all(x) * s);";
    let g = trace(&with_body(scale)).unwrap();
    let number = g.nodes.iter().find_map(|node| match &node.op {
        Op::Scalar(crate::graph::Scalar::Script(number)) => Some(number.clone()),
        _ => None,
    });
    let number = number.unwrap();
    let clock = |step| crate::graph::Clock {
        step,
        steps: 100,
        steps_per_epoch: 10.0,
    };
    assert_eq!((number.call)(&clock(25)), Ok(0.5));
    // what it carries is part of it
    let other = trace(&with_body(&scale.replace("2.0", "3.0"))).unwrap();
    assert_ne!(g.hash(), other.hash());
    assert_eq!(g.hash(), trace(&with_body(scale)).unwrap().hash());
    let start = Instant::now();
    for step in 0..200 {
        (number.call)(&clock(step)).unwrap();
    }
    println!("a number: {:?}", start.elapsed() / 200);
    let wrong = |function: &str, says: &str| {
        let body =
            format!("let x = g.input(\"x\");\ng.objective(mean_all(x) * g.scalar({function}));");
        let problem = trace(&with_body(&body)).unwrap_err();
        assert!(problem.message.contains(says), "{problem:?}");
    };
    wrong("|step| step", "takes step, total and epoch");
    wrong("|step, total, epoch| x", "can't use a node");
    wrong("|step, total, epoch| \"a\"", "finite number");
    wrong("|step, total, epoch| 0.0 / 0.0", "finite number");
    wrong("|step, total, epoch| { loop { } }", "steps");
    wrong("\"a\"", "");
}

#[test]
fn parts_are_declared_as_they_are_built() {
    let text = |said: &str| {
        format!(
            "fn inputs() {{ [#{{name: \"x\", type: \"image\"}}] }}\nfn parts() {{ {said} }}\nfn build(g, p) {{ g.objective(mean_all(g.input(\"x\"))) }}\n"
        )
    };
    let slow = "[#{name: \"slow\", doc: \"The slow copy.\"}]";
    let spec = entry("tasks/test.rhai", &text(slow), FileId(7)).unwrap();
    assert_eq!(spec.exports, [("slow".into(), "The slow copy.".into())]);
    let (problem, line, _) = refused(&text(slow));
    assert_eq!(
        (problem.message.as_str(), line),
        (
            "the task says that it exports slow, `build` exports none",
            2
        )
    );
    for (said, message) in [
        ("[#{name: \"slow\"}]", "`slow` of `parts()` lacks `doc`"),
        (
            "[#{name: \"a\", doc: \"a\"}, #{name: \"a\", doc: \"b\"}]",
            "the part `a` is declared twice",
        ),
        (
            "3",
            "`parts()` must give a list of maps, not a whole number",
        ),
    ] {
        let (problem, line, _) = refused(&text(said));
        assert_eq!((problem.message.as_str(), line), (message, 2));
    }
    assert!(trace(&text("[]")).is_ok());
}

/// What a `build` with this body throws.
#[track_caller]
fn thrown(body: &str) -> String {
    refused(&with_body(body)).0.message
}

#[test]
fn lists_are_sorted_by_a_function_or_its_name() {
    let down = |body: &str| {
        let text = "fn down(a, b) { b - a }\nfn same(a, b) { a == b }\n".to_owned();
        refused(&(text + with_body(body).as_str())).0.message
    };
    for body in [
        "let a = [1, 3, 2]; a.sort(\"down\"); throw `${a}`;",
        "let a = [1, 3, 2]; a.sort(|x, y| y - x); throw `${a}`;",
        "let a = [1, 3, 2]; throw `${a.order(|x, y| y - x)}`;",
        "let a = [3, 3, 2, 1, 1]; a.dedup(\"same\"); throw `${a}`;",
    ] {
        assert_eq!(down(body), "[3, 2, 1]", "{body}");
    }
    let message = thrown("let a = [1, 2]; a.sort(\"nope\");");
    assert!(message.contains("nope"), "{message}");
}

#[test]
fn one_time_is_all_that_a_script_has() {
    let slow = "let a = []; a.pad(10000, 1); loop { let b = a; b.reverse(); }";
    let body = format!(
        "let x = g.input(\"x\");\ng.objective(mean_all(x) * g.scalar(|step, total, epoch| {{ {slow} }}));"
    );
    bounded("a slow number", &with_body(&body), "");
    // whether they pass or not: what a script says about itself shares one time
    for turns in [100, 300, 1000, 3000] {
        let busy = format!(
            "let a = []; a.pad(1000, 1); for i in 0..{turns} {{ let b = a; b.reverse(); }}"
        );
        let input = "#{name: \"x\", type: \"image\", doc: \"x\"}";
        let text = format!(
            "fn about() {{ {busy} #{{}} }}
fn params() {{ {busy} [] }}
fn parts() {{ {busy} [] }}
fn inputs() {{ {busy} [{input}] }}
fn build(g, p) {{ }}
"
        );
        let start = clock::spent();
        let result = entry("tasks/test.rhai", &text, FileId(7));
        let time = clock::spent() - start;
        println!("{turns}: {time:?}, passes: {}", result.is_ok());
        assert!(time < Duration::from_millis(100), "{turns}: {time:?}");
    }
}

#[test]
fn a_node_is_used_in_its_own_graph_only() {
    let start = "let x = g.input(\"x\");\nlet d = p.encoder.call(x).shape[1];\nlet bank = g.state(#{name: \"b\", shape: [g.records, d]});\n";
    for inside in [
        "throw x.shape",
        "throw x.rank",
        "throw `${x}`",
        "x * 2.0",
        "2.0 * x",
        "-x",
        "x + y",
        "relu(x)",
        "x.when(|step, total, epoch| 1.0)",
        "p.encoder.call(x)",
        "h.call(p.encoder, x)",
        "h.objective(x)",
        "h.metric(\"m\", x)",
        "o.input(\"x\")",
        "o.classes(\"x\")",
        "x",
    ] {
        let body = format!("{start}let o = g;\ng.fill(bank, |h, y| {{ {inside} }});");
        let problem = with_encoder(&body).unwrap_err();
        let says = match inside {
            "x" => "must give a node of its graph",
            _ => "another graph",
        };
        assert!(problem.message.contains(says), "{inside}: {problem:?}");
    }
    for outside in ["throw k[0].shape", "k[0] * 2.0", "throw `${k[0]}`"] {
        let body = format!(
            "{start}let k = [];\ng.fill(bank, |h, y| {{ k.push(y); h.call(p.encoder, y) }});\n{outside};"
        );
        let problem = with_encoder(&body).unwrap_err();
        assert!(
            problem.message.contains("another graph"),
            "{outside}: {problem:?}"
        );
    }
}

#[test]
fn a_second_module_has_parameters_of_its_own() {
    let body = "let x = g.input(\"x\");
        let second = module(\"second\", p.encoder);
        g.objective(mean_all(p.encoder.call(x) - second.call(x)));";
    let g = with_encoder(body).unwrap();
    let count = |prefix: &str| {
        let parameters = g.parameters.iter();
        parameters.filter(|p| p.name.starts_with(prefix)).count()
    };
    assert!(count("second/") > 0);
    assert_eq!(count("second/"), count("encoder/"));
}

#[test]
fn what_is_thrown_can_be_read() {
    for (body, says) in [
        ("throw g.input(\"x\").shape;", "[B, 8]"),
        ("throw g.batch * 2;", "2*B"),
        ("throw g.input(\"x\");", "[B, 8]"),
        ("throw g;", "the graph"),
        ("let f = |x| x; throw f;", "a function"),
        (
            "throw [g.input(\"x\"), #{size: g.batch}, \"a\", 1.5];",
            "[[B, 8], #{\"size\": B}, \"a\", 1.5]",
        ),
        (
            "let x = g.input(\"x\"); throw `${x} ${x.shape} ${g.batch} ${g}`;",
            "[B, 8] [B, 8] B the graph",
        ),
    ] {
        assert_eq!(thrown(body), says, "{body}");
    }
    let message = thrown("try { g.input(\"y\"); } catch (e) { throw `caught: ${e}`; }");
    assert!(message.starts_with("caught: "), "{message}");
    assert!(message.contains("no field `y`"), "{message}");
    let problem = with_encoder("throw p.encoder;").unwrap_err();
    assert_eq!(problem.message, "the module encoder");
}

#[test]
fn a_function_of_the_step_is_named_by_what_it_is() {
    let body = "let x = g.input(\"x\");
let s = g.scalar(|step, total, epoch| {
  let y = 0.0;
  y / y
});
g.objective(mean_all(x) * s);";
    let (problem, line, _) = refused(&with_body(body));
    assert_eq!(
        (problem.message.as_str(), line),
        (
            "a function of the step must give a finite number, not NaN",
            6
        )
    );
    let body = "let x = g.input(\"x\");\ng.scalar(|step, total, epoch| [1].map(|n| n + true)[0]);";
    let (problem, ..) = refused(&with_body(body));
    let said = format!("{problem:?}");
    assert!(!said.contains("anon$"), "{said}");
}

#[test]
fn comparisons_without_a_value_are_refused() {
    for test in ["x > 1.0", "x == 1", "2.0 <= x", "1 != x", "x < x", "x == x"] {
        let message = thrown(&format!("let x = g.input(\"x\");\nif {test} {{ }}"));
        assert!(message.contains("a node has no value"), "{test}: {message}");
    }
    for test in ["g.batch == 32", "1.5 > g.batch", "g.batch >= 1"] {
        let message = thrown(&format!("if {test} {{ }}"));
        assert!(
            message.contains("the size B depends on the batch"),
            "{test}: {message}"
        );
    }
    // what has a value
    for test in [
        "x.shape[1] == 8",
        "x.shape[1] > 7",
        "x.shape[0] == g.batch",
        "x != ()",
    ] {
        let body = format!("let x = g.input(\"x\");\nif {test} {{ throw \"yes\"; }}");
        assert_eq!(thrown(&body), "yes", "{test}");
    }
}

#[test]
fn numbers_and_names_that_mean_nothing_are_refused() {
    for (line, says) in [
        (
            "g.part(\"a\", p.encoder); g.part(\"a\", p.encoder);",
            "there is a part `a` already",
        ),
        ("g.part(\"\", p.encoder);", "`` can't be the name of a part"),
        ("g.ema(p.encoder, 2.0);", "from 0 to 1, not 2"),
        ("g.ema(p.encoder, -1);", "from 0 to 1, not -1"),
        ("g.ema(p.encoder, 0.0 / 0.0);", "can't be NaN"),
        (
            "g.ema(p.encoder, #{from: 0.5, to: 1.5, curve: \"linear\"});",
            "from 0 to 1, not 1.5",
        ),
        (
            "g.ema(p.encoder, #{from: 0.0 / 0.0, to: 1.0, curve: \"linear\"});",
            "`from` can't be NaN",
        ),
        (
            "g.scalar(#{from: 0.0, to: 1.0 / 0.0, curve: \"linear\"});",
            "`to` can't be inf",
        ),
    ] {
        let problem = with_encoder(line).unwrap_err();
        assert!(problem.message.contains(says), "{line}: {problem:?}");
    }
    let declared = |inputs: &str, params: &str| {
        let text = format!(
            "fn inputs() {{ [{inputs}] }}\nfn params() {{ [{params}] }}\nfn build(g, p) {{ }}\n"
        );
        entry("a.rhai", &text, FileId(0)).unwrap_err().message
    };
    let input = "#{name: \"x\", type: \"image\", doc: \"x\"}";
    let param = "#{name: \"a\", type: \"number\", default: 0.0 / 0.0, doc: \"d\"}";
    assert_eq!(
        declared(input, param),
        "`default` of `a` of `params()` must be a number, not NaN"
    );
    let input = "#{name: \"x\", type: \"image\", at_least: 0, doc: \"x\"}";
    assert_eq!(
        declared(input, ""),
        "`at_least` of `x` of `inputs()` must be a whole number from 1 on, not 0"
    );
}

#[test]
fn a_mark_in_front_of_the_text_does_no_harm() {
    let text = "\u{feff}// What it is.\n".to_owned() + with_body("throw \"here\";").as_str();
    let spec = entry("tasks/test.rhai", &text, FileId(7)).unwrap();
    assert_eq!(spec.summary, "What it is.");
    let (problem, line, _) = refused(&text);
    assert_eq!((problem.message.as_str(), line), ("here", 4));
    let text = "\u{feff}let y = spam + 1;";
    let problem = entry("a.rhai", text, FileId(7)).unwrap_err();
    let At::Span(span) = problem.at else {
        panic!("{problem:?}")
    };
    assert_eq!(&text[span.start..span.end], "spam");
}

/// An input may be of any type that a batch can hold: its tensors are read under its name, of a list one by one.
#[test]
fn inputs_are_of_every_type() {
    let cases = [
        ("image", "image[3, 8, 8]", vec!["x"]),
        ("mask", "mask[8, 8]", vec!["x"]),
        ("label(4)", "label(4)", vec!["x"]),
        ("tokens", "tokens[6] of 20", vec!["x", "x/length"]),
        ("tokens[6]", "tokens[6] of 20", vec!["x", "x/length"]),
        ("clip", "clip[2, 3, 8, 8]", vec!["x"]),
        ("clip[2, 3, ?, ?]", "clip[2, 3, 8, 8]", vec!["x"]),
        ("boxes", "boxes[3, 4]", vec!["x"]),
        ("list(image)", "image[3, 8, 8] * 2", vec!["x/0", "x/1"]),
        (
            "list(tokens)",
            "tokens[6] of 20 * 2",
            vec!["x/0", "x/0/length", "x/1", "x/1/length"],
        ),
        ("list(clip)", "clip[2, 3, 8, 8] * 2", vec!["x/0", "x/1"]),
        ("list(boxes)", "boxes[3, 4] * 2", vec!["x/0", "x/1"]),
    ];
    for (declared, found, names) in cases {
        let whole = declared.contains("label") || declared.contains("tokens");
        let read = |name: &&str| match whole {
            true => format!("all += mean_all(to_float(g.input(\"{name}\")));\n"),
            false => format!("all += mean_all(g.input(\"{name}\"));\n"),
        };
        let reads: String = names.iter().map(read).collect();
        let text = format!(
            "fn inputs() {{ [#{{name: \"x\", type: \"{declared}\", doc: \"x\"}}] }}\nfn build(g, p) {{\nlet all = g.parameter(\"w\", [1], #{{constant: 0.0}});\n{reads}g.objective(all);\n}}\n"
        );
        let spec = entry("tasks/test.rhai", &text, FileId(7)).unwrap();
        let found = SampleType::parse(found).unwrap();
        assert!(found.fits(&spec.inputs[0].ty), "{declared}");
        let mut g = Graph::new(Mode::Train);
        for tensor in found.tensors().unwrap() {
            let mut shape = vec![Size::batch()];
            shape.extend(tensor.shape.iter().map(|n| Size::from(*n)));
            let name = format!("x{}", tensor.suffix);
            g.declare_input(&name, shape, tensor.dtype, tensor.classes);
        }
        let Make::Task { build, .. } = &spec.make else {
            panic!("no task")
        };
        build(&mut g, &Args::default()).unwrap_or_else(|problem| panic!("{declared}: {problem:?}"));
        assert_eq!(g.objectives.len(), 1, "{declared}");
    }
    let text = "fn inputs() { [#{name: \"x\", type: \"film\", doc: \"x\"}] }\nfn build(g, p) { }\n";
    let problem = entry("tasks/test.rhai", text, FileId(7)).unwrap_err();
    assert!(problem.message.contains("`film` is no type of a field"));
    for word in ["tokens[128]", "clip[8, 3, 32, 32]", "boxes[8, 4]", "mask"] {
        assert!(problem.notes[0].contains(word), "{problem:?}");
    }
}
