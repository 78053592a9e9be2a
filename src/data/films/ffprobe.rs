//! What `ffprobe` says of a film: its size as it is seen, and when its frames are shown.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::Timeline;
use super::ffmpeg::start;
use super::timeline::{RATE, SECOND};
use crate::data::DataError;
use crate::data::decode::size_is_sound;

/// Bytes that `ffprobe` may say: a few for each frame.
const SAID: u64 = 512 << 20;

#[derive(Deserialize)]
struct Probed {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    packets: Vec<Shown>,
    #[serde(default)]
    frames: Vec<Shown>,
    #[serde(default)]
    format: Format,
}

#[derive(Default, Deserialize)]
struct Format {
    #[serde(default)]
    format_name: String,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    codec_name: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    avg_frame_rate: Option<String>,
    nb_frames: Option<String>,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    side_data_list: Vec<Side>,
}

#[derive(Default, Deserialize)]
struct Tags {
    rotate: Option<String>,
}

#[derive(Deserialize)]
struct Side {
    rotation: Option<f64>,
}

/// A packet or a frame.
#[derive(Deserialize)]
struct Shown {
    pts_time: Option<String>,
    best_effort_timestamp_time: Option<String>,
    duration_time: Option<String>,
    pkt_duration_time: Option<String>,
    #[serde(default)]
    flags: String,
}

impl Shown {
    /// From when on, and for how long, in millionths of a second.
    fn times(&self) -> (Option<i64>, i64) {
        let number = |text: &Option<String>| {
            let seconds: f64 = text.as_deref()?.parse().ok()?;
            (seconds.abs() < 1e9).then(|| (seconds * SECOND as f64).round() as i64)
        };
        let start = number(&self.pts_time).or_else(|| number(&self.best_effort_timestamp_time));
        let duration = number(&self.duration_time).or_else(|| number(&self.pkt_duration_time));
        (start, duration.unwrap_or(0).max(0))
    }
}

const STREAM: &str = "stream=codec_name,width,height,avg_frame_rate,nb_frames:stream_tags=rotate:stream_side_data=rotation:format=format_name";

fn probe(path: &Path, entries: &str) -> Result<Probed, DataError> {
    let mut running = start(
        "ffprobe",
        path,
        &[
            "-select_streams",
            "v:0",
            "-show_entries",
            entries,
            "-of",
            "json",
        ],
        &[],
    )?;
    let mut said = Vec::new();
    if let Some(stdout) = running.child.stdout.take() {
        let read = stdout.take(SAID).read_to_end(&mut said);
        read.map_err(|error| DataError::new(error.to_string()))?;
    }
    let (well, complaint) = running.end();
    let probed = serde_json::from_slice::<Probed>(&said).ok();
    match probed {
        Some(probed) if well => Ok(probed),
        _ => Err(DataError::new(match complaint.is_empty() {
            true => "`ffprobe` can't read it".to_owned(),
            false => format!("`ffprobe` can't read it: {complaint}"),
        })),
    }
}

/// Size and times, without decoding a picture.
pub(super) fn look(path: &Path) -> Result<Timeline, DataError> {
    let packets = format!("{STREAM}:packet=pts_time,duration_time,flags");
    let mut probed = probe(path, &packets)?;
    let Some(stream) = probed.streams.pop() else {
        return Err(DataError::new("it holds no pictures"));
    };
    let mut shown = probed.packets;
    // packets of VP8 may hold what is never shown
    if stream.codec_name == "vp8" {
        let frames = "frame=best_effort_timestamp_time,pkt_duration_time,duration_time";
        shown = probe(path, frames)?.frames;
    }
    // an AVI counts the frames that it leaves out, too
    let counts = probed.format.format_name.contains("mp4");
    timeline(&stream, &shown, counts).map_err(DataError::new)
}

/// `counts`: the number of frames that the file says is that of those it holds.
fn timeline(stream: &Stream, shown: &[Shown], counts: bool) -> Result<Timeline, String> {
    let turned = stream
        .side_data_list
        .iter()
        .find_map(|side| side.rotation)
        .or_else(|| stream.tags.rotate.as_deref()?.parse().ok())
        .unwrap_or(0.0);
    let size = match (turned / 90.0).round().abs() as i64 % 2 {
        0 => (stream.height, stream.width),
        _ => (stream.width, stream.height),
    };
    size_is_sound(size.1, size.0, 3)?;
    let size = (size.0 as usize, size.1 as usize);
    let all = shown.len();
    // packets that an edit leaves out are marked so
    let shown: Vec<_> = shown
        .iter()
        .filter(|one| !one.flags.contains('D'))
        .collect();
    let mut times: Vec<(i64, i64)> = shown
        .iter()
        .filter_map(|one| one.times().0.map(|start| (start, one.times().1)))
        .collect();
    let said: usize = stream
        .nb_frames
        .as_deref()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0);
    let rate = stream.avg_frame_rate.as_deref().and_then(|rate| {
        let (above, below) = rate.split_once('/')?;
        let (above, below): (u32, u32) = (above.parse().ok()?, below.parse().ok()?);
        (above > 0 && below > 0).then_some((above.into(), below.into()))
    });
    // some containers say only when frames are decoded, or say it of some
    let mut found = if times.len() < shown.len() || times.is_empty() {
        Timeline::even(size, shown.len(), rate.unwrap_or(RATE))?
    } else {
        times.sort_unstable();
        let first = times[0].0;
        let starts = times.iter().map(|(start, _)| (start - first) as u64);
        let (last, duration) = times[times.len() - 1];
        let (above, below) = rate.unwrap_or(RATE);
        let one = match duration {
            0 => below * SECOND / above.max(1),
            duration => duration as u64,
        };
        Timeline::new(size, starts.collect(), (last - first) as u64 + one)?
    };
    if counts && said > all {
        found.damage = Some(format!(
            "it is not whole: {all} of its {said} frames are there"
        ));
    }
    Ok(found)
}
