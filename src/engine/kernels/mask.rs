//! Which keys each query of an attention may look at.

use std::ops::Range;
use std::sync::Arc;

/// A mask `[heads, queries, keys]` of ones and zeros, in which heads may share rows and so may the queries of a head.
#[derive(Clone, Debug)]
pub(crate) struct Mask {
    /// 1 where a query may look, else 0: `[rows, keys]`.
    of: Arc<[f32]>,
    keys: usize,
    /// Of each row, keys up to the last that is seen, and how many of them are.
    rows: Vec<[usize; 2]>,
    /// The first row of each head.
    starts: Vec<usize>,
    /// Rows of a head: one for all queries, or one for each.
    queries: usize,
}

impl Mask {
    /// Of rows of `keys` numbers; `None` where one is neither 1 nor 0. Each head has `queries` rows, one after the other.
    pub(crate) fn new(of: &[f32], keys: usize, starts: Vec<usize>, queries: usize) -> Option<Self> {
        let within = |start: &usize| (start + queries) * keys <= of.len();
        let known = of.iter().all(|x| *x == 0.0 || *x == 1.0);
        if keys == 0 || queries == 0 || !known || !starts.iter().all(within) {
            return None;
        }
        let rows = of.chunks_exact(keys).map(|row| {
            let last = row.iter().rposition(|x| *x == 1.0);
            let count = row.iter().filter(|x| **x == 1.0).count();
            [last.map_or(0, |last| last + 1), count]
        });
        Some(Self {
            rows: rows.collect(),
            of: of.into(),
            keys,
            starts,
            queries,
        })
    }

    /// Whether it is for these sizes.
    pub(crate) fn fits(&self, heads: usize, queries: usize, keys: usize) -> bool {
        self.starts.len() == heads && self.keys == keys && [1, queries].contains(&self.queries)
    }

    /// Whether queries of one head have rows of their own.
    pub(crate) fn by_query(&self) -> bool {
        self.queries > 1
    }

    fn row(&self, head: usize, query: usize) -> usize {
        self.starts[head] + query.min(self.queries - 1)
    }

    pub(crate) fn line(&self, head: usize, query: usize) -> Line<'_> {
        let row = self.row(head, query);
        let [upto, count] = self.rows[row];
        match count {
            0 => Line {
                count: self.keys,
                kind: Kind::Blank,
            },
            _ if count == upto => Line::whole(count),
            _ => Line {
                count,
                kind: Kind::Holes(&self.of[row * self.keys..][..upto]),
            },
        }
    }

    /// Keys up to the last that one of these queries looks at.
    pub(crate) fn keys(&self, head: usize, queries: Range<usize>) -> usize {
        let (first, last) = (
            self.row(head, queries.start),
            self.row(head, queries.end - 1),
        );
        let rows = self.rows[first..=last].iter();
        rows.map(|[upto, _]| if *upto == 0 { self.keys } else { *upto })
            .max()
            .unwrap_or(self.keys)
    }
}

/// The keys that one query looks at.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    count: usize,
    kind: Kind<'a>,
}

#[derive(Clone, Copy)]
enum Kind<'a> {
    /// The first ones.
    First,
    /// Those with a 1.
    Holes(&'a [f32]),
    /// All of them alike, since none may be looked at: the scores lose so much that what they were is lost too.
    Blank,
}

impl Line<'_> {
    /// The first `count` keys.
    pub(crate) fn whole(count: usize) -> Self {
        Self {
            count,
            kind: Kind::First,
        }
    }

    /// Moves the scores of the keys that are seen to the front; gives how many there are.
    ///
    /// # Safety
    /// There is a number for each key up to the last one seen, for all where none is.
    pub(crate) unsafe fn gather(&self, x: *mut f32) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            if let Kind::Blank = self.kind {
                x.write_bytes(0, self.count);
            }
            self.gather_slopes(x);
        }
        self.count
    }

    /// The same for what a query that sees nothing still has: slopes of the scores.
    ///
    /// # Safety
    /// As [`Self::gather`].
    pub(crate) unsafe fn gather_slopes(&self, x: *mut f32) {
        if let Kind::Holes(mask) = self.kind {
            let mut to = 0;
            for (key, seen) in mask.iter().enumerate() {
                if *seen == 1.0 {
                    // SAFETY: the caller's promise; `to` is no more than `key`.
                    unsafe { *x.add(to) = *x.add(key) };
                    to += 1;
                }
            }
        }
    }

    /// Moves numbers that were gathered back to their keys; the others of `keys` are 0.
    ///
    /// # Safety
    /// There are `keys` numbers, no fewer than were gathered from.
    pub(crate) unsafe fn scatter(&self, x: *mut f32, keys: usize) {
        let mut end = self.count;
        // SAFETY: the caller's promise; `from` is no more than `key`.
        unsafe {
            if let Kind::Holes(mask) = self.kind {
                let mut from = self.count;
                for (key, seen) in mask.iter().enumerate().rev() {
                    *x.add(key) = match *seen == 1.0 {
                        true => {
                            from -= 1;
                            *x.add(from)
                        }
                        false => 0.0,
                    };
                }
                end = mask.len();
            }
            x.add(end).write_bytes(0, keys - end);
        }
    }
}
