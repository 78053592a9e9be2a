//! [`Spec`]: everything there is to know about one thing a recipe may call.
//!
//! What an entry is made by (`make`) reads values (`value`), and values hold calls of entries: the three are one type.

mod artifact;
mod make;
mod value;

use std::borrow::Cow;
use std::sync::Arc;

pub use artifact::Artifact;
pub use make::{
    Make, NextBuilder, PartBuilder, TaskAugment, TaskBuilder, TransformMaker, TransformTypes,
};
pub use value::{
    Args, Argument, Call, Data, DataSource, Duration, Net, NetStep, Origin, Split, Value,
};

use super::{Kind, Param, Result, Type};
use crate::data::SampleType;
use crate::evaluation::Evaluator;
use crate::fit::Fit;
#[cfg(doc)]
use crate::graph::Graph;
use crate::plan::Schedule;

/// What a task wants from the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The field's name.
    pub name: String,
    /// Its type; sizes that do not matter are `None`, a list with `count: None` may have any length.
    pub ty: SampleType,
    /// Fewest elements where `ty` is a list; 0: it may be absent, list or not.
    pub at_least: usize,
    /// A list of `ty` may stand here too; its elements follow one another along the batch.
    pub or_list: bool,
    /// One sentence.
    pub doc: String,
}

impl Input {
    /// Whether values of this type flow into it, alone or as a list.
    pub fn holds(&self, ty: &SampleType) -> bool {
        let one = self.ty.parts().map_or(&self.ty, |(element, _)| element);
        one.fits(ty)
    }

    /// Whether several fields of the batch may go to it.
    pub fn takes_several(&self) -> bool {
        self.or_list || self.ty.parts().is_some()
    }
}

/// Where a method was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// First author and year: `Gidaris et al., 2018`.
    pub cite: Cow<'static, str>,
    /// Title.
    pub title: Cow<'static, str>,
    /// `arXiv:1803.07728` or a DOI.
    pub link: Cow<'static, str>,
}

/// Who provides an entry that is not built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// `plugin acme_jigsaw 0.3.1`, `script tasks/vicreg.rhai`
    pub name: String,
    /// blake3 of its file in hexadecimal digits: another content is another stage.
    pub hash: String,
}

/// One entry of the catalog.
#[derive(Clone, Debug)]
pub struct Spec {
    /// What a recipe writes.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// One line.
    pub summary: String,
    /// More, in Markdown; may be empty.
    pub doc: String,
    /// Where it comes from.
    pub paper: Option<Paper>,
    /// In the order in which positional arguments fill them.
    pub params: Vec<Param>,
    /// Whether unnamed arguments are the elements of the first parameter, a list: `few_labels(1%, 5%)`.
    pub gathers: bool,
    /// What a task wants from the batch.
    pub inputs: Vec<Input>,
    /// What flows into an encoder, as far as it matters to it; `None` of anything else. Of a transform: that it takes whole clips,
    /// which others go over frame by frame.
    pub takes: Option<SampleType>,
    /// What kind of thing a fit learns: `vocabulary`. Parameters of [`Type::Fit`](super::Type) take it by name.
    pub gives: Option<&'static str>,
    /// What [`Graph::call_part`] may call of an encoder, by name.
    pub parts: Vec<(&'static str, PartBuilder)>,
    /// How an encoder goes on with a text, where it can: [`Graph::call_next`].
    pub next: Option<NextBuilder>,
    /// What a task exports beside its encoders, by name with one sentence each: what [`Graph::part`] names, in that order. Empty
    /// where only the graph knows: a script's or a plugin's.
    pub exports: Vec<(String, String)>,
    /// Fields of its kind that it does not have: what reads no records names no data.
    pub without: &'static [&'static str],
    /// Of a task: its batch shows pieces of pictures, or texts in pairs. Later stages read whole pictures and single texts all the same.
    pub pieces: bool,
    /// Raised whenever results change for the same recipe.
    pub semantics: u32,
    /// A whole recipe, or the fragment that the tests wrap for this kind (`|> hflip(50%)` → `hflip(50%)`).
    pub example: String,
    /// Who provides it; `None`: it is built in.
    pub provider: Option<Provider>,
    /// How it is made.
    pub make: Make,
}

impl Spec {
    /// An entry with no parameters, paper or inputs yet.
    pub fn new(name: &str, kind: Kind, summary: &str, make: Make) -> Self {
        Self {
            name: name.into(),
            kind,
            summary: summary.into(),
            doc: String::new(),
            paper: None,
            params: Vec::new(),
            gathers: false,
            inputs: Vec::new(),
            takes: None,
            gives: None,
            parts: Vec::new(),
            next: None,
            exports: Vec::new(),
            without: &[],
            pieces: false,
            semantics: 1,
            example: format!("{name}()"),
            provider: None,
            make,
        }
    }

    /// Adds a parameter.
    pub fn param(mut self, param: Param) -> Self {
        self.params.push(param);
        self
    }

    /// Adds several parameters.
    pub fn params(mut self, params: impl IntoIterator<Item = Param>) -> Self {
        self.params.extend(params);
        self
    }

    /// Says something else of a parameter that was added.
    pub fn say(mut self, param: &str, doc: &str) -> Self {
        if let Some(param) = self.params.iter_mut().find(|own| own.name == param) {
            param.doc = doc.into();
        }
        self
    }

    /// Says what flows into an encoder, or that a transform takes whole clips.
    pub fn takes(mut self, ty: SampleType) -> Self {
        self.takes = Some(ty);
        self
    }

    /// Says what kind of thing a fit learns.
    pub fn gives(mut self, kind: &'static str) -> Self {
        self.gives = Some(kind);
        self
    }

    /// Says which fields of its kind it does not have.
    pub fn without(mut self, fields: &'static [&'static str]) -> Self {
        self.without = fields;
        self
    }

    /// Says that unnamed arguments are the elements of its first parameter.
    pub fn gathers(mut self) -> Self {
        self.gathers = true;
        self
    }

    /// Adds a part of an encoder.
    pub fn part(mut self, name: &'static str, build: PartBuilder) -> Self {
        self.parts.push((name, build));
        self
    }

    /// Says how an encoder goes on with a text.
    pub fn next(mut self, build: NextBuilder) -> Self {
        self.next = Some(build);
        self
    }

    /// Adds what later stages may start from; the first is what a bare `from = STAGE` means.
    pub fn export(mut self, name: &str, doc: &str) -> Self {
        self.exports.push((name.into(), doc.into()));
        self
    }

    /// Adds a batch input.
    pub fn input(mut self, name: &str, ty: SampleType, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty,
            at_least: 1,
            or_list: false,
            doc: doc.into(),
        });
        self
    }

    /// Adds an input that may be absent: it is bound by name alone.
    pub fn input_maybe(mut self, name: &str, ty: SampleType, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty,
            at_least: 0,
            or_list: false,
            doc: doc.into(),
        });
        self
    }

    /// Adds a batch input that may also be a list: [`Graph::input_stacked`].
    pub fn input_or_list(mut self, name: &str, ty: SampleType, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty,
            at_least: 1,
            or_list: true,
            doc: doc.into(),
        });
        self
    }

    /// Adds an input that is a list of at least `n`.
    pub fn input_list(mut self, name: &str, element: SampleType, n: usize, doc: &str) -> Self {
        self.inputs.push(Input {
            name: name.into(),
            ty: SampleType::list(element, None),
            at_least: n,
            or_list: false,
            doc: doc.into(),
        });
        self
    }

    /// Adds an input that is a list or absent: it is bound by name alone.
    pub fn input_maybe_list(self, name: &str, element: SampleType, doc: &str) -> Self {
        self.input_maybe(name, SampleType::list(element, None), doc)
    }

    /// Says that the batch of a task shows pieces of pictures, or texts in pairs.
    pub fn pieces(mut self) -> Self {
        self.pieces = true;
        self
    }

    /// Sets the paper.
    pub fn paper(mut self, cite: &'static str, title: &'static str, link: &'static str) -> Self {
        self.paper = Some(Paper {
            cite: cite.into(),
            title: title.into(),
            link: link.into(),
        });
        self
    }

    /// Sets the long text.
    pub fn doc(mut self, doc: &str) -> Self {
        self.doc = doc.into();
        self
    }

    /// Says that results have changed for the same recipe, so often.
    pub fn semantics(mut self, semantics: u32) -> Self {
        self.semantics = semantics;
        self
    }

    /// Sets the example.
    pub fn example(mut self, example: &str) -> Self {
        self.example = example.into();
        self
    }

    /// What a schedule is with these arguments; `None` for all that is none.
    pub fn schedule(&self, args: &Args) -> Option<Result<Schedule>> {
        match &self.make {
            Make::Schedule(make) => Some(make(args)),
            _ => None,
        }
    }

    /// The same as what runs while a stage trains: it names its own split, how it is trained, and how often it is read.
    pub fn as_monitor(&self) -> Self {
        let (before, behind): (Vec<Param>, Vec<Param>) = super::monitor_params()
            .into_iter()
            .filter(|param| self.find(&param.name).is_none())
            .partition(|param| param.name == "test");
        let mut spec = self.clone();
        spec.params = [before, self.params.clone(), behind].concat();
        spec
    }

    /// The fields that a stage of it has beside its own parameters.
    pub fn stage_fields(&self) -> Vec<Param> {
        let mut fields = super::stage_fields(self.kind);
        fields.retain(|field| !self.without.contains(&field.name.as_str()));
        fields
    }

    /// The parameter of the encoder that a bare `from = STAGE` means: `encoder`, else the first of its own.
    pub fn main_encoder(&self) -> &str {
        const NAME: &str = "encoder";
        let mut own = self.params.iter();
        match self.without.contains(&NAME) {
            true => own
                .find(|param| param.ty == Type::Encoder)
                .map_or(NAME, |param| &param.name),
            false => NAME,
        }
    }

    /// Whether it is a transform of several values.
    pub fn takes_several(&self) -> bool {
        matches!(self.make, Make::Several { .. })
    }

    /// What judges, where the entry is an evaluator.
    pub fn evaluator(&self) -> Option<&dyn Evaluator> {
        match &self.make {
            Make::Evaluator(evaluator) => Some(&**evaluator),
            _ => None,
        }
    }

    /// What learns, where the entry is a fit.
    pub fn fit(&self) -> Option<&dyn Fit> {
        match &self.make {
            Make::Fit(fit) => Some(&**fit),
            _ => None,
        }
    }

    /// The parameter of this name.
    pub fn find(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }
}

/// Shared by every call of it.
pub type SharedSpec = Arc<Spec>;
