//! Layered drawing of a graph without cycles (Sugiyama et al., 1981): layers by longest path, few crossings, boxes close to
//! what they are connected with.

/// The size of a box in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub width: f64,
    pub height: f64,
}

/// Where boxes and lines go.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// Of the whole drawing.
    pub width: f64,
    /// Of the whole drawing.
    pub height: f64,
    /// Centres of the boxes.
    pub centres: Vec<(f64, f64)>,
    /// One line per edge: from the lower edge of a box to the upper edge of another.
    pub paths: Vec<Vec<(f64, f64)>>,
}

const BESIDE: f64 = 22.0;
const BELOW: f64 = 34.0;
/// Width that a line takes where it passes boxes.
const LANE: f64 = 14.0;
const SWEEPS: usize = 12;

impl Layout {
    /// `edges` go from lower to higher indices.
    pub(super) fn new(sizes: &[Size], edges: &[(usize, usize)]) -> Self {
        let mut grid = Grid::new(sizes, edges);
        grid.order();
        let x = grid.place();
        let rows = grid.rows.len();
        let height = sizes.iter().map(|s| s.height).fold(0.0, f64::max);
        let y = |row: usize| height / 2.0 + row as f64 * (height + BELOW);
        let left = (0..grid.width.len())
            .map(|i| x[i] - grid.width[i] / 2.0)
            .fold(f64::INFINITY, f64::min);
        let right = (0..grid.width.len())
            .map(|i| x[i] + grid.width[i] / 2.0)
            .fold(left, f64::max);
        let left = if left.is_finite() { left } else { 0.0 };
        let centre = |i: usize| (x[i] - left, y(grid.row[i]));
        let paths = grid.chains.iter().map(|chain| {
            let last = chain.len() - 1;
            let mut points = Vec::new();
            for (index, item) in chain.iter().enumerate() {
                let (x, y) = centre(*item);
                // a lane runs straight past the boxes of its row
                if index > 0 {
                    points.push((x, y - height / 2.0));
                }
                if index < last {
                    points.push((x, y + height / 2.0));
                }
            }
            points
        });
        Self {
            width: if right.is_finite() { right - left } else { 0.0 },
            height: y(rows.max(1) - 1) + height / 2.0,
            centres: (0..sizes.len()).map(centre).collect(),
            paths: paths.collect(),
        }
    }
}

/// Boxes, and a lane in every row that an edge passes.
struct Grid {
    width: Vec<f64>,
    row: Vec<usize>,
    /// Items of each row, from left to right.
    rows: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    /// Items that each edge goes through.
    chains: Vec<Vec<usize>>,
}

impl Grid {
    fn new(sizes: &[Size], edges: &[(usize, usize)]) -> Self {
        let n = sizes.len();
        let mut row = vec![0usize; n];
        for to in 0..n {
            let from = edges.iter().filter(|edge| edge.1 == to);
            row[to] = from.map(|edge| row[edge.0] + 1).max().unwrap_or(0);
        }
        // what has room stands as low as it can, close to what it feeds, unless that makes more lines longer
        for from in (0..n).rev() {
            let fed: Vec<usize> = edges
                .iter()
                .filter(|e| e.0 == from)
                .map(|e| row[e.1])
                .collect();
            let feeding = edges.iter().filter(|edge| edge.1 == from).count();
            if let Some(next) = fed.iter().min()
                && feeding <= fed.len()
            {
                row[from] = next - 1;
            }
        }
        let mut grid = Self {
            width: sizes.iter().map(|s| s.width).collect(),
            rows: vec![Vec::new(); row.iter().max().map_or(0, |last| last + 1)],
            above: vec![Vec::new(); n],
            below: vec![Vec::new(); n],
            chains: Vec::new(),
            row,
        };
        for item in 0..n {
            grid.rows[grid.row[item]].push(item);
        }
        for (from, to) in edges {
            let mut chain = vec![*from];
            for row in grid.row[*from] + 1..grid.row[*to] {
                chain.push(grid.lane(row));
            }
            chain.push(*to);
            for pair in chain.windows(2) {
                grid.below[pair[0]].push(pair[1]);
                grid.above[pair[1]].push(pair[0]);
            }
            grid.chains.push(chain);
        }
        grid
    }

    fn lane(&mut self, row: usize) -> usize {
        let item = self.width.len();
        self.width.push(LANE);
        self.row.push(row);
        self.above.push(Vec::new());
        self.below.push(Vec::new());
        self.rows[row].push(item);
        item
    }

    /// Sorts each row by where the neighbours above, then below, stand.
    fn order(&mut self) {
        let mut position = vec![0.0; self.width.len()];
        let number = |row: &[usize], position: &mut Vec<f64>| {
            for (index, item) in row.iter().enumerate() {
                position[*item] = index as f64 - row.len() as f64 / 2.0;
            }
        };
        for row in &self.rows {
            number(row, &mut position);
        }
        for sweep in 0..SWEEPS {
            let down = sweep % 2 == 0;
            let count = self.rows.len();
            for step in 0..count {
                let row = if down { step } else { count - 1 - step };
                let neighbours = if down { &self.above } else { &self.below };
                let wanted =
                    |item: usize| mean(&neighbours[item], &position).unwrap_or(position[item]);
                let mut items: Vec<(f64, usize)> = self.rows[row]
                    .iter()
                    .map(|item| (wanted(*item), *item))
                    .collect();
                items.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.rows[row] = items.into_iter().map(|(_, item)| item).collect();
                number(&self.rows[row], &mut position);
            }
        }
    }

    /// Horizontal centres: each row as close to its neighbours as order and widths allow.
    fn place(&self) -> Vec<f64> {
        let mut x = vec![0.0; self.width.len()];
        for row in &self.rows {
            let wanted = vec![0.0; row.len()];
            self.settle(row, &wanted, &mut x);
        }
        // the last sweep goes down: what has one neighbour above stands straight below it
        for sweep in 0..=SWEEPS {
            let down = sweep % 2 == 0;
            let count = self.rows.len();
            for step in 0..count {
                let row = &self.rows[if down { step } else { count - 1 - step }];
                let (near, far) = if down {
                    (&self.above, &self.below)
                } else {
                    (&self.below, &self.above)
                };
                let wanted: Vec<f64> = row
                    .iter()
                    .map(|item| {
                        let near = mean(&near[*item], &x);
                        near.or_else(|| mean(&far[*item], &x)).unwrap_or(x[*item])
                    })
                    .collect();
                self.settle(row, &wanted, &mut x);
            }
        }
        x
    }

    /// The least-squares places for `wanted` that keep the order and the distances of a row: pool adjacent violators.
    fn settle(&self, row: &[usize], wanted: &[f64], x: &mut [f64]) {
        let mut offset = Vec::with_capacity(row.len());
        let mut edge = 0.0;
        for item in row {
            offset.push(edge + self.width[*item] / 2.0);
            edge += self.width[*item] + BESIDE;
        }
        // (sum, count) of runs that move as one
        let mut runs: Vec<(f64, usize)> = Vec::new();
        for (want, offset) in wanted.iter().zip(&offset) {
            let mut run = (want - offset, 1);
            while let Some(last) = runs.last().copied()
                && last.0 / last.1 as f64 >= run.0 / run.1 as f64
            {
                run = (run.0 + last.0, run.1 + last.1);
                runs.pop();
            }
            runs.push(run);
        }
        let shifts = runs
            .iter()
            .flat_map(|(sum, count)| std::iter::repeat_n(sum / *count as f64, *count));
        for ((item, offset), shift) in row.iter().zip(&offset).zip(shifts) {
            x[*item] = offset + shift;
        }
    }
}

fn mean(items: &[usize], position: &[f64]) -> Option<f64> {
    let sum: f64 = items.iter().map(|item| position[*item]).sum();
    (!items.is_empty()).then(|| sum / items.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diamond_is_symmetric() {
        let size = Size {
            width: 100.0,
            height: 40.0,
        };
        let layout = Layout::new(&[size; 4], &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        let x: Vec<f64> = layout.centres.iter().map(|c| c.0).collect();
        assert!((x[0] - x[3]).abs() < 1e-6);
        assert!((x[1] + x[2] - 2.0 * x[0]).abs() < 1e-6);
        assert!((x[2] - x[1]).abs() >= 100.0);
        assert_eq!(layout.paths.len(), 4);
    }

    #[test]
    fn a_long_edge_passes_beside_the_boxes() {
        let size = Size {
            width: 100.0,
            height: 40.0,
        };
        let layout = Layout::new(&[size; 3], &[(0, 1), (0, 2), (1, 2)]);
        let skip = &layout.paths[1];
        let (beside, box_at) = (skip[1].0, layout.centres[1].0);
        assert!((beside - box_at).abs() >= 50.0);
        assert!(Layout::new(&[], &[]).centres.is_empty());
    }
}
