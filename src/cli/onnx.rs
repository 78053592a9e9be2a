//! `pretext onnx RUN -o FILE.onnx`

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::encoder::EncoderArgs;
use super::out::print;
use crate::catalog::Catalog;
use crate::plan::onnx::{INPUT, OUTPUT, model};

/// Arguments of `pretext onnx`.
#[derive(Args)]
pub struct OnnxArgs {
    #[command(flatten)]
    encoder: EncoderArgs,
    /// The file to write
    #[arg(short, long, value_name = "FILE.onnx")]
    output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

pub fn run(args: &OnnxArgs) -> anyhow::Result<Outcome> {
    let path = &args.output;
    if path.symlink_metadata().is_ok() && !args.force {
        return Ok(super::is_there_already(path));
    }
    match written(args) {
        Ok((bytes, said)) => {
            super::write(path, &bytes)?;
            print(&format!("{}: {said}", path.display()))?;
            Ok(Outcome::Done)
        }
        Err(why) => {
            say!("error: {why}");
            Ok(Outcome::Unsound)
        }
    }
}

/// The model's bytes, and what it takes and gives.
fn written(args: &OnnxArgs) -> Result<(Vec<u8>, String), String> {
    let encoder = args.encoder.find(&Catalog::builtin())?;
    let (graph, output, width) = args.encoder.graph(&encoder)?;
    let embedder = args.encoder.open(&encoder, &graph)?;
    let mut about = args.encoder.about(&encoder, "");
    about.remove("protocol");
    about.extend(encoder.input());
    let bytes = model(&graph, output, &|name| embedder.numbers(name), &about)?;
    let input = &about["input"];
    let by = match about.get("mean").zip(about.get("std")) {
        Some((mean, std)) => format!(", pixels 0..1 less {mean} and divided by {std}"),
        None => String::new(),
    };
    let place = args.encoder.place(&encoder);
    Ok((
        bytes,
        format!(
            "{place}; `{INPUT}` is any number of {input}{by}; `{OUTPUT}` has {width} numbers for each"
        ),
    ))
}
