//! Maps and tokens: other sizes, patches, attention.

use super::super::{DType, Graph, Op, Resampling, Shape, Size, Var, show};
use crate::catalog::Result;

impl Graph {
    /// `x [B, C, H, W]` at another height and width, pixel centres as in PyTorch with `align_corners = False`.
    pub fn interpolate(
        &mut self,
        x: Var,
        height: usize,
        width: usize,
        resampling: Resampling,
    ) -> Result<Var> {
        self.want_float("interpolate", x)?;
        let [channels, h, w] = self.check_map("interpolate", x)?;
        if height == 0 || width == 0 {
            return Err(
                self.shape_problem(format!("interpolate: {height} × {width} has no pixels"))
            );
        }
        if [h, w] == [height, width] {
            return Ok(x);
        }
        let shape = vec![
            self.shape(x)[0].clone(),
            channels.into(),
            height.into(),
            width.into(),
        ];
        Ok(self.push(Op::Resize(resampling), vec![x], shape, DType::F32))
    }

    /// `x [B, C, H, W]` in height × width cells, each the mean of the pixels that it touches.
    pub fn adaptive_avg_pool(&mut self, x: Var, height: usize, width: usize) -> Result<Var> {
        self.interpolate(x, height, width, Resampling::Average)
    }

    /// The frames of clips as a batch of pictures: `[B, t, C, H, W]` → `[t B, C, H, W]`, those of one clip one after another.
    pub fn frames(&mut self, clips: Var) -> Result<Var> {
        let shape = self.shape(clips).clone();
        let [batch, frames, channels, height, width] = shape.as_slice() else {
            let text = format!("frames takes clips [B, t, C, H, W], not {}", show(&shape));
            return Err(self.shape_problem(text));
        };
        let pictures = vec![
            batch * frames,
            channels.clone(),
            height.clone(),
            width.clone(),
        ];
        self.reshape(clips, pictures)
    }

    /// What was made of [`Self::frames`], side by side in the order of time: `[t B, d]` → `[B, t d]`.
    pub fn by_clip(&mut self, rows: Var, frames: usize) -> Result<Var> {
        let shape = self.shape(rows).clone();
        let clips = match shape.as_slice() {
            [all, dim] => all
                .divided(frames)
                .map(|clips| vec![clips, dim * &frames.into()]),
            _ => None,
        };
        let Some(clips) = clips else {
            let text = format!(
                "by_clip takes a row for each of {frames} frames, not {}",
                show(&shape)
            );
            return Err(self.shape_problem(text));
        };
        self.reshape(rows, clips)
    }

    /// A picture as rows of pixels, patch by patch: `[B, C, H, W]` → `[B, H/p · W/p, p · p · C]`, the channel last.
    pub fn patchify(&mut self, x: Var, patch: usize) -> Result<Var> {
        let [channels, height, width] = self.check_map("patchify", x)?;
        if patch == 0 || height % patch != 0 || width % patch != 0 {
            return Err(self
                .shape_problem(format!(
                    "patchify: {height} × {width} px can't be cut into patches of {patch} px"
                ))
                .help("choose a patch that divides both sides"));
        }
        let (h, w) = (height / patch, width / patch);
        let batch = self.shape(x)[0].clone();
        let fixed = |sizes: [usize; 5]| -> Shape {
            let sizes = sizes.into_iter().map(Size::fixed);
            [batch.clone()].into_iter().chain(sizes).collect()
        };
        let x = self.reshape(x, fixed([channels, h, patch, w, patch]))?;
        let x = self.permute(x, &[0, 2, 4, 3, 5, 1])?; // [B, h, w, p, p, C]
        self.reshape(
            x,
            vec![batch, (h * w).into(), (patch * patch * channels).into()],
        )
    }

    /// What `patchify` came from, with `rows` patches from top to bottom:
    /// `[B, rows · w, p · p · C]` → `[B, C, rows · p, w · p]`.
    pub fn unpatchify(&mut self, x: Var, patch: usize, rows: usize) -> Result<Var> {
        let shape = self.shape(x).clone();
        let sizes: Vec<Option<usize>> = shape.iter().skip(1).map(Size::known).collect();
        let (n, length) = match sizes.as_slice() {
            &[Some(n), Some(length)]
                if patch > 0 && rows > 0 && n % rows == 0 && length % (patch * patch) == 0 =>
            {
                (n, length)
            }
            _ => {
                return Err(self.shape_problem(format!(
                    "unpatchify: {} is not {rows} rows of patches of {patch} px",
                    show(&shape)
                )));
            }
        };
        let (w, channels) = (n / rows, length / (patch * patch));
        let batch = shape[0].clone();
        let x = self.reshape(
            x,
            vec![
                batch.clone(),
                rows.into(),
                w.into(),
                patch.into(),
                patch.into(),
                channels.into(),
            ],
        )?;
        let x = self.permute(x, &[0, 5, 1, 3, 2, 4])?; // [B, C, rows, p, w, p]
        self.reshape(
            x,
            vec![
                batch,
                channels.into(),
                (rows * patch).into(),
                (w * patch).into(),
            ],
        )
    }

    /// softmax(scale q kᵀ) v: `q [.., N, d]`, `k [.., M, d]`, `v [.., M, e]` → `[.., N, e]`, rank 3 or 4. The scale is 1/√d where
    /// none is given. A mask `[.., N, M]` is 1 where a query may look and 0 elsewhere; its sizes of 1 are repeated
    /// (Vaswani et al., 2017).
    pub fn attention(
        &mut self,
        q: Var,
        k: Var,
        v: Var,
        mask: Option<Var>,
        scale: Option<f64>,
    ) -> Result<Var> {
        for x in [Some(q), Some(k), Some(v), mask].into_iter().flatten() {
            self.want_float("attention", x)?;
        }
        let (qs, ks, vs) = (
            self.shape(q).clone(),
            self.shape(k).clone(),
            self.shape(v).clone(),
        );
        let rank = qs.len();
        let fits = (3..=4).contains(&rank)
            && ks.len() == rank
            && vs.len() == rank
            && qs[..rank - 2] == ks[..rank - 2]
            && ks[..rank - 1] == vs[..rank - 1]
            && qs[rank - 1] == ks[rank - 1];
        let width = qs.last().and_then(Size::known).filter(|n| *n > 0);
        let (true, Some(width)) = (fits, width) else {
            return Err(self
                .shape_problem(format!(
                    "attention: queries {}, keys {} and values {} do not fit",
                    show(&qs),
                    show(&ks),
                    show(&vs)
                ))
                .note("it takes [.., N, d], [.., M, d] and [.., M, e] with equal leading sizes"));
        };
        let mut inputs = vec![q, k, v];
        if let Some(mask) = mask {
            let mut scores = qs.clone();
            scores[rank - 1] = ks[rank - 2].clone();
            let one = Size::fixed(1);
            let m = self.shape(mask);
            let fits = m.len() <= rank
                && m.iter()
                    .rev()
                    .zip(scores.iter().rev())
                    .all(|(m, s)| m == s || *m == one);
            if !fits {
                return Err(self.shape_problem(format!(
                    "attention: a mask of {} does not fit scores of {}",
                    show(m),
                    show(&scores)
                )));
            }
            inputs.push(self.raise(mask, rank)?);
        }
        let mut shape = qs;
        shape[rank - 1] = vs[rank - 1].clone();
        let scale = scale.unwrap_or(1.0 / (width as f64).sqrt());
        Ok(self.push(Op::Attention { scale }, inputs, shape, DType::F32))
    }
}
