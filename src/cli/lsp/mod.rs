//! `pretext lsp`: the language server. `editor` knows the answers, this folder the protocol.

mod actions;
mod answer;
mod convert;
mod document;
mod plans;
mod publish;
mod server;
mod uri;
mod wire;

use clap::Args;

use super::Outcome;

/// Arguments of `pretext lsp`.
#[derive(Args)]
pub struct LspArgs {
    /// Talk over standard input and output, as is done in any case
    #[arg(long)]
    stdio: bool,
}

pub fn run(args: &LspArgs) -> anyhow::Result<Outcome> {
    // there is no other way to talk
    let _ = args.stdio;
    let (incoming, outgoing, writer) = wire::stdio();
    let ended_well = server::Server::new(outgoing).serve(&incoming);
    // what was said last is still written
    let _ = writer.join();
    Ok(match ended_well {
        true => Outcome::Done,
        false => Outcome::Unsound,
    })
}
