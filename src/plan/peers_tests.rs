//! For tests against other programs: nets as after some training, and Python.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::process::Command;

use crate::catalog::Value;
use crate::data::Philox;
use crate::engine::{Device, HostTensor, Model, features};
use crate::graph::testing::{encoder, pictures};
use crate::graph::{Graph, Mode, Module, Var};

/// An encoder of pictures with random weights and statistics, and what it makes of random pictures.
pub(crate) struct Random {
    pub graph: Graph,
    /// `[B, D]` of the graph.
    pub features: Var,
    pub model: Model,
    /// `[count, 3, side, side]`
    pub input: HostTensor,
    /// `[count, D]`
    pub output: HostTensor,
}

impl Random {
    pub fn new(name: &str, given: &[(&str, Value)], side: usize, count: usize) -> Self {
        let (mut g, x) = pictures(Mode::Eval, 3, side);
        let module = Module::new("encoder", &encoder(name, given));
        let y = g.call(&module, x).unwrap();
        let mut model = Model::init(&g, 1, &Device::flex()).unwrap();
        // statistics as after some training: means around 0, variances around 1
        let mut random = Philox::new(2, &[]);
        for buffer in &g.buffers {
            let around = if buffer.name.ends_with("running_var") {
                1.0
            } else {
                0.0
            };
            let n = buffer.shape.iter().product();
            let values = (0..n).map(|_| around + 0.2 * (random.uniform() - 0.5));
            let tensor = HostTensor::f32(values.collect(), &buffer.shape);
            model.set(&buffer.name, &tensor).unwrap();
        }
        let shape = [count, 3, side, side];
        let pixels = (0..shape.iter().product())
            .map(|_| random.normal())
            .collect();
        let input = HostTensor::f32(pixels, &shape);
        let batch = BTreeMap::from([("image".to_owned(), input.clone())]);
        let output = features(&g, &model, &batch, &[y]).unwrap().remove(0);
        Self {
            graph: g,
            features: y,
            model,
            input,
            output,
        }
    }

    /// The numbers of a tensor of the model.
    pub fn numbers(&self, name: &str) -> Option<Vec<f32>> {
        Some(self.model.get(name).ok()?.as_f32()?.to_vec())
    }
}

/// Runs a script of `tests/peers`, which ends with 0, or with 77 where a package is missing. Skips with a message where Python is; `PRETEXT_PYTHON`
/// names the interpreter.
pub(crate) fn python(script: &str, args: impl IntoIterator<Item = impl AsRef<OsStr>>) {
    let python = std::env::var("PRETEXT_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = format!("{}/tests/peers/{script}", env!("CARGO_MANIFEST_DIR"));
    let Ok(run) = Command::new(&python).arg(script).args(args).output() else {
        println!("skipped: no {python}");
        return;
    };
    let said = [run.stdout, run.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    print!("{said}");
    assert!(
        run.status.success() || run.status.code() == Some(77),
        "{said}"
    );
}
