//! Clips of a data set that play: one animated PNG, which browsers show without a script.

use png::{BitDepth, ColorType, Encoder};

use super::shown;
use crate::augment::Scratch;
use crate::augment::resample::{Window, resample};
use crate::data::{DataError, Dataset, Draws, Image, Sample, chosen_of, evenly_spaced};

/// Space between clips, in pixels.
const GAP: usize = 6;
/// The longer side of a clip at most.
const SIDE: usize = 96;
/// Frames that are shown at most.
const FRAMES: usize = 16;
/// Clips beside one another at most.
const CLIPS: usize = 8;
/// Frames in a second.
const PACE: u16 = 8;

/// Clips of records that stand for all, in one row: those of one record, where several cameras see it, side by side. All play at one pace,
/// whatever their own is; a shorter one waits at its end. `None` where records hold no clip.
///
/// # Errors
/// A record can't be read.
pub fn playing(dataset: &dyn Dataset) -> Result<Option<Vec<u8>>, DataError> {
    let is_clip = |(_, ty): &(String, crate::data::SampleType)| ty.frame().is_some();
    let fields: Vec<usize> = (0..dataset.fields().len())
        .filter(|at| is_clip(&dataset.fields()[*at]))
        .collect();
    if fields.is_empty() {
        return Ok(None);
    }
    let records = (CLIPS / fields.len()).max(1);
    let mut scratch = Scratch::default();
    let mut clips: Vec<Vec<Image>> = Vec::new();
    for index in chosen_of(dataset, records) {
        let record = dataset.read(index, Draws::STILL)?;
        for at in fields.iter().take(CLIPS) {
            let frames = record.get(*at).and_then(Sample::as_clip);
            let frames = frames.map_or(&[][..], |clip| &clip.frames);
            let chosen = evenly_spaced(frames.len().min(FRAMES), frames.len());
            let small = chosen
                .filter_map(|at| frames.get(at))
                .map(|frame| cell(frame, &mut scratch));
            clips.push(small.collect::<Result<_, _>>()?);
        }
    }
    clips.retain(|clip| !clip.is_empty());
    match clips.is_empty() {
        true => Ok(None),
        false => animated(&clips).map(Some),
    }
}

/// A frame in the size that it plays in, as RGB.
fn cell(frame: &Image, scratch: &mut Scratch) -> Result<Image, DataError> {
    let side = frame.height.max(frame.width).max(1);
    let sized = match side > SIDE {
        true => {
            let scaled = |n: usize| (n * SIDE / side).max(1);
            resample(
                frame,
                Window::whole(frame),
                scaled(frame.height),
                scaled(frame.width),
                scratch,
            )?
        }
        false => shown(frame, scratch)?,
    };
    if sized.channels == 3 {
        return Ok(sized);
    }
    let grey = sized.pixels.chunks_exact(sized.channels.max(1));
    let pixels = grey.flat_map(|pixel| [pixel[0]; 3]).collect();
    Ok(Image::new(pixels, sized.height, sized.width, 3))
}

fn animated(clips: &[Vec<Image>]) -> Result<Vec<u8>, DataError> {
    let height = clips.iter().map(|clip| clip[0].height).max().unwrap_or(1);
    let width = clips.iter().map(|clip| clip[0].width + GAP).sum::<usize>() - GAP;
    let frames = clips.iter().map(Vec::len).max().unwrap_or(1);
    let failed = |error: png::EncodingError| {
        DataError::new(format!("the clips can't be written as PNG: {error}"))
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_animated(frames as u32, 0).map_err(failed)?;
    encoder.set_frame_delay(1, PACE).map_err(failed)?;
    let mut writer = encoder.write_header().map_err(failed)?;
    for at in 0..frames {
        let mut canvas = vec![255; 3 * width * height];
        let mut left = 0;
        for clip in clips {
            let frame = &clip[at.min(clip.len() - 1)];
            let own = 3 * frame.width;
            // frames of one clip have one size: what differs is cut
            for y in 0..frame.height.min(height) {
                let to = 3 * (y * width + left);
                let room = own.min(3 * (width - left));
                canvas[to..to + room].copy_from_slice(&frame.pixels[y * own..y * own + room]);
            }
            left += clip[0].width + GAP;
        }
        writer.write_image_data(&canvas).map_err(failed)?;
    }
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use image::AnimationDecoder;

    use super::*;

    /// What another decoder sees of two clips, one shorter.
    #[test]
    fn clips_play_side_by_side() {
        let frame =
            |value: u8, side: usize| Image::new(vec![value; 3 * side * side], side, side, 3);
        let clips = [
            vec![frame(10, 4), frame(20, 4), frame(30, 4)],
            vec![frame(100, 3), frame(110, 3)],
        ];
        let bytes = animated(&clips).unwrap();
        let decoder = image::codecs::png::PngDecoder::new(std::io::Cursor::new(bytes)).unwrap();
        let frames: Vec<image::Frame> = decoder
            .apng()
            .unwrap()
            .into_frames()
            .map(Result::unwrap)
            .collect();
        assert_eq!(frames.len(), 3);
        for (at, frame) in frames.iter().enumerate() {
            assert_eq!(frame.delay().numer_denom_ms(), (125, 1));
            let picture = frame.buffer();
            assert_eq!(picture.dimensions(), (4 + 6 + 3, 4));
            assert_eq!(picture.get_pixel(0, 3)[0], 10 + 10 * at as u8);
            assert_eq!(picture.get_pixel(10, 0)[0], 100 + 10 * at.min(1) as u8);
            // what lies between and below is white
            assert_eq!(
                (picture.get_pixel(5, 0)[0], picture.get_pixel(10, 3)[0]),
                (255, 255)
            );
        }
    }
}
