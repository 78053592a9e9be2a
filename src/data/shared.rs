//! Whether two data sets hold records of one base.

use super::Dataset;

/// About how many records two data sets share; the exact number where one is chosen from the other, or they are two parts of
/// one choice.
pub fn shared(a: &dyn Dataset, b: &dyn Dataset) -> usize {
    let (a, b) = (a.portions(), b.portions());
    let each = b.iter().map(|one| {
        let found: usize = a.iter().map(|other| one.shared(other)).sum();
        found.min(one.records())
    });
    each.sum()
}

#[cfg(test)]
mod tests {
    use crate::catalog::Catalog;
    use crate::data::{Places, Source, open};
    use crate::language::{Sources, check_into};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;

    /// The splits of the data sets of a recipe, by `name.split`.
    fn opened(text: &str) -> BTreeMap<String, Arc<dyn Dataset>> {
        let mut sources = Sources::default();
        let file = sources.add("test.ssl", format!("ssl 1\n{text}"));
        let (recipe, said) = check_into(&mut sources, file, &Catalog::builtin(), &[]);
        let recipe = recipe.unwrap_or_else(|| panic!("{said:?}"));
        let folder = tempfile::tempdir().unwrap();
        for (split, count) in [("train", 20), ("test", 5)] {
            for class in ["a", "b"] {
                let path = folder.path().join("s").join(split).join(class);
                std::fs::create_dir_all(&path).unwrap();
                for number in 0..count {
                    let picture = image::RgbImage::new(4, 4);
                    picture.save(path.join(format!("{number}.png"))).unwrap();
                }
            }
        }
        let places = Places::new(folder.path(), Default::default(), true).unwrap();
        let (mut known, mut parts) = (BTreeMap::new(), BTreeMap::new());
        for item in &recipe.datasets {
            match open(&item.data, &known, &places).unwrap() {
                Source::All(splits) => {
                    for (split, part) in &splits.parts {
                        parts.insert(format!("{}.{}", item.name, split.name()), part.clone());
                    }
                    known.insert(item.name.clone(), splits);
                }
                Source::One(part) => {
                    parts.insert(item.name.clone(), part);
                }
            }
        }
        parts
    }

    #[test]
    fn shared_records_are_counted() {
        let parts = opened(
            "dataset f = shapes(train = 400, valid = 8, test = 80)\n\
             dataset g = shapes(train = 400, valid = 8, test = 80)\n\
             dataset s = image_folder(\"s\", size = 4px)\n\
             dataset h = s |> hold_out(10%)\n\
             dataset few = f.train |> take(100)\n\
             dataset fewer = f.train |> take(50)\n\
             dataset others = f.train |> take(100, seed = 7)\n\
             dataset both = f.train |> concat(f.test)\n\
             dataset plain = f.test |> without(label)\n",
        );
        for (a, b, records) in [
            ("f.train", "f.train", 400),
            ("f.train", "f.test", 0),
            // equal records, but nobody said that they are the same ones
            ("f.train", "g.train", 0),
            ("h.train", "h.valid", 0),
            ("h.train", "s.train", 36),
            ("h.test", "s.test", 10),
            ("few", "fewer", 50),
            ("few", "others", 25),
            ("few", "f.train", 100),
            ("both", "f.test", 80),
            ("both", "few", 100),
            ("plain", "f.test", 80),
        ] {
            let (one, other) = (&*parts[a], &*parts[b]);
            assert_eq!(shared(one, other), records, "{a} and {b}");
            assert_eq!(shared(other, one), records, "{b} and {a}");
        }
    }
}
