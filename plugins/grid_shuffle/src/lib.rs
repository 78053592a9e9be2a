//! `grid_shuffle(2)`: a picture's tiles in another order. An example of transforms in a plugin.
//!
//! `mirror` is the built-in `hflip` once more: it measures what a call through the door costs, and shows that a plugin draws the
//! same numbers.

use pretext_plugin::*;

struct Shuffle {
    tiles: usize,
    chance: f64,
}

impl Transform for Shuffle {
    fn apply(&self, input: Sample<'_>, rng: &mut Rng<'_>, out: &mut Out<'_>) -> Result<()> {
        let image = input.image()?;
        if !rng.chance(self.chance) {
            return out.push(Sample::Image(image));
        }
        let order = rng.permutation(self.tiles * self.tiles);
        let shuffled = out.image(image.height, image.width, image.channels)?;
        let (height, width) = (image.height / self.tiles, image.width / self.tiles);
        let row = image.width * image.channels;
        let bytes = width * image.channels; // of one row of a tile
        shuffled.pixels.copy_from_slice(image.pixels); // what the grid does not cover stays
        for (to, from) in order.iter().enumerate() {
            let start = |tile: usize| {
                (tile / self.tiles) * height * row + (tile % self.tiles) * bytes
            };
            let (to, from) = (start(to), start(*from as usize));
            for y in 0..height {
                let line = &image.pixels[from + y * row..][..bytes];
                shuffled.pixels[to + y * row..][..bytes].copy_from_slice(line);
            }
        }
        out.push(Sample::Image(shuffled))
    }
}

fn types(args: &Args, input: &SampleType) -> Result<Vec<SampleType>> {
    let tiles = args.size("tiles");
    let Some([_, height, width]) = input.sizes() else {
        return Err(Problem::new(format!(
            "`grid_shuffle` takes an image, and `{input}` flows into it"
        )));
    };
    let short = [height, width].into_iter().flatten().find(|side| *side < tiles);
    if let Some(side) = short {
        return Err(Problem::new(format!(
            "{side}px can't be cut into {tiles} tiles"
        ))
        .help("take fewer tiles, or `resize` the picture before"));
    }
    Ok(vec![input.clone()])
}

fn grid_shuffle() -> TransformSpec {
    TransformSpec::new(
        "grid_shuffle",
        "Cuts the picture into a grid of tiles and puts them back in a random order.",
        types,
        |args, _| {
            Ok(Box::new(Shuffle {
                tiles: args.size("tiles"),
                chance: args.ratio("chance"),
            }))
        },
    )
    .param(Param::with_default("tiles", Type::Integer, "2", "Tiles in each direction.").within(1.0, 64.0))
    .param(Param::with_default("chance", Type::Ratio, "100%", "How often.").within(0.0, 1.0))
    .doc("Where the grid does not divide the picture, what is left over at the right and at the bottom stays.")
    .example("grid_shuffle(2, chance = 50%)")
}

struct Mirror {
    chance: f64,
}

impl Transform for Mirror {
    fn apply(&self, input: Sample<'_>, rng: &mut Rng<'_>, out: &mut Out<'_>) -> Result<()> {
        let image = input.image()?;
        if rng.chance(self.chance) {
            let row = image.width * image.channels;
            for row in image.pixels.chunks_exact_mut(row.max(1)) {
                match image.channels {
                    1 => row.reverse(),
                    3 => row.as_chunks_mut::<3>().0.reverse(),
                    channels => {
                        row.reverse();
                        for pixel in row.chunks_exact_mut(channels) {
                            pixel.reverse();
                        }
                    }
                }
            }
        }
        out.push(Sample::Image(image))
    }
}

fn mirror() -> TransformSpec {
    TransformSpec::new(
        "mirror",
        "Swaps left and right, as `hflip` does.",
        |_, input| Ok(vec![input.clone()]),
        |args, _| {
            Ok(Box::new(Mirror {
                chance: args.ratio("chance"),
            }))
        },
    )
    .param(Param::with_default("chance", Type::Ratio, "50%", "How often.").within(0.0, 1.0))
    .example("mirror(50%)")
}

export_plugin!(transforms = [grid_shuffle(), mirror()]);
