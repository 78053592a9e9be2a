//! Modules: named sub-graphs with parameters. Two calls of one module share its weights.

use super::{Graph, Var};
use crate::catalog::{Make, Net, Result};

/// An encoder or a head under the name that its parameters carry.
#[derive(Clone, Debug)]
pub struct Module {
    /// `encoder`, `head`
    pub name: String,
    /// Its layers.
    pub net: Net,
}

impl Module {
    /// The encoder or head that an argument holds.
    pub fn new(name: &str, net: &Net) -> Self {
        Self {
            name: name.to_owned(),
            net: net.clone(),
        }
    }
}

impl Graph {
    /// Runs `x` through the module. A second call shares the parameters, normalises its own batch, and moves the same
    /// running statistics, in call order. `as` names and the encoder's own places become
    /// `MODULE/PLACE` of the first call.
    pub fn call(&mut self, module: &Module, x: Var) -> Result<Var> {
        self.scoped(&module.name, |g| {
            let mut x = x;
            let alone = module.net.steps.len() == 1;
            // an encoder written layer by layer: each layer with weights is a block of its own
            let mut depth = 0;
            let layered = module.name.ends_with("encoder");
            for (index, step) in module.net.steps.iter().enumerate() {
                let build = match &step.call.spec.make {
                    Make::Layer(build) | Make::Encoder(build) => *build,
                    _ => continue,
                };
                let encoder = matches!(step.call.spec.make, Make::Encoder(_));
                let span = g.set_span(step.call.span);
                let known = g.parameters.len();
                x = if alone && encoder {
                    build(g, &step.call.args, x)?
                } else {
                    let name = step.place.clone().unwrap_or_else(|| index.to_string());
                    g.scoped(&name, |g| build(g, &step.call.args, x))?
                };
                g.set_span(span);
                if layered && !encoder {
                    depth += usize::from(g.parameters[known..].iter().any(|p| p.shape.len() > 1));
                    for parameter in &g.parameters[known..] {
                        g.depths
                            .insert(parameter.name.clone(), depth.saturating_sub(1));
                    }
                }
                if let Some(place) = &step.place {
                    g.place(place, x);
                }
            }
            Ok(x)
        })
    }
}
