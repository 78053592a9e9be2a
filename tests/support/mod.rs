//! One builder for every test of the command line: files into a folder of their own, a command, what came of it.

// each test target uses a part of it
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder of files, and the binary run in it.
pub struct Test {
    folder: tempfile::TempDir,
}

impl Default for Test {
    fn default() -> Self {
        Self::new()
    }
}

impl Test {
    /// An empty folder.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A file of the project, as a recipe `recipe.ssl`.
    pub fn shipped(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        Self::new().file(
            "recipe.ssl",
            fs::read(&path).unwrap_or_else(|e| panic!("{name}: {e}")),
        )
    }

    /// Adds a file; folders in its name are made.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(name, content);
        self
    }

    /// The same, later.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder");
        }
        fs::write(path, content).expect("a file");
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Text of a file in the folder.
    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// JSON of a file in the folder.
    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.text(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The binary with these arguments, in the folder, knowing nothing of the user's own data.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pretext"));
        self.prepare(&mut command).args(args);
        command
    }

    /// The same through `sh -c`, with the binary as `$0`.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        self.prepare(&mut command)
            .args(["-c", script, env!("CARGO_BIN_EXE_pretext")]);
        command
    }

    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.folder.path())
            .env("PRETEXT_DATA", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }
}

/// What a command did.
pub struct Ran {
    pub output: Output,
    pub time: Duration,
    what: String,
}

impl Ran {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let began = Instant::now();
        let output = command.output().expect("the command starts");
        Self {
            output,
            time: began.elapsed(),
            what: format!("{command:?}"),
        }
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.output.stdout)
            .unwrap_or_else(|e| panic!("{}: {e}\n{}", self.what, self.said()))
    }

    fn said(&self) -> String {
        format!("{}\n{}", self.stdout(), self.stderr())
    }

    /// It must have ended with this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(
            self.output.status.code(),
            Some(code),
            "{}\n{}",
            self.what,
            self.said()
        );
        self
    }

    /// It must have done its work.
    #[track_caller]
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// Standard error must hold this text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stderr().contains(text),
            "{}: no `{text}` in\n{}",
            self.what,
            self.said()
        );
        self
    }

    /// Standard error must not hold this text.
    #[track_caller]
    pub fn says_not(self, text: &str) -> Self {
        assert!(
            !self.stderr().contains(text),
            "{}: `{text}` in\n{}",
            self.what,
            self.said()
        );
        self
    }

    /// Standard output must hold this text.
    #[track_caller]
    pub fn prints(self, text: &str) -> Self {
        assert!(
            self.stdout().contains(text),
            "{}: no `{text}` in\n{}",
            self.what,
            self.said()
        );
        self
    }

    /// It must have taken less than this.
    #[track_caller]
    pub fn within(self, limit: Duration) -> Self {
        assert!(self.time < limit, "{} took {:?}", self.what, self.time);
        self
    }
}
