//! Arguments and fields against a list of parameters.

use std::collections::BTreeSet;

use super::Checker;
use super::values::Place;
use crate::catalog::{Args, Argument, Catalog, Kind, Origin, Param, Preset, Type, Value};
use crate::language::ast::{self, Expr, Name};
use crate::language::codes::Code;
use crate::language::{Diagnostic, Span, parse};

/// One argument or field as it was written.
#[derive(Clone, Copy)]
pub struct Given<'e> {
    pub name: Option<&'e Name>,
    /// The parameter that a misspelt name stands for.
    pub meant: Option<&'e str>,
    pub value: &'e Expr,
}

impl Given<'_> {
    fn span(&self) -> Span {
        self.name.map_or(self.value.span, |name| name.span)
    }
}

impl<'e> From<&'e ast::Argument> for Given<'e> {
    fn from(argument: &'e ast::Argument) -> Self {
        Self {
            name: argument.name.as_ref(),
            meant: None,
            value: &argument.value,
        }
    }
}

impl<'e> From<&'e ast::Field> for Given<'e> {
    fn from(field: &'e ast::Field) -> Self {
        Self {
            name: Some(&field.name),
            meant: None,
            value: &field.value,
        }
    }
}

/// What takes the arguments.
pub struct Subject<'s> {
    /// `task`, `run`
    pub kind: Option<Kind>,
    /// Its name in the catalog, or `run`.
    pub name: &'s str,
    /// Its name in the text.
    pub name_span: Span,
    /// The whole call: where its defaults are placed.
    pub span: Span,
}

impl Subject<'_> {
    /// `` task `rotation` ``
    pub fn text(&self) -> String {
        match self.kind {
            Some(kind) => format!("{} `{}`", kind.singular(), self.name),
            None => format!("`{}`", self.name),
        }
    }
}

/// The field that a misspelt or foreign name stands for.
pub struct Near {
    /// Its name.
    pub field: String,
    /// Whether the value can be read as it stands.
    pub fits: bool,
}

/// The word by which a value says that there is none.
fn nothing(value: &Expr) -> Option<&str> {
    match &value.kind {
        ast::ExprKind::Path(names) => match names.as_slice() {
            [name] => matches!(
                name.text.as_str(),
                "None" | "null" | "nil" | "NULL" | "Null" | "undefined" | "NaN" | "nan"
            )
            .then_some(name.text.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// What came of matching.
#[derive(Default)]
pub struct Matched {
    /// All parameters. Where a value is wrong its default stands in, so that what comes later can be checked too; `None`
    /// where that would change a shape, or where there is no default.
    pub args: Option<Args>,
    /// Required parameters that were not given.
    pub missing: Vec<String>,
}

/// Why the default of a parameter is no value of its type or range; `None` where it is sound, or where there is none. Names of a
/// recipe's items are not looked up.
pub fn default_problem(catalog: &Catalog, param: &Param) -> Option<String> {
    let Preset::Text(text) = &param.preset else {
        return None;
    };
    if matches!(
        param.ty,
        Type::Data | Type::Augment | Type::Stage | Type::Fit(_)
    ) {
        return None;
    }
    let nothing = ast::File::default();
    let mut checker = Checker::new(catalog, &nothing);
    let place = Place {
        param,
        of: "the declaration",
    };
    let read = checker.default(text, &place, Span::default());
    let said = checker.diagnostics.into_iter().next();
    match (read, said) {
        (Some(_), None) => None,
        (_, said) => Some(said.map_or_else(|| format!("`{text}`"), |d| d.message)),
    }
}

impl Checker<'_> {
    /// Matches what was given with `params`, checks every value, fills in defaults. A name in `forgiven` is not missing: something
    /// else was said about it.
    pub(super) fn arguments(
        &mut self,
        subject: &Subject<'_>,
        params: &[&Param],
        given: &[Given<'_>],
        forgiven: &mut BTreeSet<String>,
    ) -> Matched {
        let mut slots: Vec<Option<Given<'_>>> = vec![None; params.len()];
        let mut guessed: Vec<(usize, Given<'_>)> = Vec::new();
        let mut next = 0;
        for one in given {
            let index = match one.name {
                Some(name) => match params
                    .iter()
                    .position(|param| param.name == one.meant.unwrap_or(&name.text))
                {
                    Some(index) => index,
                    None => {
                        let names: Vec<&str> =
                            params.iter().map(|param| param.name.as_str()).collect();
                        if let Some(near) =
                            self.unknown_field(subject, name, one.value, &names, "argument")
                        {
                            let index = names.iter().position(|name| *name == near.field);
                            let index = index.filter(|_| near.fits);
                            guessed.extend(index.map(|index| (index, *one)));
                            forgiven.insert(near.field);
                        }
                        continue;
                    }
                },
                None => {
                    next += 1;
                    if next > params.len() {
                        if next == params.len() + 1 {
                            self.too_many(subject, params, given, one.value.span);
                        }
                        continue;
                    }
                    next - 1
                }
            };
            match &slots[index] {
                None => slots[index] = Some(*one),
                Some(first) => {
                    let diagnostic = Diagnostic::error(
                        Code::Duplicate,
                        one.span(),
                        format!(
                            "`{}` of {} is given twice",
                            params[index].name,
                            subject.text()
                        ),
                    )
                    .label(first.span(), "first here")
                    .help("keep one of them");
                    self.error(diagnostic);
                }
            }
        }
        // a name that was misspelt is read as the one it was probably meant to be
        for (index, one) in guessed {
            slots[index].get_or_insert(one);
        }
        let mut matched = Matched::default();
        let mut usable = true;
        let mut args = Args {
            of: subject.name.to_owned(),
            ..Args::default()
        };
        let of = subject.text();
        for (param, slot) in params.iter().zip(slots) {
            let place = Place { param, of: &of };
            let argument = match (slot, &param.preset) {
                (Some(given), preset) => {
                    let value = match nothing(given.value) {
                        Some(word) => self.left_out(word, &given, &place),
                        None => self.param(given.value, &place),
                    };
                    match (value, preset) {
                        (Some(value), _) => Some(Argument {
                            value,
                            span: given.value.span,
                            origin: given.value.origin.clone(),
                        }),
                        (None, _) if decides_shapes(subject.kind, param) => {
                            usable = false;
                            continue;
                        }
                        (None, Preset::Text(text)) => {
                            self.replaced.insert(self.current.to_owned());
                            if matches!(param.ty, Type::Head) {
                                self.short.insert(self.current.to_owned());
                            }
                            self.default(text, &place, subject.span)
                        }
                        (None, Preset::Optional) => continue,
                        (None, Preset::Required) => None,
                    }
                }
                (None, Preset::Optional) => continue,
                (None, Preset::Required) => {
                    if !forgiven.contains(&param.name) {
                        matched.missing.push(param.name.clone());
                    }
                    // the plan says nothing about data that a stage does not name
                    if matches!(param.ty, Type::Data) && subject.kind.is_some_and(is_stage) {
                        continue;
                    }
                    None
                }
                (None, Preset::Text(text)) => self.default(text, &place, subject.span),
            };
            match argument {
                Some(argument) => {
                    args.values.insert(param.name.clone(), argument);
                }
                None => usable = false,
            }
        }
        matched.args = usable.then_some(args);
        matched
    }

    /// A parameter's default, through the same parser and the same types as what a recipe says.
    fn default(&mut self, text: &str, place: &Place<'_>, span: Span) -> Option<Argument> {
        let value = match parse::parse_default(text, span) {
            Some(expr) => self.param(&expr, place),
            None => {
                let message = format!(
                    "the catalog's default of {} can't be read: `{text}`",
                    place.text()
                );
                self.error(
                    Diagnostic::error(Code::Syntax, span, message).help("give it in the recipe"),
                );
                None
            }
        };
        value.map(|value| Argument {
            value,
            span,
            origin: Origin::Default,
        })
    }

    /// Reports a value that other languages leave things out with; always `None`.
    fn left_out(&mut self, word: &str, given: &Given<'_>, place: &Place<'_>) -> Option<Value> {
        let span = given.value.span;
        let message = format!("{} can't be `{word}`: nothing is", place.text());
        let diagnostic = Diagnostic::error(Code::Mistyped, span, message);
        let diagnostic = match (given.name, &place.param.preset) {
            (_, Preset::Required) => diagnostic.note(place.param.doc.clone()),
            (Some(name), Preset::Text(_)) => {
                diagnostic.fix("leave it out for its default", name.span.to(span), "")
            }
            (Some(name), Preset::Optional) => {
                diagnostic.fix("leave it out", name.span.to(span), "")
            }
            (None, _) => diagnostic.help("leave it out"),
        };
        self.error(diagnostic);
        None
    }
}

fn is_stage(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Task | Kind::Evaluator | Kind::Finetune | Kind::Fit
    )
}

/// Whether something else in the place of a wrong value could be blamed on the wrong line.
fn decides_shapes(of: Option<Kind>, param: &Param) -> bool {
    matches!(of, Some(Kind::Layer | Kind::Encoder | Kind::Transform))
        || param.ty == Type::begins()
        || matches!(
            param.ty,
            Type::Encoder | Type::Augment | Type::Data | Type::Stage | Type::Fit(_)
        )
}
