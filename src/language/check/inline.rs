//! `script("warm.rhai")` as a value: short for `use script "warm.rhai"` and a call of what it brings.

use std::path::Path;

use crate::language::Diagnostic;
use crate::language::ast::{Call, Door, Expr, ExprKind, File, Item, Name, Use};
use crate::language::codes::Code;

/// Writes every such value of the recipe's stages out.
pub(super) fn write_out(tree: &mut File) -> Vec<Diagnostic> {
    let mut found = Found::new(tree);
    for item in &mut tree.items {
        if let Item::Stage(stage) = item {
            found.expr(&mut stage.value);
            for field in &mut stage.block.fields {
                found.expr(&mut field.value);
            }
        }
    }
    found.add_to(tree)
}

/// The same in a value that is not in the recipe: one of `--set`.
pub(super) fn write_out_in(value: &mut Expr, tree: &mut File) -> Vec<Diagnostic> {
    let mut found = Found::new(tree);
    found.expr(value);
    found.add_to(tree)
}

struct Found {
    /// What is used already.
    known: Vec<String>,
    uses: Vec<Use>,
    errors: Vec<Diagnostic>,
}

impl Found {
    fn new(tree: &File) -> Self {
        let known = tree.items.iter().filter_map(|item| match item {
            Item::Use(used) if used.door == Door::Script => Some(used.name.text.clone()),
            _ => None,
        });
        Self {
            known: known.collect(),
            uses: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn add_to(self, tree: &mut File) -> Vec<Diagnostic> {
        tree.items.extend(self.uses.into_iter().map(Item::Use));
        self.errors
    }

    fn expr(&mut self, expr: &mut Expr) {
        let span = expr.span;
        match &mut expr.kind {
            ExprKind::Call(call) => {
                for argument in &mut call.arguments {
                    self.expr(&mut argument.value);
                }
                if call.name.text == "script" && !self.call(call) {
                    self.errors.push(
                        Diagnostic::error(Code::Script, span, "`script` takes the path of a file")
                            .note("The path is relative to the recipe.")
                            .help("write `script(\"warm.rhai\")`"),
                    );
                }
            }
            ExprKind::Record(fields) => {
                let values = fields.iter_mut().map(|field| &mut field.value);
                values.for_each(|value| self.expr(value));
            }
            ExprKind::List(values) | ExprKind::Several(values) => {
                values.iter_mut().for_each(|value| self.expr(value))
            }
            ExprKind::Pipe(steps) => steps.iter_mut().for_each(|step| self.expr(&mut step.value)),
            ExprKind::Repeat(inner, _) | ExprKind::Group(inner) => self.expr(inner),
            _ => {}
        }
    }

    /// Whether the call names a file first.
    fn call(&mut self, call: &mut Call) -> bool {
        let Some(first) = call.arguments.first() else {
            return false;
        };
        let (None, ExprKind::Text(path)) = (&first.name, &first.value.kind) else {
            return false;
        };
        let name = Path::new(path).file_stem();
        let name = name.map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
        if !self.known.contains(path) {
            self.known.push(path.clone());
            self.uses.push(Use {
                door: Door::Script,
                name: Name {
                    text: path.clone(),
                    span: first.value.span,
                },
                version: None,
                span: first.value.span,
            });
        }
        call.arguments.remove(0);
        call.name.text = name;
        true
    }
}
