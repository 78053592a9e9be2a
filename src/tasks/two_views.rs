//! What tasks on two views of a picture share: their input, their default augment, the sign of a collapse.

use super::{Picture, picture};
use crate::catalog::{Problem, Result};
use crate::data::Fields;
use crate::graph::{Graph, Reduction, Var};
use crate::language::codes::Code;

/// The two views of the batch, `[B, C, H, W]` each.
pub(super) fn two_views(g: &Graph, task: &str) -> Result<[Var; 2]> {
    let views = g.input_list("views")?;
    <[Var; 2]>::try_from(views).map_err(|views| {
        Problem::argument(
            Code::Unbound,
            "augment",
            format!(
                "{task} takes two views of each picture, not {}",
                views.len()
            ),
        )
        .help("let the augment emit two: `emit views = (image |> view()) * 2`")
    })
}

/// How a default view departs from its picture.
pub(super) struct Looks {
    /// The least and the largest share of the picture that is cut out.
    pub scale: (f64, f64),
    /// Strengths of brightness, contrast, saturation and hue.
    pub jitter: [f64; 4],
    /// How often colours move, in percent.
    pub chance: u32,
    /// How often large pictures are blurred, in percent.
    pub blur: u32,
    /// How often large pictures are solarized, in percent.
    pub solarize: u32,
}

impl Looks {
    /// SwAV's full views.
    pub const SWAV: Looks = Looks {
        scale: (0.14, 1.0),
        jitter: [0.8, 0.8, 0.8, 0.2],
        chance: 80,
        blur: 50,
        solarize: 0,
    };
    /// DINO's full views, whose blur and solarization are the means of its two.
    pub const DINO: Looks = Looks {
        scale: (0.4, 1.0),
        jitter: [0.4, 0.4, 0.2, 0.1],
        chance: 80,
        blur: 55,
        solarize: 10,
    };
    /// iBOT's full views.
    pub const IBOT: Looks = Looks {
        scale: (0.14, 1.0),
        ..Self::DINO
    };
    /// LeJEPA's full views: DINO's with more left of the least.
    pub const LEJEPA: Looks = Looks {
        scale: (0.3, 1.0),
        ..Self::DINO
    };
    /// NPID's, which MoCo v1 shares.
    pub const NPID: Looks = Looks {
        scale: (0.2, 1.0),
        jitter: [0.4, 0.4, 0.4, 0.4],
        chance: 100,
        blur: 0,
        solarize: 0,
    };
    /// MoCo v2's, which SimSiam shares.
    pub const MOCO_V2: Looks = Looks {
        scale: (0.2, 1.0),
        jitter: [0.4, 0.4, 0.4, 0.1],
        chance: 80,
        blur: 50,
        solarize: 0,
    };
    /// BYOL's first view; its second one is [`Looks::BYOL_SECOND`]. Barlow Twins and VICReg share both.
    pub const BYOL_FIRST: Looks = Looks {
        scale: (0.08, 1.0),
        jitter: [0.4, 0.4, 0.2, 0.1],
        chance: 80,
        blur: 100,
        solarize: 0,
    };
    /// BYOL's second view.
    pub const BYOL_SECOND: Looks = Looks {
        blur: 10,
        solarize: 20,
        ..Self::BYOL_FIRST
    };

    /// The pipeline of one view of `side` pixels, as `.ssl` text. Small pictures are neither blurred nor solarized: what little
    /// they show would be lost.
    pub fn view(&self, picture: &Picture, side: usize) -> String {
        let Looks {
            scale: (least, most),
            jitter: [brightness, contrast, saturation, hue],
            chance,
            blur,
            solarize,
        } = self;
        let colour = picture.channels == 3;
        let large = picture.side.unwrap_or(224) >= 96;
        let mut view = format!(
            "{} |> random_resized_crop({side}px, scale = {least:?}..{most:?}) |> hflip(50%)",
            picture.name
        );
        view += &if colour {
            format!(
                "\n  |> color_jitter(brightness = {brightness}, contrast = {contrast}, saturation = {saturation}, hue = {hue}, chance = {chance}%) |> grayscale(20%)"
            )
        } else {
            format!(
                "\n  |> color_jitter(brightness = {brightness}, contrast = {contrast}, chance = {chance}%)"
            )
        };
        if large && *blur > 0 {
            // an odd tenth of the side
            let kernel = side / 20 * 2 + 1;
            view += &format!("\n  |> gaussian_blur({kernel}px, chance = {blur}%)");
        }
        if large && *solarize > 0 {
            view += &format!("\n  |> solarize(threshold = 0.5, chance = {solarize}%)");
        }
        view + " |> normalize()"
    }
}

/// The default augment of two views that look alike.
pub(super) fn alike(looks: &Looks, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let view = looks.view(&image, image.side.unwrap_or(224));
    Some(format!("emit views = ({view}) * 2\n"))
}

/// The default augment of BYOL, Barlow Twins and VICReg: one view blurred, the other one rarely, and sometimes solarized.
pub(super) fn unlike(fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    if side < 96 {
        // without blur and solarize the two are alike
        return alike(&Looks::BYOL_FIRST, fields);
    }
    let first = Looks::BYOL_FIRST.view(&image, side);
    let second = Looks::BYOL_SECOND.view(&image, side);
    Some(format!("emit a = {first}, b = {second}\n"))
}

/// The standard deviation of each direction of `z / |z|`, `z [B, d]`, times √d: near 1 where the batch fills the sphere, 0
/// where all pictures have become one (Chen & He, 2021, figure 2).
pub(super) fn spread(g: &mut Graph, z: Var) -> Result<Var> {
    let width = g.check_features("spread", z)?;
    let z = g.l2_normalize(z)?;
    let deviation = Reduction::Std {
        correction: 0,
        epsilon: 0.0,
    };
    let deviation = g.reduce(deviation, z, &[0], false)?; // [d]
    let spread = g.mean_all(deviation)?;
    g.mul_scalar(spread, (width as f64).sqrt())
}

/// Says which argument is to blame where a predictor does not come back to the width of what it predicts.
pub(super) fn same_width(g: &Graph, predictor: &str, p: Var, z: Var) -> Result<()> {
    let (from, to) = (
        g.check_features(predictor, p)?,
        g.check_features("head", z)?,
    );
    if from == to {
        return Ok(());
    }
    Err(Problem::argument(
        Code::Shape,
        predictor,
        format!("`{predictor}` gives {from} numbers, and what it predicts has {to}"),
    )
    .help(format!("end `{predictor}` with `linear({to})`")))
}
