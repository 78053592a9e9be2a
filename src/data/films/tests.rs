use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

use super::*;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/data/clips");

fn fixture(name: &str) -> PathBuf {
    Path::new(FIXTURES).join(name)
}

fn own(cache: Option<&Path>) -> Reading {
    Reading {
        look: Look::new(decode::Channels::Rgb),
        side: None,
        pace: Pace { fps: None, step: 1 },
        cache: cache.map(Path::to_owned),
    }
}

fn read(
    path: &Path,
    reading: &Reading,
    range: Option<Range<usize>>,
    mend: bool,
) -> Result<Vec<Image>, String> {
    let film = Film::of(path.to_owned());
    let chosen = Chosen {
        film: &film,
        reading,
        skip: 0.0,
        content: &|| Ok(*blake3::hash(path.as_os_str().as_encoded_bytes()).as_bytes()),
    };
    chosen.frames(range, mend).map_err(|error| error.message)
}

/// Against Pillow's pictures and ITU-R 601 in floats.
#[test]
fn every_format_of_the_binary_gives_what_others_show() {
    let wanted: Json =
        serde_json::from_str(&fs::read_to_string(fixture("films.json")).unwrap()).unwrap();
    // JPEG decoders differ in how they round; a WebP's transparent parts are mixed in whole numbers
    for (name, off, reader) in [
        ("walk.y4m", 1, Reader::Y4m),
        ("full.y4m", 1, Reader::Y4m),
        ("grey.y4m", 1, Reader::Y4m),
        ("walk.avi", 4, Reader::Avi),
        ("walk.webp", 1, Reader::Animation),
    ] {
        let wanted = &wanted[name];
        let size = |name: &str| wanted[name].as_u64().unwrap() as usize;
        let film = Film::of(fixture(name));
        assert_eq!(film.reader, reader, "{name}");
        let timeline = film.timeline().unwrap();
        let starts = wanted["starts"].as_array().unwrap().iter();
        let starts: Vec<u64> = starts.map(|n| n.as_u64().unwrap()).collect();
        assert_eq!(timeline.starts, starts, "{name}");
        assert_eq!(timeline.end, wanted["end"].as_u64().unwrap());
        assert_eq!(
            (timeline.height, timeline.width),
            (size("height"), size("width"))
        );
        let frames = read(&fixture(name), &own(None), None, false).unwrap();
        let shown = wanted["frames"].as_array().unwrap();
        assert_eq!(frames.len(), shown.len(), "{name}");
        for (at, (frame, shown)) in frames.iter().zip(shown).enumerate() {
            let shown = shown
                .as_array()
                .unwrap()
                .iter()
                .map(|n| n.as_u64().unwrap() as u8);
            assert_eq!(
                (frame.height, frame.width, frame.channels),
                (size("height"), size("width"), 3)
            );
            let most = frame
                .pixels
                .iter()
                .zip(shown)
                .map(|(a, b)| a.abs_diff(b))
                .max();
            assert!(most.unwrap() <= off, "frame {at} of {name}: {most:?}");
        }
        // grey is what the others' grey is
        let mut grey = own(None);
        grey.look = Look::new(decode::Channels::Grey);
        let grey = read(&fixture(name), &grey, Some(1..2), false).unwrap();
        let [r, g, b] = [0, 1, 2].map(|channel| f64::from(frames[1].pixels[channel]));
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        assert!((f64::from(grey[0].pixels[0]) - luma).abs() <= 1.0, "{name}");
    }
}

/// Decoded once: what is kept is read when the file is gone; each way of reading is kept by itself.
#[test]
fn frames_are_decoded_once_and_any_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let path = folder.path().join("a.avi");
    fs::copy(fixture("walk.avi"), &path).unwrap();
    let mut small = own(Some(&cache));
    small.side = Some(8);
    let all = read(&path, &own(None), None, false).unwrap();
    let film = Film::of(path.clone());
    let hash = |reading: &Reading, range: Option<Range<usize>>| {
        let chosen = Chosen {
            film: &film,
            reading,
            skip: 0.0,
            content: &|| Ok([7; 32]),
        };
        chosen.frames(range, false).unwrap()
    };
    let sized = hash(&small, None);
    assert_eq!((sized[0].height, sized[0].width), (8, 12));
    assert_eq!(hash(&own(Some(&cache)), None), all);
    let halves = Reading {
        pace: Pace {
            fps: Some(10.0),
            step: 2,
        },
        ..own(Some(&cache))
    };
    assert_eq!(hash(&halves, None), all);
    let slow = Reading {
        pace: Pace {
            fps: Some(2.5),
            step: 1,
        },
        ..own(Some(&cache))
    };
    assert_eq!(hash(&slow, None), [all[0].clone(), all[2].clone()]);
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 4);
    fs::remove_file(&path).unwrap();
    assert_eq!(hash(&own(Some(&cache)), Some(2..4)), all[2..4]);
    assert_eq!(hash(&small, Some(3..4)), sized[3..4]);
    // what was damaged is decoded again
    fs::copy(fixture("walk.avi"), &path).unwrap();
    for entry in fs::read_dir(&cache).unwrap() {
        fs::write(entry.unwrap().path(), "x").unwrap();
    }
    assert_eq!(hash(&small, None), sized);
}

/// What lies before a damage is sound; what reaches into it is an error unless it is mended.
#[test]
fn films_that_end_early_are_read_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    for (name, cut) in [("walk.y4m", 20), ("walk.avi", 100)] {
        let whole = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        let all = read(&fixture(name), &own(None), None, false).unwrap();
        let sound = all.len() - 1;
        for cache in [None, Some(&*cache)] {
            let reading = own(cache);
            let error = read(&path, &reading, None, false).unwrap_err();
            assert!(error.contains("it is not whole"), "{name}: {error}");
            assert_eq!(
                read(&path, &reading, None, true).unwrap(),
                all[..sound],
                "{name}"
            );
            assert_eq!(
                read(&path, &reading, Some(0..2), false).unwrap(),
                all[..2],
                "{name}"
            );
            assert!(read(&path, &reading, Some(1..4), false).is_err(), "{name}");
        }
    }
}

/// Whatever bytes are changed or missing: an answer, soon, and no more memory than a film may take.
#[test]
fn damaged_bytes_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film");
    for name in ["walk.y4m", "walk.avi", "walk.webp", "walk.gif", "walk.png"] {
        let whole = fs::read(fixture(name)).unwrap();
        for at in (0..whole.len()).step_by(7) {
            for changed in [Some(0xFF), Some(0), None] {
                let mut bytes = whole.clone();
                match changed {
                    Some(byte) => bytes[at] = byte,
                    None => bytes.truncate(at),
                }
                fs::write(&path, bytes).unwrap();
                let film = Film::of(path.clone());
                // others are not asked here
                if film.reader != Reader::Foreign {
                    let _ = film.timeline();
                    let _ = read(&path, &own(None), None, true);
                }
            }
        }
    }
}

#[test]
fn sizes_that_no_film_has_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.y4m");
    for head in [
        "YUV4MPEG2 W99999999 H2 F25:1",
        "YUV4MPEG2 W30000 H30000 F25:1",
        "YUV4MPEG2 H2 F25:1",
        "YUV4MPEG2 W-2 H2 F25:1",
        "YUV4MPEG2 W2 H2 F25",
        "YUV4MPEG2 W2 H2 C420p10",
    ] {
        fs::write(&path, format!("{head}\nFRAME\n")).unwrap();
        assert!(y4m::look(&path).is_err(), "{head}");
    }
    fs::write(
        &path,
        format!("YUV4MPEG2 W2 H2 X{}\nFRAME\n", "x".repeat(5000)),
    )
    .unwrap();
    assert!(y4m::look(&path).unwrap_err().contains("no end"));
}

/// Runs `ffmpeg` with these words; `None` where it is not installed or lacks what they ask for.
fn made(words: &str, path: &Path) -> Option<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    let ran = command.args(words.split_whitespace()).arg(path).output();
    match ran {
        Ok(ran) if ran.status.success() => Some(()),
        Ok(ran) => {
            eprintln!("skipped: {}", String::from_utf8_lossy(&ran.stderr));
            None
        }
        Err(_) => {
            eprintln!("skipped: `ffmpeg` is not installed");
            None
        }
    }
}

/// Frames whose brightness says their number: black, 10, 20 … of 200.
const RAMP: &str =
    "-f lavfi -i color=black:s=64x48:r=10:d=2,format=yuv420p,geq=lum='20+10*N':cb=128:cr=128";

/// The number that the brightness of a frame of [`RAMP`] says.
fn number(frame: &Image) -> i32 {
    let at = (frame.height / 2 * frame.width + frame.width / 2) * 3;
    let luma = f64::from(frame.pixels[at]) / 255.0 * 219.0 + 16.0;
    ((luma - 20.0) / 10.0).round() as i32
}

#[test]
fn other_films_are_read_through_ffmpeg() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec) in [
        ("h264.mp4", "-c:v libx264 -bf 2 -crf 10"),
        (
            "hevc.mkv",
            "-c:v libx265 -x265-params log-level=none -crf 10",
        ),
        ("vp8.webm", "-c:v libvpx -b:v 2M -auto-alt-ref 1"),
        ("vp9.webm", "-c:v libvpx-vp9 -b:v 2M"),
        ("av1.mp4", "-c:v libaom-av1 -cpu-used 8 -b:v 2M"),
        ("mpeg4.avi", "-c:v mpeg4 -q:v 2"),
        ("old.mpg", "-r 25 -c:v mpeg2video -q:v 2"),
        ("ten.y4m", "-pix_fmt yuv420p10 -strict -1"),
    ] {
        let path = folder.path().join(name);
        if made(&format!("{RAMP} {codec}"), &path).is_none() {
            continue;
        }
        let film = Film::of(path.clone());
        assert_eq!(film.reader, Reader::Foreign, "{name}");
        let timeline = film.timeline().unwrap();
        assert_eq!((timeline.height, timeline.width), (48, 64), "{name}");
        let frames = read(&path, &own(None), None, false).unwrap();
        assert_eq!(frames.len(), timeline.starts.len(), "{name}");
        if name == "old.mpg" {
            continue;
        }
        assert_eq!(
            frames.iter().map(number).collect::<Vec<_>>(),
            (0..20).collect::<Vec<_>>(),
            "{name}"
        );
        let times = timeline.starts.iter().enumerate();
        assert!(
            times
                .clone()
                .all(|(at, time)| time.abs_diff(at as u64 * 100_000) < 2000),
            "{name}"
        );
        // any of them alone
        let some = read(&path, &own(None), Some(13..15), false).unwrap();
        assert_eq!(some, frames[13..15], "{name}");
    }
}

/// A phone that was held upright stores pictures that lie, and says so.
#[test]
fn films_of_phones_are_turned() {
    let folder = tempfile::tempdir().unwrap();
    let (flat, path) = (
        folder.path().join("flat.mp4"),
        folder.path().join("film.mp4"),
    );
    // left dark, right bright
    let made_flat = "-f lavfi -i color=black:s=64x48:r=10:d=1,format=yuv420p,geq=lum='20+3*X':cb=128:cr=128 -c:v libx264 -crf 5";
    if made(made_flat, &flat).is_none() {
        return;
    }
    let copy = format!("-display_rotation:v:0 90 -i {} -c copy", flat.display());
    let old = format!("-i {} -c copy -metadata:s:v:0 rotate=270", flat.display());
    if made(&copy, &path).or_else(|| made(&old, &path)).is_none() {
        return;
    }
    let timeline = Film::of(path.clone()).timeline().unwrap();
    assert_eq!((timeline.height, timeline.width), (64, 48));
    let frame = &read(&path, &own(None), Some(0..1), false).unwrap()[0];
    assert_eq!((frame.height, frame.width), (64, 48));
    let at = |y: usize, x: usize| frame.pixels[(y * 48 + x) * 3];
    // a quarter turn: what was at the sides is above and below
    assert!(
        at(5, 24).abs_diff(at(58, 24)) > 100,
        "{} {}",
        at(5, 24),
        at(58, 24)
    );
    assert!(at(32, 4).abs_diff(at(32, 44)) < 12);
}

/// Half of a film at 20 frames in a second, half at 5: by times it is even.
#[test]
fn uneven_films_are_read_by_their_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mp4");
    // frames 0 to 9 each 1/20 of a second, the others 1/5
    let uneven = format!(
        "{RAMP},settb=1/1000,setpts='if(lt(N,10),N*0.05,0.5+(N-10)*0.2)/TB' -c:v libx264 -crf 10 -bf 0 -vsync passthrough"
    );
    if made(&uneven, &path).is_none() {
        return;
    }
    let timeline = Film::of(path.clone()).timeline().unwrap();
    assert_eq!(timeline.starts.len(), 20);
    let mut even = own(None);
    even.pace.fps = Some(10.0);
    let frames = read(&path, &even, None, false).unwrap();
    let numbers: Vec<i32> = frames.iter().map(number).collect();
    assert_eq!(
        numbers[..13],
        [0, 2, 4, 6, 8, 10, 10, 11, 11, 12, 12, 13, 13]
    );
}

#[test]
fn foreign_films_that_are_cut_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let (fast, late) = (
        folder.path().join("fast.mp4"),
        folder.path().join("late.mp4"),
    );
    let words = format!("{RAMP},noise=alls=90:allf=t -c:v libx264 -crf 5 -g 5");
    if made(&format!("{words} -movflags +faststart"), &fast).is_none()
        || made(&words, &late).is_none()
    {
        return;
    }
    for path in [&fast, &late] {
        let whole = fs::read(path).unwrap();
        fs::write(path, &whole[..whole.len() * 3 / 4]).unwrap();
    }
    // its table of contents stood at the end
    let error = Film::of(late).timeline().unwrap_err().message;
    assert!(error.contains("moov atom not found"), "{error}");
    let error = read(&fast, &own(None), None, false).unwrap_err();
    assert!(error.contains("of its 20 frames are there"), "{error}");
    let mended = read(&fast, &own(None), None, true).unwrap();
    assert!((5..20).contains(&mended.len()), "{}", mended.len());
    assert_eq!(
        read(&fast, &own(None), Some(2..4), false).unwrap(),
        mended[2..4]
    );
}

/// Without the program: the file is named by who calls, the codec and the package here.
#[test]
fn a_program_that_is_missing_is_named_with_what_it_would_read() {
    let folder = tempfile::tempdir().unwrap();
    for (name, codec, said) in [
        (
            "film.mp4",
            "-c:v libx264",
            "it is MP4 with H.264, which the program `no-such-program` reads",
        ),
        (
            "film.webm",
            "-c:v libvpx-vp9 -b:v 1M",
            "it is Matroska or WebM with VP9",
        ),
        ("film.avi", "-c:v mpeg4", "it is AVI with MPEG-4"),
    ] {
        let path = folder.path().join(name);
        if made(&format!("{RAMP} {codec}"), &path).is_none() {
            continue;
        }
        let error = ffmpeg::without("no-such-program", &path);
        assert!(error.message.starts_with(said), "{}", error.message);
        assert!(
            error.message.ends_with("and that is not installed"),
            "{}",
            error.message
        );
        assert!(error.help.unwrap().contains("apt-get install ffmpeg"));
    }
    let path = folder.path().join("text.mp4");
    fs::write(&path, "no film").unwrap();
    let error = ffmpeg::without("no-such-program", &path);
    assert!(
        error.message.starts_with("it is a film of a kind"),
        "{}",
        error.message
    );
}

/// A list of other files is no film: nothing but the file itself is opened.
#[test]
fn playlists_open_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (film, list) = (
        folder.path().join("film.ts"),
        folder.path().join("list.mp4"),
    );
    if made(&format!("{RAMP} -c:v mpeg2video"), &film).is_none() {
        return;
    }
    for text in [
        format!(
            "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n",
            film.display()
        ),
        format!("ffconcat version 1.0\nfile '{}'\n", film.display()),
    ] {
        fs::write(&list, text).unwrap();
        assert!(Film::of(list.clone()).timeline().is_err());
    }
}
