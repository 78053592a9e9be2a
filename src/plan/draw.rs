//! A graph as a picture: one box per module or operation, from top to bottom.

use std::collections::BTreeMap;

use super::layers::{Layout, Size};
use super::tree::{Item, grouped, parameters_of, title, tree};
use crate::graph::{Cost, Graph, Op, show};

/// Modules are opened as long as there are not more boxes than this.
const MOST_BOXES: usize = 64;
const CHARACTER: f64 = 6.6;
const HEIGHT: f64 = 46.0;

/// An SVG of the graph. Modules are opened from the outside inwards until about sixty boxes stand there; a box names its
/// module or operation, the shape of its result, parameters and multiply-adds for one sample.
pub fn svg(graph: &Graph) -> String {
    let boxes = boxes(graph);
    let edges = edges(graph, &boxes);
    let sizes = boxes.iter().map(|b| Size {
        width: b.width(),
        height: HEIGHT,
    });
    let layout = Layout::new(&sizes.collect::<Vec<_>>(), &edges);
    let margin = 24.0;
    let (width, height) = (layout.width + 2.0 * margin, layout.height + 2.0 * margin);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n{STYLE}\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<g transform=\"translate({margin} {margin})\">\n"
    );
    for points in &layout.paths {
        text += &format!("<path class=\"edge\" d=\"{}\"/>\n", curve(points));
    }
    for (b, (x, y)) in boxes.iter().zip(&layout.centres) {
        text += &b.svg(*x, *y);
    }
    text + "</g>\n</svg>\n"
}

const STYLE: &str = "<style>\
    .edge{fill:none;stroke:#9aa3ad;stroke-width:1.4;marker-end:url(#arrow)}\
    .box{stroke-width:1.2}\
    .name{font-weight:600;fill:#1d2530}\
    .what{fill:#4b5563;font-size:10.5px}\
    .input{fill:#e7f0fb;stroke:#5b8fd0}\
    .learnt{fill:#eaf6ec;stroke:#5aa469}\
    .plain{fill:#f5f6f8;stroke:#aab2bd}\
    .result{fill:#fdeee3;stroke:#dd8645}\
    </style>\
    <defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\">\
    <path d=\"M0 0 8 4 0 8z\" fill=\"#9aa3ad\"/></marker></defs>\n";

struct Drawn {
    nodes: Vec<usize>,
    name: String,
    what: String,
    class: &'static str,
}

impl Drawn {
    fn width(&self) -> f64 {
        let name = self.name.chars().count() as f64 * CHARACTER * 1.08;
        let what = self.what.chars().count() as f64 * CHARACTER * 0.86;
        (name.max(what) + 24.0).max(96.0)
    }

    fn svg(&self, x: f64, y: f64) -> String {
        let (left, top, width) = (x - self.width() / 2.0, y - HEIGHT / 2.0, self.width());
        format!(
            "<g><rect class=\"box {class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" rx=\"7\"/>\
             <text class=\"name\" x=\"{x:.1}\" y=\"{a:.1}\" text-anchor=\"middle\">{name}</text>\
             <text class=\"what\" x=\"{x:.1}\" y=\"{b:.1}\" text-anchor=\"middle\">{what}</text></g>\n",
            class = self.class,
            a = y - 4.0,
            b = y + 12.0,
            name = escape(&self.name),
            what = escape(&self.what),
        )
    }
}

/// Opens modules, outermost first, while the boxes stay few.
fn boxes(graph: &Graph) -> Vec<Drawn> {
    let mut items: Vec<(String, Item)> = named("", tree(graph));
    loop {
        let opened: Vec<(String, Item)> = items
            .iter()
            .flat_map(|(path, item)| match item {
                Item::Group(_, inside)
                    if inside.len() > 1 || matches!(inside[0], Item::Group(..)) =>
                {
                    named(path, inside.clone())
                }
                _ => vec![(path.clone(), item.clone())],
            })
            .collect();
        if opened.len() == items.len() && opened == items || opened.len() > MOST_BOXES {
            break;
        }
        items = opened;
    }
    let costs = graph.costs(1).0;
    items
        .iter()
        .map(|(path, item)| drawn(graph, &costs, path, item))
        .collect()
}

fn named(path: &str, items: Vec<Item>) -> Vec<(String, Item)> {
    let path_of = |item: &Item| match item {
        Item::Group(name, _) if path.is_empty() => name.clone(),
        Item::Group(name, _) => format!("{path}/{name}"),
        Item::Op(_) => String::new(),
    };
    items
        .into_iter()
        .map(|item| (path_of(&item), item))
        .collect()
}

fn drawn(graph: &Graph, costs: &[Cost], path: &str, item: &Item) -> Drawn {
    let nodes = item.nodes();
    let last = *nodes.last().unwrap_or(&0);
    let node = &graph.nodes[last];
    let result = graph
        .objectives
        .iter()
        .chain(&graph.metrics)
        .find(|named| nodes.contains(&(named.var.0 as usize)));
    let mut read: Vec<usize> = nodes
        .iter()
        .flat_map(|index| parameters_of(graph, &graph.nodes[*index]))
        .collect();
    read.sort_unstable();
    read.dedup();
    let count: usize = read
        .iter()
        .map(|id| graph.parameters[*id].shape.iter().product::<usize>())
        .sum();
    let flops: f64 = nodes.iter().map(|index| costs[*index].flops).sum();
    let mut what = Vec::new();
    if !path.is_empty() && nodes.len() == 1 {
        what.push(title(graph, node));
    }
    what.push(show(&node.shape));
    if count > 0 {
        what.push(format!("{} parameters", grouped(count)));
    }
    if flops >= 1e3 {
        what.push(super::units::flops(flops));
    }
    let name = match (result, path.is_empty()) {
        (Some(result), _) => result.name.clone(),
        (None, false) => path.to_owned(),
        (None, true) => title(graph, node),
    };
    let class = match &node.op {
        _ if result.is_some() => "result",
        Op::Input(_) => "input",
        _ if count > 0 => "learnt",
        _ => "plain",
    };
    Drawn {
        nodes,
        name,
        what: what.join(" · "),
        class,
    }
}

/// Which box feeds which, each pair once.
fn edges(graph: &Graph, boxes: &[Drawn]) -> Vec<(usize, usize)> {
    let mut home = BTreeMap::new();
    for (index, b) in boxes.iter().enumerate() {
        home.extend(b.nodes.iter().map(|node| (*node, index)));
    }
    let mut edges: Vec<(usize, usize)> = home
        .iter()
        .flat_map(|(node, to)| {
            let inputs = graph.nodes[*node].inputs.iter();
            inputs.filter_map(|var| Some((*home.get(&(var.0 as usize))?, *to)))
        })
        .filter(|(from, to)| from != to)
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// A smooth line through points from top to bottom.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        if index == 0 {
            path += &format!("M{x:.1} {y:.1}");
            continue;
        }
        let (from_x, from_y) = points[index - 1];
        let half = (y - from_y) / 2.0;
        path += &format!(
            "C{from_x:.1} {:.1} {x:.1} {:.1} {x:.1} {y:.1}",
            from_y + half,
            y - half
        );
    }
    path
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Size as Elements;
    use crate::graph::testing::{encoder, layer, net, task};

    #[test]
    fn every_box_stands_once_and_apart() {
        let image = vec![Elements::batch(), 3.into(), 32.into(), 32.into()];
        let inputs = [("views/0", image.clone(), None), ("views/1", image, None)];
        let head = net([
            layer("linear", &[64]),
            layer("relu", &[]),
            layer("linear", &[16]),
        ]);
        let g = task("simclr", &inputs, encoder("resnet18", &[]), head).unwrap();
        let boxes = boxes(&g);
        assert!(
            boxes.len() <= MOST_BOXES && boxes.len() > 20,
            "{}",
            boxes.len()
        );
        let held: usize = boxes.iter().map(|b| b.nodes.len()).sum();
        let operations = g.nodes.iter().filter(|n| !matches!(n.op, Op::Parameter(_)));
        assert_eq!(held, operations.count());
        let edges = edges(&g, &boxes);
        assert!(edges.iter().all(|(from, to)| from < to));
        let sizes: Vec<Size> = boxes
            .iter()
            .map(|b| Size {
                width: b.width(),
                height: HEIGHT,
            })
            .collect();
        let layout = Layout::new(&sizes, &edges);
        for (i, a) in layout.centres.iter().enumerate() {
            for (j, b) in layout.centres.iter().enumerate().skip(i + 1) {
                let apart_x = (a.0 - b.0).abs() >= (sizes[i].width + sizes[j].width) / 2.0;
                let apart_y = (a.1 - b.1).abs() >= HEIGHT;
                assert!(
                    apart_x || apart_y,
                    "{} over {}",
                    boxes[i].name,
                    boxes[j].name
                );
            }
        }
        // data flows downwards
        for (from, to) in &edges {
            assert!(layout.centres[*from].1 < layout.centres[*to].1);
        }
        let text = svg(&g);
        assert!(
            text.contains("encoder/layer4") && text.contains(">loss<"),
            "{text}"
        );
        assert_eq!(text.matches("<text class=\"name\"").count(), boxes.len());
    }
}
