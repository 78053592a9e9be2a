//! CIE Lab: lightness L in 0..100, and the colours a (green to red) and b (blue to yellow), in steps that look alike.
//!
//! Of sRGB pixels, under D65 and for the 2° observer; numbers as scikit-image has them.

/// Linear RGB → XYZ (ITU-R BT.709 primaries, D65).
const XYZ: [[f64; 3]; 3] = [
    [0.412453, 0.357580, 0.180423],
    [0.212671, 0.715160, 0.072169],
    [0.019334, 0.119193, 0.950227],
];

/// XYZ → linear RGB: the inverse.
pub const RGB: [[f64; 3]; 3] = [
    [3.240_481_343_2, -1.537_151_516_3, -0.498_536_326_2],
    [-0.969_254_950_0, 1.875_990_001_5, 0.041_555_926_6],
    [0.055_646_639_1, -0.204_041_338_4, 1.057_311_069_6],
];

/// XYZ of white.
pub const WHITE: [f64; 3] = [0.95047, 1.0, 1.08883];

/// Where the cube root ends and a line begins.
const BEND: f64 = 6.0 / 29.0;
/// Slope of that line.
pub const SLOPE: f64 = 3.0 * BEND * BEND;

/// A part of Lab, as pictures of it enter the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabPart {
    /// L: one channel, (L − 50) / 25.
    Lightness,
    /// a and b: two channels, a / 10 and b / 10.
    Colour,
    /// L, a and b: three channels, each as in its part.
    Whole,
}

impl LabPart {
    /// How many channels a picture of it has.
    pub fn channels(self) -> usize {
        match self {
            LabPart::Lightness => 1,
            LabPart::Colour => 2,
            LabPart::Whole => 3,
        }
    }

    /// The transform that makes it of a picture in RGB.
    pub fn transform(self) -> &'static str {
        match self {
            LabPart::Lightness => "lightness",
            LabPart::Colour => "ab",
            LabPart::Whole => "lab",
        }
    }

    /// What to do where it is normalised.
    pub fn scaled(self) -> String {
        format!(
            "remove `normalize`: what `{}` gives is scaled already",
            self.transform()
        )
    }

    /// What is 0 in the batch, and what is 1 more, of each channel.
    pub fn scales(self) -> &'static [(f64, f64)] {
        const L: (f64, f64) = (50.0, 25.0);
        const A_OR_B: (f64, f64) = (0.0, 10.0);
        match self {
            LabPart::Lightness => &[L],
            LabPart::Colour => &[A_OR_B, A_OR_B],
            LabPart::Whole => &[L, A_OR_B, A_OR_B],
        }
    }
}

/// sRGB in 0..1 → L, a, b.
pub fn lab_of_rgb(rgb: [f64; 3]) -> [f64; 3] {
    lab_of_linear(rgb.map(linear))
}

/// Linear light in 0..1 → L, a, b.
pub fn lab_of_linear(light: [f64; 3]) -> [f64; 3] {
    let xyz = times(&XYZ, light);
    let [x, y, z] = [0, 1, 2].map(|i| root(xyz[i] / WHITE[i]));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// Linear light in 0..1 → L alone.
pub fn lightness_of_linear(light: [f64; 3]) -> f64 {
    let y: f64 = XYZ[1].iter().zip(light).map(|(m, x)| m * x).sum();
    116.0 * root(y) - 16.0
}

/// L, a, b → linear light; outside of 0..1 where sRGB has no such colour. A blue below none is none.
pub fn linear_of_lab([l, a, b]: [f64; 3]) -> [f64; 3] {
    let y = (l + 16.0) / 116.0;
    let f = [y + a / 500.0, y, (y - b / 200.0).max(0.0)];
    let xyz = [0, 1, 2].map(|i| power(f[i]) * WHITE[i]);
    times(&RGB, xyz)
}

/// L, a, b → sRGB in 0..1, what is outside of it cut off.
pub fn rgb_of_lab(lab: [f64; 3]) -> [f64; 3] {
    linear_of_lab(lab).map(|light| match light.clamp(0.0, 1.0) {
        light if light <= 0.003_130_8 => 12.92 * light,
        light => 1.055 * light.powf(1.0 / 2.4) - 0.055,
    })
}

/// An sRGB value in 0..1 as linear light.
pub fn linear(value: f64) -> f64 {
    match value <= 0.040_45 {
        true => value / 12.92,
        false => ((value + 0.055) / 1.055).powf(2.4),
    }
}

fn root(t: f64) -> f64 {
    match t > BEND * BEND * BEND {
        true => t.cbrt(),
        false => t / SLOPE + 4.0 / 29.0,
    }
}

fn power(f: f64) -> f64 {
    match f > BEND {
        true => f * f * f,
        false => SLOPE * (f - 4.0 / 29.0),
    }
}

fn times(matrix: &[[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Fixture {
        rgb: Vec<[f64; 3]>,
        lab: Vec<[f64; 3]>,
        out_of_gamut: Vec<[f64; 3]>,
        cut_off: Vec<[f64; 3]>,
    }

    fn fixture() -> Fixture {
        serde_json::from_str(include_str!("../../tests/fixtures/lab/lab.json")).unwrap()
    }

    fn close(found: [f64; 3], wanted: [f64; 3], by: f64) -> bool {
        found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < by)
    }

    #[test]
    fn lab_is_that_of_scikit_image() {
        let fixture = fixture();
        assert!(fixture.rgb.len() >= 200);
        for (rgb, lab) in fixture.rgb.iter().zip(&fixture.lab) {
            let found = lab_of_rgb(*rgb);
            assert!(close(found, *lab, 1e-3), "{rgb:?}: {found:?}, {lab:?}");
            let l = lightness_of_linear(rgb.map(linear));
            assert!((l - lab[0]).abs() < 1e-3, "{rgb:?}: {l}");
            let back = rgb_of_lab(*lab);
            assert!(close(back, *rgb, 1e-5), "{lab:?}: {back:?}, {rgb:?}");
        }
    }

    #[test]
    fn what_srgb_does_not_have_is_cut_off() {
        let fixture = fixture();
        for (lab, wanted) in fixture.out_of_gamut.iter().zip(&fixture.cut_off) {
            let found = rgb_of_lab(*lab);
            assert!(
                close(found, *wanted, 1e-5),
                "{lab:?}: {found:?}, {wanted:?}"
            );
        }
    }
}
