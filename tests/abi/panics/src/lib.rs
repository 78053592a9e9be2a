//! A plugin that panics wherever it can.

use pretext_plugin::*;

fn build(_: &mut Graph, _: &Args) -> Result<()> {
    let empty: Vec<u32> = Vec::new();
    panic!("there is nothing at {}", empty.len());
}

/// Asks for a parameter that it did not declare.
fn undeclared(_: &mut Graph, task: &Args) -> Result<()> {
    task.number("temperatur");
    Ok(())
}

struct Panics;

impl Transform for Panics {
    fn apply(&self, input: Sample<'_>, _: &mut Rng<'_>, _: &mut Out<'_>) -> Result<()> {
        let image = input.image()?;
        let beyond = image.pixels.len();
        image.pixels[beyond] = 0;
        Ok(())
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("and again");
    }
}

/// What is thrown panics when it is dropped.
fn throws(_: &Args, _: &SampleType) -> Result<Vec<SampleType>> {
    std::panic::panic_any(Bomb);
}

fn task(name: &str, build: fn(&mut Graph, &Args) -> Result<()>) -> Task {
    Task::new(name, "Panics.", build)
        .param(Param::with_default("temperature", Type::Number, "0.1", "Of nothing."))
        .input("view", SampleType::IMAGE, "A picture.")
        .input("turn", SampleType::label(4), "A label.")
}

export_plugin!(
    tasks = [task("panics", build), task("undeclared", undeclared)],
    transforms = [
        TransformSpec::new("breaks", "Panics for each sample.", |_, input| Ok(vec![input.clone()]), |_, _| {
            Ok(Box::new(Panics))
        }),
        TransformSpec::new("throws", "Panics while planning.", throws, |_, _| Ok(Box::new(Panics))),
    ]
);
