//! Which classes are taken for which, as a picture.

use crate::augment::preview::{png, side_by_side};
use crate::data::{DataError, Image};

/// Pixels of the picture's side, about.
const SIDE: usize = 384;

/// A row for each class, a column for each that is told: the darker, the more of the class's records; on the diagonal they are told right. The
/// picture, with the classes' names by their rows.
///
/// # Errors
/// It can't be drawn.
pub(super) fn drawn(
    stage: &str,
    name: &str,
    classes: &[String],
    counts: &[u32],
) -> Result<Vec<u8>, DataError> {
    let n = classes.len();
    if n == 0 || counts.len() != n * n {
        return Err(DataError::new("there are no classes"));
    }
    let cell = (SIDE / n).max(4);
    let side = n * cell;
    let mut picture = Image::new(vec![255; 3 * side * side], side, side, 3);
    for (row, told) in counts.chunks(n).enumerate() {
        let all: u32 = told.iter().sum();
        for (column, count) in told.iter().enumerate() {
            let part = f64::from(*count) / f64::from(all.max(1));
            let colour = shade(part, row == column);
            for y in row * cell..(row + 1) * cell {
                for x in column * cell..(column + 1) * cell {
                    // a line of white between cells
                    if x % cell + 1 < cell && y % cell + 1 < cell {
                        picture.pixels[3 * (y * side + x)..][..3].copy_from_slice(&colour);
                    }
                }
            }
        }
    }
    let lines = classes.iter().enumerate();
    let lines = lines
        .map(|(at, class)| format!("{} {class}", at + 1))
        .collect();
    let title = format!("{stage} - {name}: rows are classes, columns what is told");
    png(&side_by_side(&title, vec![vec![(picture, lines)]])?)
}

/// From nearly white to green where it is right, to red where it is wrong.
fn shade(part: f64, right: bool) -> [u8; 3] {
    let full = match right {
        true => [46.0, 160.0, 67.0],
        false => [218.0, 54.0, 51.0],
    };
    // few are still seen
    let part = part.clamp(0.0, 1.0).sqrt();
    full.map(|full: f64| (244.0 + (full - 244.0) * part).round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_ones_are_green_and_wrong_ones_red() {
        assert_eq!(shade(0.0, true), shade(0.0, false));
        assert_eq!(shade(1.0, true), [46, 160, 67]);
        assert_eq!(shade(1.0, false), [218, 54, 51]);
        let names = ["a".to_owned(), "b".to_owned()];
        let bytes = drawn("s", "confusion", &names, &[3, 1, 0, 4]).unwrap();
        let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
        let green = picture
            .pixels()
            .filter(|pixel| pixel.0 == [46, 160, 67])
            .count();
        assert!(green > 1000, "{green}");
        assert!(picture.pixels().all(|pixel| pixel.0 != [218, 54, 51]));
        assert!(drawn("s", "confusion", &names, &[1]).is_err());
        assert!(drawn("s", "confusion", &[], &[]).is_err());
    }
}
