//! What a stage shows of itself: what is written down of it, and where its pictures are.

use serde::{Deserialize, Serialize};

use crate::data::Part;

/// Bytes of a stage's name that stand in the name of a picture; a longer one is told apart by its hash.
const LONGEST: usize = 150;

/// One exhibit, as `stages/STAGE/exhibits.json` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExhibitFile {
    /// Its name.
    pub name: String,
    /// What stands under each panel, from left to right; may be empty.
    pub panels: Vec<String>,
    /// The split, as the recipe writes it.
    pub data: String,
    /// Numbers of the records, from top to bottom.
    pub records: Vec<u64>,
    /// Of texts: a line for each record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Vec<Part>>,
}

/// The name of an exhibit's picture in `results/`: `holes.filled.png`.
pub fn exhibit_picture(stage: &str, name: &str) -> String {
    format!("{}.{name}.png", file_name(stage))
}

/// The same of an exhibit of texts: `words.filled.txt`.
pub fn exhibit_text(stage: &str, name: &str) -> String {
    format!("{}.{name}.txt", file_name(stage))
}

/// The name of a stage's lines in `results/`: `words.txt`.
pub fn exhibit_table(stage: &str) -> String {
    format!("{}.txt", file_name(stage))
}

/// A stage's name in the name of a file.
fn file_name(stage: &str) -> String {
    match stage.len() <= LONGEST {
        true => stage.to_owned(),
        false => {
            let start = stage.char_indices().take_while(|(at, _)| *at < LONGEST);
            let start: String = start.map(|(_, c)| c).collect();
            let hash = blake3::hash(stage.as_bytes()).to_hex();
            format!("{start}~{}", &hash[..8])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_called_after_its_stage() {
        assert_eq!(exhibit_picture("holes", "filled"), "holes.filled.png");
        assert_eq!(exhibit_text("holes", "filled"), "holes.filled.txt");
        let long = "ä".repeat(120);
        let name = exhibit_picture(&long, "filled");
        assert!(name.len() < 200 && name.ends_with(".filled.png"), "{name}");
        assert_ne!(name, exhibit_picture(&(long + "ä"), "filled"));
    }
}
