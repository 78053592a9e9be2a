//! How two ways to sort the same records agree: mutual information, pairs, the best matching of groups with classes.

/// How many records are in each group and each class: `[groups, classes]`.
pub(super) struct Table {
    counts: Vec<u64>,
    groups: usize,
    classes: usize,
}

impl Table {
    /// Of each record its group and its class, both from 0.
    pub fn new(groups: &[u32], classes: &[u32]) -> Self {
        let most = |of: &[u32]| of.iter().max().map_or(0, |most| *most as usize + 1);
        let (rows, columns) = (most(groups), most(classes));
        let mut counts = vec![0; rows * columns];
        for (group, class) in groups.iter().zip(classes) {
            counts[*group as usize * columns + *class as usize] += 1;
        }
        Self {
            counts,
            groups: rows,
            classes: columns,
        }
    }

    fn at(&self, group: usize, class: usize) -> u64 {
        self.counts[group * self.classes + class]
    }

    /// Records of each group, and of each class.
    fn sums(&self) -> [Vec<u64>; 2] {
        let of_group = |group| (0..self.classes).map(|class| self.at(group, class)).sum();
        let of_class = |class| (0..self.groups).map(|group| self.at(group, class)).sum();
        [
            (0..self.groups).map(of_group).collect(),
            (0..self.classes).map(of_class).collect(),
        ]
    }

    /// Mutual information as a part of the mean of both entropies: 1 where both sort alike, 0 where one tells nothing of the other. Two
    /// sides of one group each agree; not a number where there are no records.
    pub fn nmi(&self) -> f64 {
        let [groups, classes] = self.sums();
        let all = groups.iter().sum::<u64>() as f64;
        if all == 0.0 {
            return f64::NAN;
        }
        let entropy = |sums: &[u64]| {
            let some = sums.iter().filter(|sum| **sum > 0);
            let terms = some.map(|sum| -(*sum as f64 / all) * (*sum as f64 / all).ln());
            terms.sum::<f64>()
        };
        let both = entropy(&groups) + entropy(&classes);
        if both == 0.0 {
            return 1.0;
        }
        let mut shared = 0.0;
        for (group, of_group) in groups.iter().enumerate() {
            for (class, of_class) in classes.iter().enumerate() {
                let here = self.at(group, class) as f64;
                if here > 0.0 {
                    let by_chance = *of_group as f64 * *of_class as f64 / all;
                    shared += here / all * (here / by_chance).ln();
                }
            }
        }
        // rounding leaves a little beside 0
        (2.0 * shared / both).clamp(0.0, 1.0)
    }

    /// The part of pairs on which both agree beyond what chance gives, of what is beyond chance (Hubert & Arabie, 1985): 1 where both
    /// sort alike, about 0 by chance. Not a number where there are no pairs.
    pub fn ari(&self) -> f64 {
        let pairs = |n: u64| n as f64 * (n as f64 - 1.0) / 2.0;
        let [groups, classes] = self.sums();
        let all = pairs(groups.iter().sum());
        if all <= 0.0 {
            return f64::NAN;
        }
        let sum = |of: &[u64]| of.iter().map(|n| pairs(*n)).sum::<f64>();
        let (of_both, of_groups, of_classes) = (sum(&self.counts), sum(&groups), sum(&classes));
        let by_chance = of_groups * of_classes / all;
        let most = (of_groups + of_classes) / 2.0;
        match most == by_chance {
            // every pair is together on both sides, or apart on both
            true => 1.0,
            false => (of_both - by_chance) / (most - by_chance),
        }
    }

    /// The part of records that is in the right group where each group is matched with one class and each class with one group, as well as
    /// can be (Kuhn, 1955).
    pub fn matched(&self) -> f64 {
        let all: u64 = self.counts.iter().sum();
        // the shorter side is matched with the longer
        let turned = self.groups > self.classes;
        let (rows, columns) = match turned {
            true => (self.classes, self.groups),
            false => (self.groups, self.classes),
        };
        let here = |row, column| match turned {
            true => self.at(column, row),
            false => self.at(row, column),
        };
        let cost = |row: usize, column: usize| -(here(row, column) as i64);
        let of = assign(rows, columns, &cost);
        let right = of
            .iter()
            .enumerate()
            .map(|(row, column)| here(row, *column));
        right.sum::<u64>() as f64 / all as f64
    }
}

/// A column for each row, each at most once, so that the costs sum to least; there are as many columns as rows, or more. Kuhn's method by
/// shortest ways with potentials, in rows² columns steps.
fn assign(rows: usize, columns: usize, cost: &dyn Fn(usize, usize) -> i64) -> Vec<usize> {
    const FAR: i64 = i64::MAX / 4;
    let (mut of_row, mut of_column) = (vec![0i64; rows], vec![0i64; columns]);
    // the row that has each column
    let mut taken: Vec<Option<usize>> = vec![None; columns];
    for start in 0..rows {
        let mut away = vec![FAR; columns];
        // the column before each on the shortest way to it
        let mut before: Vec<Option<usize>> = vec![None; columns];
        let mut done = vec![false; columns];
        let (mut row, mut last) = (start, None);
        let free = loop {
            let mut nearest: Option<usize> = None;
            for column in (0..columns).filter(|column| !done[*column]) {
                let reduced = cost(row, column) - of_row[row] - of_column[column];
                if reduced < away[column] {
                    (away[column], before[column]) = (reduced, last);
                }
                if nearest.is_none_or(|best| away[column] < away[best]) {
                    nearest = Some(column);
                }
            }
            let Some(column) = nearest else {
                break None;
            };
            let step = away[column];
            of_row[start] += step;
            for other in 0..columns {
                match (done[other], taken[other]) {
                    (true, Some(owner)) => {
                        of_row[owner] += step;
                        of_column[other] -= step;
                    }
                    _ => away[other] -= step,
                }
            }
            done[column] = true;
            match taken[column] {
                None => break Some(column),
                Some(owner) => (row, last) = (owner, Some(column)),
            }
        };
        // every row on the way takes the column after it
        let mut column = free;
        while let Some(at) = column {
            let previous = before[at];
            taken[at] = match previous {
                Some(previous) => taken[previous],
                None => Some(start),
            };
            column = previous;
        }
    }
    let mut of = vec![0; rows];
    for (column, row) in taken.iter().enumerate() {
        if let Some(row) = row {
            of[*row] = column;
        }
    }
    of
}
