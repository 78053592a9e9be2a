//! `"{scene}/{camera}"`: which part of a file's path names its scene, and which its camera.

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    /// Any text, folders included.
    Scene,
    /// Any text without a folder.
    Camera,
    /// The same, of no meaning.
    Anything,
}

/// How paths are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(Vec<Piece>);

/// Bytes of a path that is looked at.
const LONGEST: usize = 512;

/// What a path says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub scene: String,
    pub camera: String,
}

impl Pattern {
    /// # Errors
    /// It names no camera, names something twice, or something else.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = if let Some(after) = rest.strip_prefix("{scene}") {
                (Piece::Scene, after)
            } else if let Some(after) = rest.strip_prefix("{camera}") {
                (Piece::Camera, after)
            } else if let Some(after) = rest.strip_prefix('*') {
                (Piece::Anything, after)
            } else {
                let end = rest.find(['{', '*']).unwrap_or(rest.len());
                if end == 0 {
                    return Err("a pattern has `{scene}`, `{camera}`, `*` and text".into());
                }
                (Piece::Text(rest[..end].to_owned()), &rest[end..])
            };
            pieces.push(piece);
            rest = after;
        }
        let count = |wanted: &Piece| pieces.iter().filter(|piece| *piece == wanted).count();
        let counts = [Piece::Camera, Piece::Scene, Piece::Anything].map(|piece| count(&piece));
        match counts {
            [1, 0..=1, 0..=1] => Ok(Self(pieces)),
            [0, ..] => Err("a pattern says where the camera's name stands: `{camera}`".into()),
            _ => Err("`{camera}`, `{scene}` and `*` stand in a pattern once".into()),
        }
    }

    /// What a path without its ending says, with `/` between folders. One at the top has a scene without a name.
    pub fn named(&self, path: &str) -> Option<Named> {
        if path.len() > LONGEST {
            return None;
        }
        let mut found = Named::default();
        let top = format!("/{path}");
        let is = matched(&self.0, path, &mut found) || matched(&self.0, &top, &mut found);
        is.then_some(found)
    }
}

fn matched(pieces: &[Piece], text: &str, found: &mut Named) -> bool {
    let Some((piece, rest)) = pieces.split_first() else {
        return text.is_empty();
    };
    if let Piece::Text(own) = piece {
        return text
            .strip_prefix(own.as_str())
            .is_some_and(|text| matched(rest, text, found));
    }
    // a scene takes as much as it can, names as little
    let mut ends: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    match piece {
        Piece::Scene => ends.reverse(),
        Piece::Camera => ends.retain(|end| *end > 0),
        _ => {}
    }
    for end in ends {
        let taken = &text[..end];
        if *piece != Piece::Scene && taken.contains('/') {
            continue;
        }
        if matched(rest, &text[end..], found) {
            match piece {
                Piece::Scene => found.scene = taken.to_owned(),
                Piece::Camera => found.camera = taken.to_owned(),
                _ => {}
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_scenes_and_cameras() {
        for (pattern, path, scene, camera) in [
            ("{scene}/{camera}", "a/videos/cam01", "a/videos", "cam01"),
            ("{scene}/{camera}", "cam01", "", "cam01"),
            ("{camera}/{scene}", "left/walk 3", "walk 3", "left"),
            ("{scene}_cam{camera}", "walk_2_cam03", "walk_2", "03"),
            ("{scene}-{camera}-*", "a-b-left-final", "a-b", "left"),
            ("view{camera}", "view7", "", "7"),
            ("{camera}", "é", "", "é"),
        ] {
            let named = Pattern::parse(pattern).unwrap().named(path).unwrap();
            assert_eq!(
                (&*named.scene, &*named.camera),
                (scene, camera),
                "{pattern}"
            );
        }
        let pattern = Pattern::parse("{scene}_cam{camera}").unwrap();
        for path in ["walk", "walk_cam", "cam3", &"x_cam1".repeat(100)] {
            assert_eq!(pattern.named(path), None, "{path}");
        }
    }

    #[test]
    fn a_pattern_without_a_camera_is_none() {
        for text in [
            "",
            "{scene}",
            "{camera}{camera}",
            "*/*/{camera}",
            "{other}/{camera}",
            "{camera",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
