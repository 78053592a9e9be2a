//! Starts `pretext lsp` for Zed.

use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct Pretext;

impl zed::Extension for Pretext {
    fn new() -> Self {
        Self
    }

    fn language_server_command(&mut self, _: &LanguageServerId, tree: &Worktree) -> Result<Command> {
        let command = tree
            .which("pretext")
            .ok_or("`pretext` is not in the search path")?;
        Ok(Command {
            command,
            args: vec!["lsp".into()],
            env: tree.shell_env(),
        })
    }
}

zed::register_extension!(Pretext);
