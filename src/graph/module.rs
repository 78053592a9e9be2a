//! Modules: named sub-graphs with parameters. Two calls of one module share its weights.

use super::{Graph, Var};
use crate::catalog::{Make, Net, Problem, Result};
use crate::language::codes::Code;

/// Operations of a graph from which on no layer is added: a transformer of 1000 blocks, called four times, has fewer.
const MAX_NODES: usize = 250_000;

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

/// What a tensor of the module of this name is called in it, with the stroke before it: `/conv1/weight`. `None`: it belongs to
/// another one.
pub fn within<'n>(name: &'n str, module: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(module)?;
    rest.starts_with('/').then_some(rest)
}

/// Whether a tensor belongs to the module of this name.
pub(super) fn belongs(name: &str, module: &str) -> bool {
    within(name, module).is_some()
}

impl Graph {
    /// Runs `x` through the module. A second call shares the parameters, normalises its own batch, and moves the same
    /// running statistics, in call order. `as` names and the encoder's own places become
    /// `MODULE/PLACE` of the first call.
    pub fn call(&mut self, module: &Module, x: Var) -> Result<Var> {
        self.scoped(&module.name, |g| {
            let mut x = x;
            // an encoder written layer by layer: each layer with weights is a block of its own
            let mut depth = 0;
            let layered = module.name.ends_with("encoder");
            for (index, step) in module.net.steps.iter().enumerate() {
                let build = match &step.call.spec.make {
                    Make::Layer(build) | Make::Encoder(build) => *build,
                    _ => continue,
                };
                let encoder = matches!(step.call.spec.make, Make::Encoder(_));
                let known = g.parameters.len();
                x = g.step(module, index, |g| build(g, &step.call.args, x))??;
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

    /// Runs `x` through a part of the module's encoder, with the same parameters as a whole call: a vision transformer has
    /// `embed`, `blocks` and `norm`. So a task can enter behind the embedding, with some of the patches or with others.
    ///
    /// # Errors
    /// The encoder has no such part, or `x` does not fit it.
    pub fn call_part(&mut self, module: &Module, part: &str, x: Var) -> Result<Var> {
        let steps = module.net.steps.iter();
        let found = steps.clone().enumerate().find_map(|(index, step)| {
            let (_, build) = step
                .call
                .spec
                .parts
                .iter()
                .find(|(name, _)| *name == part)?;
            Some((index, &step.call.args, *build))
        });
        if let Some((index, args, build)) = found {
            return self.scoped(&module.name, |g| {
                g.step(module, index, |g| build(g, args, x))?
            });
        }
        let names: Vec<String> = steps
            .flat_map(|step| step.call.spec.parts.iter())
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let encoder = module.net.steps.first();
        let name = encoder.map_or(module.name.as_str(), |step| &step.call.spec.name);
        let problem = Problem::argument(
            Code::UnknownPart,
            "encoder",
            format!("`{name}` has no part `{part}`"),
        );
        Err(
            if names.is_empty() || ["embed", "patches"].contains(&part) {
                problem.help("take an encoder that works on patches: `vit(..)`")
            } else {
                problem.note(format!("its parts are {}", names.join(", ")))
            },
        )
    }

    /// The same graph with the tensors of a module under another name.
    pub fn with_module_named(&self, module: &str, name: &str) -> Graph {
        let mut graph = self.clone();
        let parameters = graph.parameters.iter_mut().map(|p| &mut p.name);
        let buffers = graph.buffers.iter_mut().map(|b| &mut b.name);
        for own in parameters.chain(buffers) {
            if let Some(rest) = within(own, module) {
                *own = format!("{name}{rest}");
            }
        }
        graph
    }

    /// Builds inside the scope and at the place of one of the module's calls. A single encoder has its parameters right under
    /// the module's name. What one call adds is bounded by the ranges of its arguments; how many calls there are is bounded here.
    pub(super) fn step<T>(
        &mut self,
        module: &Module,
        index: usize,
        build: impl FnOnce(&mut Self) -> T,
    ) -> Result<T> {
        let step = &module.net.steps[index];
        let alone = module.net.steps.len() == 1;
        if self.nodes.len() > MAX_NODES {
            return Err(Problem::new(
                Code::TooManyNodes,
                format!("the network takes more than {MAX_NODES} operations"),
            )
            .at(super::build::at(step.call.span))
            .note(format!("It is traced as far as its `{}`.", module.name))
            .help("make it less deep, or use fewer views"));
        }
        let span = self.set_span(step.call.span);
        let result = if alone && matches!(step.call.spec.make, Make::Encoder(_)) {
            build(self)
        } else {
            let name = step.place.clone().unwrap_or_else(|| index.to_string());
            self.scoped(&name, build)
        };
        self.set_span(span);
        Ok(result)
    }
}
