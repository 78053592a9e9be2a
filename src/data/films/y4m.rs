//! Y4M (YUV4MPEG2): a line of text, then for each frame a line and its planes as they are.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::timeline::RATE;
use super::{Each, Timeline};
use crate::data::decode::{Look, of_rgb, size_is_sound};
use crate::data::regular;

/// Bytes of the longest header line, and of the longest line before a frame.
const LINE: usize = 1024;
/// What every file begins with.
pub(super) const START: &[u8] = b"YUV4MPEG2 ";

/// What the first line says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Head {
    width: usize,
    height: usize,
    /// Frames in so many seconds: `(30000, 1001)`.
    rate: (u64, u64),
    /// How many pixels share a pair of colours, across and down; `None`: grey.
    colours: Option<(usize, usize)>,
    /// Values go from 0 to 255, not from 16 to 235.
    full: bool,
    /// Of the first line, with its end.
    length: usize,
}

impl Head {
    /// Width and height of a plane of colours.
    fn coloured(&self) -> Option<(usize, usize)> {
        let (across, down) = self.colours?;
        Some((self.width.div_ceil(across), self.height.div_ceil(down)))
    }

    /// Bytes of a frame without its line.
    fn frame(&self) -> usize {
        let (width, height) = self.coloured().unwrap_or((0, 0));
        self.width * self.height + 2 * width * height
    }
}

/// A line without its end; what is longer than [`LINE`] is none.
fn line(file: &mut impl BufRead) -> Result<Vec<u8>, String> {
    let mut line = Vec::new();
    let mut limited = file.take(LINE as u64);
    limited
        .read_until(b'\n', &mut line)
        .map_err(|error| error.to_string())?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err("a line of its headers has no end".into()),
    }
}

fn head(file: &mut impl BufRead) -> Result<Head, String> {
    let line = line(file)?;
    let text = std::str::from_utf8(&line).map_err(|_| "its first line is no text")?;
    let mut fields = text.split(' ');
    if fields.next() != Some("YUV4MPEG2") {
        return Err("it is no Y4M".into());
    }
    let (mut width, mut height, mut rate) = (0, 0, RATE);
    let (mut colours, mut full) = (Some((2, 2)), false);
    for field in fields.filter(|field| !field.is_empty()) {
        let (name, value) = field.split_at(field.chars().next().map_or(0, char::len_utf8));
        let number = || {
            let number = value.parse::<u32>().ok();
            number.ok_or_else(|| format!("its first line says `{}`", field.escape_debug()))
        };
        match name {
            "W" => width = number()? as usize,
            "H" => height = number()? as usize,
            "F" => rate = ratio(value).ok_or("its frame rate is no fraction")?,
            "C" => {
                colours = match value {
                    "420" | "420jpeg" | "420mpeg2" | "420paldv" => Some((2, 2)),
                    "422" => Some((2, 1)),
                    "444" => Some((1, 1)),
                    "411" => Some((4, 1)),
                    "mono" => None,
                    other => {
                        return Err(format!(
                            "its colours are `{}`, which is not read",
                            other.escape_debug()
                        ));
                    }
                }
            }
            "X" if value == "COLORRANGE=FULL" => full = true,
            // interlacing, the shape of a pixel, comments
            _ => {}
        }
    }
    size_is_sound(width as u32, height as u32, 3)?;
    Ok(Head {
        width,
        height,
        rate,
        colours,
        full,
        length: line.len() + 1,
    })
}

fn ratio(text: &str) -> Option<(u64, u64)> {
    let (above, below) = text.split_once(':')?;
    let (above, below): (u32, u32) = (above.parse().ok()?, below.parse().ok()?);
    match (above, below) {
        // 0:0 is what writers say that do not know
        (0, _) | (_, 0) => Some(RATE),
        _ => Some((above.into(), below.into())),
    }
}

/// Size and times, by the length of the file: the line before each frame is `FRAME`.
pub(super) fn look(path: &Path) -> Result<Timeline, String> {
    let (head, mut file) = open(path)?;
    let whole = file.get_ref().metadata().map_err(|e| e.to_string())?.len();
    // lines with parameters are rare and all alike
    let first = line(&mut file).map_or(5, |line| line.len());
    let one = (head.frame() + first + 1) as u64;
    let rest = whole.saturating_sub(head.length as u64);
    let frames = usize::try_from(rest / one).unwrap_or(usize::MAX);
    let mut timeline = Timeline::even((head.height, head.width), frames, head.rate)?;
    timeline.damage = (rest % one > 0).then(|| cut(frames));
    Ok(timeline)
}

/// What is said of a file that ends in a frame.
fn cut(at: usize) -> String {
    format!("it is not whole: frame {at} is cut")
}

fn open(path: &Path) -> Result<(Head, BufReader<File>), String> {
    let file = regular::open(path).map_err(|error| error.to_string())?;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let head = head(&mut file)?;
    Ok((head, file))
}

/// Gives each frame to `each` until that wants no more. What is damaged comes back as a sentence.
pub(super) fn read(path: &Path, look: &Look, each: Each<'_>) -> Result<Option<String>, String> {
    let (head, mut file) = open(path)?;
    let mut planes = vec![0; head.frame()];
    for at in 0.. {
        match file.fill_buf() {
            Ok([]) => break,
            Ok(_) => {}
            Err(error) => return Ok(Some(error.to_string())),
        }
        let sound = line(&mut file).is_ok_and(|line| line.starts_with(b"FRAME"));
        if !sound {
            return Ok(Some(format!("what should begin frame {at} does not")));
        }
        if file.read_exact(&mut planes).is_err() {
            return Ok(Some(cut(at)));
        }
        let pixels = coloured(&head, &planes);
        if !each(of_rgb(pixels, head.height, head.width, look))? {
            break;
        }
    }
    Ok(None)
}

/// RGB of planes, by ITU-R 601.
fn coloured(head: &Head, planes: &[u8]) -> Vec<u8> {
    let (width, height) = (head.width, head.height);
    let (light, colours) = planes.split_at(width * height);
    let mut pixels = Vec::with_capacity(3 * width * height);
    // 1/65536: gain of light, red of Cr, green of Cb and of Cr, blue of Cb
    let [gain, red, green_b, green_r, blue] = match head.full {
        true => [65_536, 91_881, 22_554, 46_802, 116_130],
        false => [76_309, 104_597, 25_675, 53_279, 132_201],
    };
    let black = if head.full { 0 } else { 16 };
    let (across, down) = head.colours.unwrap_or((1, 1));
    let (row, rows) = head.coloured().unwrap_or((0, 0));
    let byte = |value: i32| ((value + 32_768) >> 16).clamp(0, 255) as u8;
    for y in 0..height {
        for x in 0..width {
            let light = (i32::from(light[y * width + x]) - black) * gain;
            let (b, r) = match row {
                0 => (0, 0),
                _ => {
                    let at = (y / down) * row + x / across;
                    (
                        i32::from(colours[at]) - 128,
                        i32::from(colours[row * rows + at]) - 128,
                    )
                }
            };
            pixels.extend([
                byte(light + red * r),
                byte(light - green_b * b - green_r * r),
                byte(light + blue * b),
            ]);
        }
    }
    pixels
}
