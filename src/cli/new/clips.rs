//! Recipes for folders of clips.

use std::fmt::Write;

use super::draft::{Draft, Pace, head};
use super::look::Looked;
use super::pictures;
use crate::catalog::SharedSpec;

/// Sides that clips are brought to.
const SIDES: [usize; 3] = [64, 48, 32];

const NET: &str = "encoder net = conv(32, 3, stride = 2) |> batch_norm() |> relu() as conv1\n           |> conv(64, 3, stride = 2) |> batch_norm() |> relu() as conv2\n           |> conv(64, 3) |> batch_norm() |> relu() as conv3 |> global_avg_pool()\n\n";

/// What may suit, the likeliest first.
pub fn drafts(task: &SharedSpec, looked: &Looked) -> Vec<Draft> {
    let least = looked.sides.first().copied().unwrap_or(64);
    let fits = SIDES.iter().filter(|side| **side <= least.max(32));
    // an encoder of pictures may be judged on clips, or not
    fits.flat_map(|side| [true, false].map(|judge| draft(task, looked, *side, judge)))
        .collect()
}

fn draft(task: &SharedSpec, looked: &Looked, side: usize, judge: bool) -> Draft {
    let title = format!("{} On {}.", task.summary, looked.name);
    let (mut out, judges) = head(looked, &title, "");
    let pace = Pace::new(looked, 32, "1e-3", "clips");
    let frames = looked.frames.first().copied().unwrap_or(16);
    let mut judged = match judge {
        true => pictures::judged(looked, judges),
        false => String::new(),
    };
    let cut = format!("resize({side}px) |> center_crop({side}px)");
    let name = &task.name;
    let mut own = String::new();
    let block = match name.as_str() {
        "frame_order" => {
            // five frames fit into the shortest clip that was seen
            let steps = match frames.saturating_sub(1) / 4 {
                0 | 1 => String::new(),
                most => format!(", gap = 1..{}", most.min(3)),
            };
            format!(
                "augment triples(clip) {{\n  (frames, in_order) = clip |> {cut} |> sample_frames(5{steps}) |> hflip(50%)\n                    \
                 |> normalize() |> maybe_shuffle(50%)\n  emit frames, in_order\n}}\n\n"
            )
        }
        "frame_similarity" => format!(
            "augment moments(clip) {{\n  frames = clip |> {cut} |> near_and_far() |> normalize()\n  emit frames\n}}\n\n"
        ),
        "video_color" => {
            out += "fit colours = kmeans(16) { data = own.train }\n\n";
            judged = String::new();
            format!(
                "augment pointed(clip) {{\n  x = clip |> {cut} |> sample_frames(3, gap = 1..2)\n  \
                 emit lightness = x |> lightness(), clusters = x |> color_clusters(colours), colour = x |> ab()\n}}\n\n"
            )
        }
        "tracking" => {
            out += "fit tracks = tracker() { data = own.train }\n\n";
            own = "hard_after = 4 epochs".into();
            "augment ends(clip) {\n  (begin, end) = clip |> track_ends(tracks)\n  \
             emit first = begin |> hflip(50%) |> normalize(), last = end |> hflip(50%) |> normalize()\n}\n\n"
                .to_owned()
        }
        _ => {
            judged = format!(
                "evaluate aligned = alignment() {{ from = pretrain, data = {judges} }}\n\n"
            );
            let n = frames.clamp(2, 8);
            format!(
                "augment moment(camera1, camera2) {{\n  (a, b) = (camera1, camera2) |> moments({n})\n  \
                 emit anchor = a |> {cut} |> normalize(), positive = b |> {cut} |> normalize()\n}}\n\n"
            )
        }
    };
    let augment = block.split(['(', ' ']).nth(1).unwrap_or("views").to_owned();
    out += &block;
    out += match name.as_str() {
        // the colours of a place are told from what the net makes of that place
        "video_color" => {
            "encoder net = conv(32, 3) |> batch_norm() |> relu() as conv1\n           |> conv(32, 3, stride = 2) |> batch_norm() |> relu() as conv2\n           |> conv(32, 3) as embed |> global_avg_pool()\n\n"
        }
        _ => NET,
    };
    let skip = if name == "tracking" {
        "  on_bad_sample = skip // clips in which nothing moves\n"
    } else {
        ""
    };
    let _ = write!(
        out,
        "pretext pretrain = {name}({own}) {{\n  data = own.train\n  augment = {augment}\n  encoder = net // frames are brought to {side} px\n{}{skip}}}\n\n",
        pace.lines
    );
    out += &judged;
    out += "run { seed = 1 }\n";
    Draft::whole(out, looked)
}
