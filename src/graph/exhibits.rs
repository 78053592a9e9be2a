//! What a task shows of itself once it is trained: values that are laid side by side, one row for each of a few records.

use super::{DType, Graph, Mode, Op, Size, Var, show};
use crate::catalog::{Problem, Result};
use crate::language::codes::Code;

/// Most exhibits of a task.
const MOST: usize = 16;
/// Most panels of one.
const MOST_PANELS: usize = 12;
/// Letters of a name: it becomes a part of a file's.
const LONGEST_NAME: usize = 40;
/// Letters of a panel's title.
const LONGEST_TITLE: usize = 40;
/// Largest side of a panel, in pixels, and most words of a text.
const LARGEST: usize = 4096;

/// Values of one batch that are laid side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Exhibit {
    /// `filled`
    pub name: String,
    /// From left to right. Empty where it is only known that there are some: in every graph but the one that shows.
    pub panels: Vec<Panel>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What stands under it.
    pub title: String,
    /// Pictures as the batch has them, normalised where those are: `[B, C, H, W]`, grey or in three colours. Or texts: ids of the
    /// vocabulary of the batch's, `[B, n]`.
    pub var: Var,
}

impl Graph {
    /// An empty graph in evaluation from which exhibits are drawn.
    pub fn to_show() -> Self {
        let mut graph = Graph::new(Mode::Eval);
        graph.shows = true;
        graph
    }

    /// Lays values side by side: `[B, C, H, W]` each, pictures like those of the batch. After training a few records are shown so, in
    /// the report and in `results/`.
    ///
    /// Or texts, ids `[B, n]`: one, or three, of which the first is the text, the second what was hidden at each place (0: nothing), and
    /// the third what was filled in there. They are shown as one line.
    ///
    /// # Errors
    /// There is such an exhibit, or a value is neither.
    pub fn exhibit(&mut self, name: &str, panels: &[Var]) -> Result<()> {
        self.exhibit_of(name, &[], |_| Ok(panels.to_vec()))
    }

    /// The same with a title under each panel, where there are any. What `make` builds is built where it is shown, and nowhere
    /// else: training pays nothing for it.
    ///
    /// # Errors
    /// As [`Self::exhibit`]; what `make` builds does not fit.
    pub fn exhibit_of(
        &mut self,
        name: &str,
        titles: &[&str],
        make: impl FnOnce(&mut Self) -> Result<Vec<Var>>,
    ) -> Result<()> {
        self.check_exhibit(name)?;
        let mut panels = Vec::new();
        if self.shows {
            let vars = self.scoped("exhibit", make)?;
            self.check_panels(name, titles, &vars)?;
            for (index, var) in vars.into_iter().enumerate() {
                let title = titles.get(index).copied().unwrap_or_default().to_owned();
                panels.push(Panel { title, var });
            }
        }
        self.exhibits.push(Exhibit {
            name: name.to_owned(),
            panels,
        });
        Ok(())
    }

    /// Whether what an exhibit shows is texts.
    pub fn shows_texts(&self, exhibit: &Exhibit) -> bool {
        let whole = |panel: &Panel| self.node(panel.var).dtype == DType::Int;
        !exhibit.panels.is_empty() && exhibit.panels.iter().all(whole)
    }

    fn check_exhibit(&self, name: &str) -> Result<()> {
        let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(letter) {
            let shown: String = name.chars().take(LONGEST_NAME).collect();
            return Err(self
                .shape_problem(format!("an exhibit can't be called {shown:?}"))
                .note("The name becomes a part of a file's.")
                .help(format!(
                    "take small letters, digits and `_`, at most {LONGEST_NAME}"
                )));
        }
        if self.exhibits.iter().any(|other| other.name == name) {
            return Err(
                Problem::new(Code::Duplicate, format!("two exhibits are called `{name}`"))
                    .at(super::build::at(self.span)),
            );
        }
        if self.exhibits.len() == MOST {
            return Err(self.shape_problem(format!("there are more than {MOST} exhibits")));
        }
        Ok(())
    }

    fn check_panels(&self, name: &str, titles: &[&str], vars: &[Var]) -> Result<()> {
        if vars.is_empty() || vars.len() > MOST_PANELS {
            return Err(self.shape_problem(format!(
                "the exhibit `{name}` lays 1 to {MOST_PANELS} values side by side, not {}",
                vars.len()
            )));
        }
        if !titles.is_empty() && titles.len() != vars.len() {
            return Err(self.shape_problem(format!(
                "the exhibit `{name}` has {} titles for {} values",
                titles.len(),
                vars.len()
            )));
        }
        let unfit = |title: &&&str| {
            title.chars().count() > LONGEST_TITLE || title.chars().any(char::is_control)
        };
        if let Some(title) = titles.iter().find(unfit) {
            let shown: String = title.chars().take(LONGEST_TITLE).collect();
            return Err(self.shape_problem(format!(
                "the exhibit `{name}` can't have the title {shown:?}: one line of at most {LONGEST_TITLE} letters"
            )));
        }
        if vars.iter().all(|var| self.node(*var).dtype == DType::Int) {
            return self.check_texts(name, vars);
        }
        for var in vars {
            let shape = self.shape(*var);
            let sizes: Vec<Option<usize>> = shape.iter().map(Size::known).collect();
            let fits = shape.first() == Some(&Size::batch())
                && matches!(sizes.as_slice(), [_, Some(1 | 3), Some(h), Some(w)]
                    if (1..=LARGEST).contains(h) && (1..=LARGEST).contains(w));
            if !fits || self.node(*var).dtype != DType::F32 {
                return Err(self
                    .shape_problem(format!(
                        "the exhibit `{name}` shows pictures, [B, 1, H, W] or [B, 3, H, W], or ids of texts, [B, n], not {}",
                        show(shape)
                    ))
                    .help("a row of the exhibit is a record of the batch; bring the value into a picture's shape"));
            }
        }
        Ok(())
    }

    fn check_texts(&self, name: &str, vars: &[Var]) -> Result<()> {
        let first = self.shape(vars[0]);
        let sizes: Vec<Option<usize>> = first.iter().map(Size::known).collect();
        let fits = first.first() == Some(&Size::batch())
            && matches!(sizes.as_slice(), [_, Some(n)] if (1..=LARGEST).contains(n));
        let other = vars.iter().find(|var| self.shape(**var) != first);
        if !fits || other.is_some() {
            let shape = show(other.map_or(first, |var| self.shape(*var)));
            return Err(self
                .shape_problem(format!(
                    "the exhibit `{name}` shows texts by the ids of their words, [B, n] of one n, not {shape}"
                ))
                .help("a row of the exhibit is a record of the batch, with one id for each place of its text"));
        }
        if !matches!(vars.len(), 1 | 3) {
            return Err(self.shape_problem(format!(
                "the exhibit `{name}` shows one text, or three of which the second is what was hidden and the third what was filled in, not {}",
                vars.len()
            )));
        }
        let text = |node: &super::Node| {
            matches!(node.op, Op::Input(_)) && node.dtype == DType::Int && node.shape.len() == 2
        };
        if !self.nodes.iter().any(text) {
            return Err(self
                .shape_problem(format!(
                    "the exhibit `{name}` shows ids of words, and no field of the batch is a text in pieces"
                ))
                .note("The words come from the vocabulary of such a field."));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(mut g: Graph) -> (Graph, Var) {
        let shape = [Size::batch(), 3.into(), 8.into(), 8.into()].to_vec();
        let x = g.declare_input("x", shape, DType::F32, None);
        (g, x)
    }

    #[test]
    fn only_the_graph_that_shows_builds_what_is_shown() {
        for (g, nodes) in [(Graph::new(Mode::Train), 1), (Graph::to_show(), 2)] {
            let (mut g, x) = graph(g);
            g.exhibit_of("both", &["seen", "drawn"], |g| {
                let y = g.neg(x)?;
                Ok(vec![x, y])
            })
            .unwrap();
            assert_eq!(g.nodes.len(), nodes);
            assert_eq!(g.exhibits[0].panels.len(), 2 * (nodes - 1));
        }
    }

    #[test]
    fn training_is_the_same_graph_with_an_exhibit_and_without() {
        let (mut g, x) = graph(Graph::new(Mode::Train));
        let before = g.hash();
        g.exhibit("seen", &[x]).unwrap();
        assert_eq!(g.hash(), before);
    }

    #[test]
    fn texts_are_ids_of_words_of_the_batch() {
        let ids = |g: &mut Graph, name: &str, n: usize| {
            g.declare_input(name, vec![Size::batch(), n.into()], DType::Int, Some(9))
        };
        let mut g = Graph::to_show();
        let (x, y) = (ids(&mut g, "x", 5), ids(&mut g, "y", 6));
        g.exhibit("one", &[x]).unwrap();
        g.exhibit("three", &[x, x, x]).unwrap();
        assert!(g.exhibits.iter().all(|exhibit| g.shows_texts(exhibit)));
        let says = |g: &mut Graph, vars: &[Var], words: &str| {
            let problem = g.exhibit("a", vars).unwrap_err();
            assert!(problem.message.contains(words), "{problem}");
        };
        says(&mut g, &[x, y, x], "[B, n] of one n, not [B, 6]");
        says(&mut g, &[x, x], "not 2");
        let number = g.to_float(x).unwrap();
        says(&mut g, &[x, number, x], "shows pictures");
        let label = g.declare_input("label", vec![Size::batch()], DType::Int, Some(3));
        says(&mut g, &[label], "[B, n] of one n, not [B]");
        // whole numbers of a batch of pictures are no words
        let (mut g, x) = graph(Graph::to_show());
        let rows = g.flatten(x).unwrap();
        let whole = g.to_int(rows).unwrap();
        says(
            &mut g,
            &[whole],
            "no field of the batch is a text in pieces",
        );
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let (mut g, x) = graph(Graph::to_show());
        let rows = g.flatten(x).unwrap();
        let one = g.slice(x, 0, 0.into(), 1.into()).unwrap();
        let two = g.slice(x, 1, 0.into(), 2.into()).unwrap();
        for var in [rows, one, two] {
            let problem = g.exhibit("a", &[x, var]).unwrap_err();
            assert!(problem.message.contains("shows pictures"), "{problem}");
        }
        assert!(g.exhibit("a", &[]).is_err());
        assert!(g.exhibit("a", &[x; 13]).is_err());
        assert!(g.exhibit_of("a", &["one"], |_| Ok(vec![x, x])).is_err());
        assert!(g.exhibit_of("a", &["two\nlines"], |_| Ok(vec![x])).is_err());
        for name in ["", "A", "a b", "../a", "a.b", "ä", &"a".repeat(41)] {
            assert!(g.exhibit(name, &[x]).is_err(), "{name}");
        }
        g.exhibit("a", &[x]).unwrap();
        let problem = g.exhibit("a", &[x]).unwrap_err();
        assert_eq!(problem.code, Code::Duplicate);
    }
}
