//! A graph as a table.

use std::collections::BTreeSet;

use super::tree::{Item, grouped, parameters_of, short, signature, title, tree};
use crate::graph::{Cost, Graph, show};

/// Operations grouped by module with result shape, parameters and multiply-adds for a batch of `batch`. Equal blocks that follow
/// one another are shown once.
pub fn table(graph: &Graph, batch: usize) -> String {
    let mut table = Table {
        graph,
        costs: graph.costs(batch).0,
        seen: BTreeSet::new(),
        rows: Vec::new(),
    };
    table.items(&tree(graph), 0);
    let total = graph.costs(batch).1;
    table.rows.push([
        "total".into(),
        String::new(),
        String::new(),
        grouped(graph.parameter_count()),
        short(total.flops),
    ]);
    layout(&table.rows, batch)
}

struct Table<'a> {
    graph: &'a Graph,
    costs: Vec<Cost>,
    /// Parameters that stand in a row above: a module that is called twice has them once.
    seen: BTreeSet<usize>,
    rows: Vec<[String; 5]>,
}

impl Table<'_> {
    fn items(&mut self, items: &[Item], depth: usize) {
        let mut index = 0;
        while index < items.len() {
            let same = self.repeats(&items[index..]);
            self.item(&items[index], depth);
            if same > 0 {
                self.fold(&items[index + 1..=index + same], depth);
            }
            index += 1 + same;
        }
    }

    fn item(&mut self, item: &Item, depth: usize) {
        match item {
            Item::Op(index) => self.operation("", *index, depth),
            // a module of one operation is one row
            Item::Group(name, inside) => match inside.as_slice() {
                [Item::Op(index)] => self.operation(name, *index, depth),
                _ => {
                    let (parameters, flops) = self.sums(&item.nodes(), false);
                    let name = format!("{}{name}", "  ".repeat(depth));
                    let empty = String::new();
                    self.rows
                        .push([name, empty.clone(), empty, parameters, flops]);
                    self.items(inside, depth + 1);
                }
            },
        }
    }

    fn operation(&mut self, name: &str, index: usize, depth: usize) {
        let node = &self.graph.nodes[index];
        let (parameters, flops) = self.sums(&[index], true);
        // an operation of the module itself, not of the one above
        let name = if name.is_empty() && depth > 0 {
            "·"
        } else {
            name
        };
        self.rows.push([
            format!("{}{name}", "  ".repeat(depth)),
            title(self.graph, node),
            show(&node.shape),
            parameters,
            flops,
        ]);
    }

    /// How many of the modules behind the first are equal to it.
    fn repeats(&self, items: &[Item]) -> usize {
        let (Item::Group(_, inside), rest) = (&items[0], &items[1..]) else {
            return 0;
        };
        if inside.len() < 2 {
            return 0;
        }
        let first = signature(self.graph, &items[0]);
        rest.iter()
            .take_while(|item| {
                matches!(item, Item::Group(..)) && signature(self.graph, item) == first
            })
            .count()
    }

    fn fold(&mut self, items: &[Item], depth: usize) {
        let name = |item: Option<&Item>| match item {
            Some(Item::Group(name, _)) => name.clone(),
            _ => String::new(),
        };
        let names = match items.len() {
            1 => name(items.first()),
            _ => format!("{} … {}", name(items.first()), name(items.last())),
        };
        let nodes: Vec<usize> = items.iter().flat_map(Item::nodes).collect();
        let (parameters, flops) = self.sums(&nodes, true);
        self.rows.push([
            format!("{}{names}", "  ".repeat(depth)),
            "as above".into(),
            String::new(),
            parameters,
            flops,
        ]);
    }

    fn sums(&mut self, nodes: &[usize], mark: bool) -> (String, String) {
        let flops = nodes.iter().map(|index| self.costs[*index].flops).sum();
        let read: BTreeSet<usize> = nodes
            .iter()
            .flat_map(|index| parameters_of(self.graph, &self.graph.nodes[*index]))
            .filter(|id| !self.seen.contains(id))
            .collect();
        let sizes = read
            .iter()
            .map(|id| self.graph.parameters[*id].shape.iter().product::<usize>());
        let count: usize = sizes.sum();
        if mark {
            self.seen.extend(read);
        }
        let count = if count == 0 {
            String::new()
        } else {
            grouped(count)
        };
        (count, short(flops))
    }
}

fn layout(rows: &[[String; 5]], batch: usize) -> String {
    let flops = match batch {
        1 => "FLOPs".to_owned(),
        batch => format!("FLOPs (B = {batch})"),
    };
    let head = ["module", "operation", "shape", "parameters", &flops].map(str::to_owned);
    let width = |column: usize| {
        let cells = rows
            .iter()
            .chain([&head])
            .map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..5).map(width).collect();
    let line = |row: &[String; 5]| {
        let mut text = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let space = " ".repeat(width - cell.chars().count());
            // numbers stand to the right
            text += &if column < 3 {
                format!("{cell}{space}  ")
            } else {
                format!("{space}{cell}  ")
            };
        }
        text.trim_end().to_owned() + "\n"
    };
    let rule = "─".repeat(widths.iter().sum::<usize>() + 8) + "\n";
    let mut text = line(&head) + rule.as_str();
    for (index, row) in rows.iter().enumerate() {
        if index + 1 == rows.len() {
            text.push_str(&rule);
        }
        text.push_str(&line(row));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Value;
    use crate::graph::testing::{encoder, layer, net, pictures};
    use crate::graph::{Mode, Module};

    #[test]
    fn small_cnn() {
        let (mut g, x) = pictures(Mode::Eval, 3, 32);
        let trunk = Module::new("encoder", &encoder("small_cnn", &[]));
        let x = g.call(&trunk, x).unwrap();
        let head = net([
            layer("linear", &[64]),
            layer("relu", &[]),
            layer("linear", &[4]),
        ]);
        g.call(&Module::new("head", &head), x).unwrap();
        insta::assert_snapshot!(table(&g, 1));
    }

    #[test]
    fn equal_blocks_stand_once() {
        let (mut g, x) = pictures(Mode::Eval, 3, 32);
        let vit = encoder("vit", &[("patch", Value::Length(4.0))]);
        g.call(&Module::new("encoder", &vit), x).unwrap();
        let text = table(&g, 1);
        assert!(text.lines().count() < 60, "{text}");
        let folded = text.lines().find(|line| line.contains("1 … 11")).unwrap();
        // a block of ViT-Tiny has 12 D² + 13 D parameters with D = 192
        assert!(
            folded.contains(&grouped(11 * (12 * 192 * 192 + 13 * 192))),
            "{folded}"
        );
    }

    #[test]
    fn a_module_called_twice_has_its_parameters_once() {
        let (mut g, x) = pictures(Mode::Eval, 3, 32);
        let trunk = Module::new("encoder", &encoder("small_cnn", &[]));
        g.call(&trunk, x).unwrap();
        g.call(&trunk, x).unwrap();
        let text = table(&g, 1);
        let rows = |number: &str| text.lines().filter(|line| line.contains(number)).count();
        // the first convolution has 864 numbers, and takes 885 k multiply-adds each time
        assert_eq!((rows(" 864 "), rows("885 k")), (1, 2), "{text}");
        assert!(text.contains(&grouped(g.parameter_count())));
    }
}
