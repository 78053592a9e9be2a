use super::*;
use crate::augment::graph::test_graph;
use crate::data::{Draws, Fields, Progress, Record, SampleType};

struct Ramps(Fields, Vec<String>);

impl Dataset for Ramps {
    fn fields(&self) -> &Fields {
        &self.0
    }
    fn len(&self) -> usize {
        50
    }
    fn read(&self, index: usize, _: Draws) -> Result<Record, DataError> {
        let pixels = (0..32 * 32 * 3).map(|i| (index * 31 + i) as u8).collect();
        Ok(vec![
            Sample::Image(Image::new(pixels, 32, 32, 3)),
            Sample::Label(index as u32 % 2),
        ])
    }
    fn class(&self, _: usize) -> Result<Option<u32>, DataError> {
        Ok(None)
    }
    fn class_names(&self) -> &[String] {
        &self.1
    }
    fn manifest(&self, _: &dyn Progress) -> Result<String, DataError> {
        Ok(String::new())
    }
}

#[test]
fn same_seed_same_sheet() {
    let fields = vec![
        ("image".into(), SampleType::image(3, 32, 32)),
        ("label".into(), SampleType::label(2)),
    ];
    let data = Ramps(fields, vec!["up".into(), "down".into()]);
    let graph = test_graph(&data.0);
    let sheet = |seed| contact_sheet(&data, &graph, seed, 4, false).unwrap();
    let first = sheet(1);
    assert_eq!(first, sheet(1));
    assert_ne!(first, sheet(2));

    // the original, three times as large, below the title
    let index = chosen_of(&data, 4)[0];
    let Sample::Image(original) = &data.read(index, Draws::STILL).unwrap()[0] else {
        panic!()
    };
    let top = 2 * GAP + LINE;
    for (y, x) in [(0, 0), (5, 31), (31, 7)] {
        let from = &original.pixels[(y * 32 + x) * 3..][..3];
        for (dy, dx) in [(0, 0), (2, 2)] {
            let to = ((top + 3 * y + dy) * first.width + GAP + 3 * x + dx) * 3;
            assert_eq!(&first.pixels[to..to + 3], from);
        }
    }
    // a file that opens again
    let bytes = png(&first).unwrap();
    let again = image::load_from_memory(&bytes).unwrap().into_rgb8();
    assert_eq!(again.into_raw(), first.pixels);
    // text was written under the pictures
    let below = (top + 96 + 2) * first.width * 3;
    let line = &first.pixels[below..below + first.width * 3 * LINE];
    assert!(line.iter().filter(|value| **value == 40).count() > 100);
}

#[test]
fn a_text_is_broken_into_lines() {
    let words = |text: &str| vec![("text".to_owned(), text.to_owned())];
    let short = written(vec!["#3".into()], &words("one [MASK]\n  three"));
    assert_eq!(short.lines, ["#3", "text: one [MASK] three"]);
    let long = written(Vec::new(), &words(&"word ".repeat(400)));
    assert_eq!(long.lines.len(), LINES + 1);
    assert_eq!(long.lines[LINES], "    ...");
    assert!(
        long.lines
            .iter()
            .all(|line| line.chars().count() <= LETTERS)
    );
    assert!(long.lines[1].starts_with("    word word"));
    // as wide as its lines
    assert_eq!(long.picture.width, LETTERS * LETTER);
}
