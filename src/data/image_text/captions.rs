//! Which captions a picture has, and which pictures belong together.

use std::collections::HashMap;

use crate::data::{DataError, Philox};

/// What a row says of its picture, without what the picture shows. Rows of one picture say the same of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Noted {
    /// Equal for rows of one picture, else different: part of a hash of its name.
    pub(super) picture: u64,
    /// The same of the group that it belongs to.
    pub(super) group: u64,
    /// Captions of the row.
    pub(super) captions: u64,
}

impl Noted {
    /// As an index keeps them.
    pub(super) fn numbers(self) -> [u64; 3] {
        [self.picture, self.group, self.captions]
    }
}

/// Part of a hash of a name.
pub(super) fn number_of(name: &[u8]) -> u64 {
    let hash = blake3::hash(name);
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// One caption: the row that has it, over all files, and which of the row's it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caption {
    pub(super) row: u32,
    pub(super) at: u32,
}

/// The captions of a split, picture by picture in the order in which pictures come first.
#[derive(Debug, Default)]
pub(super) struct Captions {
    all: Vec<Caption>,
    /// The first caption of each picture, and after the last how many there are.
    firsts: Vec<u32>,
    /// The group of each picture, numbered as they come first.
    groups: Vec<u32>,
    /// Rows without any.
    pub(super) without: usize,
}

impl Captions {
    /// Those of these rows, which are all of a split.
    ///
    /// # Errors
    /// They are more than 2³² − 1.
    pub(super) fn new(rows: &[Noted]) -> Result<Self, String> {
        let mut pictures: HashMap<u64, u32> = HashMap::new();
        let mut groups: HashMap<u64, u32> = HashMap::new();
        let mut own = Self::default();
        // captions of each picture, then where each picture's next one goes
        let mut places: Vec<u32> = Vec::new();
        let numbered: Vec<Option<u32>> = rows
            .iter()
            .map(|row| {
                if row.captions == 0 {
                    own.without += 1;
                    return None;
                }
                let next = pictures.len() as u32;
                let picture = *pictures.entry(row.picture).or_insert(next);
                if picture == next {
                    let next = groups.len() as u32;
                    own.groups.push(*groups.entry(row.group).or_insert(next));
                    places.push(0);
                }
                let count = u32::try_from(row.captions).unwrap_or(u32::MAX);
                let sum = &mut places[picture as usize];
                *sum = sum.saturating_add(count);
                Some(picture)
            })
            .collect();
        let mut end = 0u32;
        own.firsts.push(0);
        for place in &mut places {
            let count = std::mem::replace(place, end);
            end = end.checked_add(count).ok_or("it has too many captions")?;
            own.firsts.push(end);
        }
        own.all = vec![Caption { row: 0, at: 0 }; end as usize];
        for (row, picture) in numbered.into_iter().enumerate() {
            let Some(picture) = picture else { continue };
            let place = &mut places[picture as usize];
            for at in 0..rows[row].captions as u32 {
                own.all[*place as usize] = Caption {
                    row: row as u32,
                    at,
                };
                *place += 1;
            }
        }
        Ok(own)
    }

    /// How many captions there are.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// How many pictures.
    pub(super) fn pictures(&self) -> usize {
        self.groups.len()
    }

    /// The picture of a caption.
    pub(super) fn picture(&self, caption: usize) -> usize {
        self.firsts
            .partition_point(|first| *first as usize <= caption)
            .saturating_sub(1)
    }

    /// The group of a picture.
    pub(super) fn group(&self, picture: usize) -> Option<u32> {
        self.groups.get(picture).copied()
    }

    /// A caption.
    pub(super) fn get(&self, caption: usize) -> Result<Caption, DataError> {
        let found = self.all.get(caption).copied();
        found.ok_or_else(|| DataError::outside(caption, self.len()))
    }

    /// The first caption of a picture.
    pub(super) fn first(&self, picture: usize) -> Result<Caption, DataError> {
        match self.firsts.get(picture) {
            Some(first) if picture < self.pictures() => self.get(*first as usize),
            _ => Err(DataError::outside(picture, self.pictures())),
        }
    }

    /// One of a picture's captions, each as likely as another.
    pub(super) fn draw(&self, picture: usize, draws: &mut Philox) -> Result<Caption, DataError> {
        match self.firsts.get(picture..picture + 2) {
            Some(&[first, end]) => self.get((first + draws.below(end - first)) as usize),
            _ => Err(DataError::outside(picture, self.pictures())),
        }
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> u64 {
        (self.all.len() * size_of::<Caption>() + (self.firsts.len() + self.groups.len()) * 4) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(picture: u64, group: u64, captions: u64) -> Noted {
        Noted {
            picture,
            group,
            captions,
        }
    }

    #[test]
    fn captions_of_a_picture_stand_together_whatever_the_order_of_rows() {
        let rows = [
            noted(7, 1, 1),
            noted(9, 2, 2),
            noted(3, 5, 0),
            noted(7, 1, 1),
            noted(4, 2, 1),
        ];
        let found = Captions::new(&rows).unwrap();
        let of = |caption: Caption| (caption.row, caption.at);
        let all: Vec<(u32, u32)> = (0..found.len())
            .map(|at| of(found.get(at).unwrap()))
            .collect();
        assert_eq!(all, [(0, 0), (3, 0), (1, 0), (1, 1), (4, 0)]);
        let pictures: Vec<usize> = (0..5).map(|at| found.picture(at)).collect();
        assert_eq!(pictures, [0, 0, 1, 1, 2]);
        let groups: Vec<Option<u32>> = (0..4).map(|at| found.group(at)).collect();
        assert_eq!(groups, [Some(0), Some(1), Some(1), None]);
        assert_eq!((found.pictures(), found.without), (3, 1));
        assert_eq!(of(found.first(1).unwrap()), (1, 0));
        assert!(found.first(3).is_err() && found.get(5).is_err());
    }

    #[test]
    fn each_caption_of_a_picture_is_drawn() {
        let found = Captions::new(&[noted(1, 1, 3), noted(2, 2, 1)]).unwrap();
        let mut rng = Philox::new(1, &[]);
        let mut seen = [0; 3];
        for _ in 0..300 {
            seen[found.draw(0, &mut rng).unwrap().at as usize] += 1;
            assert_eq!(found.draw(1, &mut rng).unwrap().row, 1);
        }
        // 100 expected, s.d. 8: five of them
        assert!(seen.iter().all(|n| (60..=140).contains(n)), "{seen:?}");
        assert!(found.draw(2, &mut rng).is_err());
    }
}
