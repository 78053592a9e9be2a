//! `pretext runs`: what is kept, and what is removed.

use crate::Test;

const RECIPE: &str = "ssl 1

dataset figures = shapes(train = 32, valid = 16, test = 16)

pretext turns = rotation() {
  data    = figures.train
  encoder = small_cnn(width = 2)
  batch   = 16
  length  = 2 steps
}

evaluate near = knn(k = 3) { from = turns, data = figures.train, test = figures.test }
";

fn two_runs() -> Test {
    let test = Test::new().file("recipe.ssl", RECIPE);
    for out in ["runs/a", "runs/b"] {
        test.run(&["run", "recipe.ssl", "-q", "--out", out])
            .success();
    }
    test
}

#[test]
fn runs_are_listed_with_what_they_found() {
    let test = two_runs();
    test.write("runs/notes.txt", "no run");
    test.run(&["runs"])
        .success()
        .prints("runs/a")
        .prints("runs/b")
        .prints("finished, 2 stages")
        .prints("near ")
        .prints("untrained")
        .says("in 2 runs");
    let all = test
        .run(&["runs", "list", "runs", "--json"])
        .success()
        .json();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(all[0]["finished"], true);
    assert_eq!(all[0]["stages"], serde_json::json!([2, 2]));
    assert!(all[0]["bytes"].as_u64().unwrap() > 1000);
    test.run(&["runs", "nowhere"])
        .code(3)
        .says("there is no folder nowhere");
    std::fs::create_dir(test.path("empty")).unwrap();
    test.run(&["runs", "empty"]).success().prints("no runs");
}

#[test]
fn a_run_is_removed_when_it_is_meant_and_nothing_else() {
    let test = two_runs();
    test.write("runs/b/notes.txt", "mine");
    test.run(&["runs", "remove", "runs/a", "runs/b"])
        .success()
        .prints("runs/a: would remove")
        .says("nothing was removed: `--yes` does it");
    assert!(test.path("runs/a/stages").exists());
    // a folder that is none, and one that is under way, keep the others from going, too
    test.run(&["runs", "remove", "runs/a", "runs", "--yes"])
        .code(3)
        .says("runs is no run directory: nothing was removed");
    let lock = std::fs::File::options()
        .write(true)
        .open(test.path("runs/b/lock"))
        .unwrap();
    lock.lock().unwrap();
    test.run(&["runs", "remove", "runs/a", "runs/b", "--yes"])
        .code(3)
        .says("runs/b is running");
    test.run(&["runs", "garbage", "--yes"])
        .success()
        .says("runs/b: running, and left alone");
    drop(lock);
    assert!(test.path("runs/a/stages").exists());
    test.run(&["runs", "remove", "runs/a", "runs/b", "--yes"])
        .success()
        .prints("runs/a: removed")
        .says("runs/b: stays, since this program has not written it: notes.txt")
        .says("`--all` removes that, too");
    assert!(!test.path("runs/a").exists());
    let left: Vec<_> = std::fs::read_dir(test.path("runs/b")).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(test.text("runs/b/notes.txt"), "mine");
}

#[cfg(unix)]
#[test]
fn what_a_link_leads_to_stays() {
    let test = two_runs();
    test.write("elsewhere/precious.txt", "mine");
    let link =
        |name: &str| std::os::unix::fs::symlink(test.path("elsewhere"), test.path(name)).unwrap();
    link("runs/a/stages/link");
    link("runs/b/stages/near~01234567");
    test.run(&["runs", "garbage", "--yes"]).success();
    test.run(&["runs", "remove", "runs/a", "--all", "--yes"])
        .success()
        .says("stages/link");
    assert_eq!(test.text("elsewhere/precious.txt"), "mine");
    assert!(test.path("runs/a/stages/link").exists());
}

#[test]
fn garbage_is_what_no_run_needs() {
    let test = two_runs();
    test.run(&["runs", "garbage"])
        .success()
        .prints("nothing to remove");
    // other settings leave a stage behind
    let other = RECIPE.replace("k = 3", "k = 5");
    test.write("recipe.ssl", other);
    test.run(&["run", "recipe.ssl", "-q", "--out", "runs/a"])
        .success();
    let part = "runs/b/results.json.0123456789abcdef.part";
    test.write(part, "half");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
    let file = std::fs::File::options()
        .write(true)
        .open(test.path(part))
        .unwrap();
    file.set_modified(long_ago).unwrap();
    // one that is being written
    test.write("runs/b/run.json.0123456789abcdef.part", "half");
    let aside = || {
        let names = std::fs::read_dir(test.path("runs/a/stages")).unwrap();
        names
            .filter(|name| {
                name.as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .contains('~')
            })
            .count()
    };
    let before = aside();
    assert!(before > 0);
    test.run(&["runs", "garbage", "runs"])
        .success()
        .prints("runs/a: would remove")
        .says("would be freed");
    assert_eq!(aside(), before);
    test.run(&["runs", "garbage", "runs", "--yes"])
        .success()
        .prints("runs/b: removed 1 file")
        .says("freed");
    assert_eq!(aside(), 0);
    assert!(
        !test.path(part).exists() && test.path("runs/b/run.json.0123456789abcdef.part").exists()
    );
    // what is left goes on
    test.run(&["run", "recipe.ssl", "--out", "runs/a"])
        .success();
}
