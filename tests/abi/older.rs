//! Libraries that are built with the headers of earlier days, and know no more than these.

use super::support::{all, cc, place, pretext, project, root};

/// What is said of the C example's task, as it is built with this header beside it.
fn task(source: &str) -> String {
    let project = project();
    let library = place(project.path(), "relative_position_c");
    cc(&root().join(source), &[], &library);
    let file = library.to_str().expect("a path");
    let said = all(&pretext(project.path(), &["plugin", "check", file]));
    let line = said.lines().find(|line| line.contains(": sound, "));
    line.unwrap_or_else(|| panic!("{source}: {said}"))
        .to_owned()
}

#[test]
fn libraries_of_earlier_days_build_the_same_graph() {
    let today = task("plugins/relative_position_c/relative_position_c.c");
    assert!(today.contains("graph "), "{today}");
    for minor in ["1.0", "1.1"] {
        let then = task(&format!("tests/abi/older/{minor}/relative_position_c.c"));
        assert_eq!(then, today, "{minor}");
    }
}
