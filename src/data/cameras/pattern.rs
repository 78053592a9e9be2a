//! `"{scene}/{camera}"`: which part of a file's path names its scene, and which its camera.

use crate::data::pattern::{self, Part};

/// A scene takes as much as it can, a camera's name as little.
const PARTS: &[Part] = &[
    Part {
        name: "scene",
        folders: true,
        most: true,
    },
    Part {
        name: "camera",
        folders: false,
        most: false,
    },
];

/// How paths are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pattern(pattern::Pattern);

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
        let pattern = pattern::Pattern::parse(text, PARTS)?;
        if !pattern.names("camera") {
            return Err("a pattern says where the camera's name stands: `{camera}`".into());
        }
        match pattern.anything() {
            0 | 1 => Ok(Self(pattern)),
            _ => Err("`{camera}`, `{scene}` and `*` stand in a pattern once".into()),
        }
    }

    /// What a path without its ending says, with `/` between folders. One at the top has a scene without a name.
    pub fn named(&self, path: &str) -> Option<Named> {
        let of = |path: &str| {
            let found = self.0.read(path)?;
            let own = |at: usize| found[at].unwrap_or_default().to_owned();
            Some(Named {
                scene: own(0),
                camera: own(1),
            })
        };
        of(path).or_else(|| of(&format!("/{path}")))
    }
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
