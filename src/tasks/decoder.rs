//! From features back to a picture: the decoder that `inpainting`, `autoencoder` and `colorization` share.

use crate::catalog::{Param, Result, Type};
use crate::encoders::layers::{
    ConvLayer, ConvTransposeLayer, LinearInit, batch_norm, conv, conv_transpose, linear,
};
use crate::graph::{ConvTranspose, Graph, Var};

/// The parameter that says how wide it is.
pub(super) fn width() -> Param {
    Param::with_default(
        "width",
        Type::Integer,
        "32",
        "Channels of the decoder's last map; each smaller map has twice as many.",
    )
    .within(1.0, 4096.0)
}

/// `y [B, D]` → `[B, C, H, W]`, with parameters of the current scope. A linear layer makes the smallest map that doubles to the
/// picture (sides of 4 or more); each doubling is a transposed convolution of 4 × 4 with half the channels, down to `width`,
/// then batch norm and relu. A convolution of 3 × 3 ends it.
pub(super) fn decode(
    g: &mut Graph,
    y: Var,
    [channels, height, width]: [usize; 3],
    last: usize,
) -> Result<Var> {
    let (mut h, mut w, mut doublings) = (height, width, 0);
    while h % 2 == 0 && w % 2 == 0 && h.min(w) >= 8 {
        (h, w, doublings) = (h / 2, w / 2, doublings + 1);
    }
    let channels_of = |level: usize| last << level.min(4);
    let batch = g.shape(y)[0].clone();
    let mut x = g.scoped("from", |g| {
        let inside = channels_of(doublings);
        let x = linear(g, y, inside * h * w, true, LinearInit::Uniform)?;
        let x = g.reshape(x, vec![batch, inside.into(), h.into(), w.into()])?;
        rectified(g, x)
    })?; // [B, c, h, w]
    for level in (0..doublings).rev() {
        x = g.scoped(&format!("up{level}"), |g| {
            let x = doubled(g, x, channels_of(level))?;
            rectified(g, x)
        })?;
    } // [B, last, H, W]
    let layer = ConvLayer {
        padding: 1,
        bias: true,
        ..ConvLayer::new(channels, 3)
    };
    g.scoped("to", |g| conv(g, x, layer))
}

fn rectified(g: &mut Graph, x: Var) -> Result<Var> {
    let x = g.scoped("bn", |g| batch_norm(g, x, 1e-5, 0.1))?;
    g.relu(x)
}

/// `[B, c, h, w]` → `[B, out, 2 h, 2 w]`
fn doubled(g: &mut Graph, x: Var, out: usize) -> Result<Var> {
    let layer = ConvTransposeLayer {
        channels: out,
        kernel: 4,
        conv: ConvTranspose {
            stride: 2,
            padding: 1,
            output_padding: 0,
            groups: 1,
        },
        bias: true,
    };
    conv_transpose(g, x, layer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{DType, Mode, Size, show};

    #[test]
    fn any_picture_comes_back_in_its_size() {
        for (size, wanted) in [
            ([3, 32, 32], "[B, 3, 32, 32]"),
            ([1, 28, 28], "[B, 1, 28, 28]"),
            ([3, 30, 20], "[B, 3, 30, 20]"),
            ([3, 7, 7], "[B, 3, 7, 7]"),
        ] {
            let mut g = Graph::new(Mode::Train);
            let y = g.declare_input("y", vec![Size::batch(), 10.into()], DType::F32, None);
            let x = decode(&mut g, y, size, 8).unwrap();
            assert_eq!(show(g.shape(x)), wanted);
        }
    }
}
