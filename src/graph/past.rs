//! Reading a text piece by piece: what was read before is not read again.

use super::{Graph, Module, Var};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// What an encoder keeps of the pieces that it has read, for those that follow.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// 1 for a piece of the text, 0 for padding: `[B, m]`.
    pub own: Option<Var>,
    /// Keys and values of each block: `[B, heads, m, d]`.
    pub blocks: Vec<Option<[Var; 2]>>,
}

impl Graph {
    /// Reads pieces behind those that `past` has: ids `[B, n]` → their features `[B, n, D]`, the same as of the whole text. It takes an
    /// encoder in which no piece looks at those behind it.
    ///
    /// # Errors
    /// The encoder can't go on with a text, or the pieces do not fit it.
    pub fn call_next(&mut self, module: &Module, past: &mut Past, ids: Var) -> Result<Var> {
        let mut steps = module.net.steps.iter().enumerate();
        let found = steps.find_map(|(index, step)| {
            let build = step.call.spec.next?;
            Some((index, &step.call.args, build))
        });
        let Some((index, args, build)) = found else {
            let encoder = module.net.steps.first();
            let name = encoder.map_or(module.name.as_str(), |step| &step.call.spec.name);
            return Err(Problem::argument(
                Code::UnknownPart,
                "encoder",
                format!("`{name}` does not read from left to right, and can't write"),
            )
            .help("take an encoder that does: `gpt()`"));
        };
        self.scoped(&module.name, |g| {
            g.step(module, index, |g| build(g, args, past, ids))?
        })
    }
}
