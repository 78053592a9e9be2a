//! Planning what judges an encoder by the frames of clips, one by one.

use super::build::Planner;
use super::judge::{Subject, of};
use super::trace::{self, Pool};
use super::types::*;
use crate::catalog::Args;
use crate::data::{OnBadSample, Over, SampleType};
use crate::evaluation::{self, Form};
use crate::language::Diagnostic;
use crate::language::checked::Stage;
use crate::language::codes::Code;

/// The field that holds masks.
const MASKS: &str = "masks";

impl Planner<'_> {
    /// What an evaluator reads that looks at all frames of clips.
    pub(super) fn frames(
        &mut self,
        stage: &Stage,
        args: &Args,
        subject: &Subject<'_>,
        splits: Vec<Asked>,
    ) -> Option<Evaluation> {
        let evaluator = stage.call.spec.evaluator()?;
        let forms = evaluator.wants(args).into_iter().map(|want| want.form);
        let (mut views, mut masked) = (0, false);
        for form in forms {
            if let Form::Frames { clip, masks } = form {
                (views, masked) = (views.max(clip + 1), masked || masks);
            }
        }
        let data = splits.first()?.data.clone();
        let fields = data.dataset.fields().clone();
        let clips: Vec<(usize, &str, &SampleType)> = fields
            .iter()
            .enumerate()
            .filter(|(_, (name, ty))| ty.frame().is_some() && !name.starts_with(MASKS))
            .map(|(at, (name, ty))| (at, name.as_str(), ty))
            .collect();
        let judge = &stage.call.spec.name;
        if clips.len() < views {
            let message = match views {
                1 => format!("records of `{}` have no clip", data.text),
                _ => format!(
                    "`{judge}` compares {views} cameras, and records of `{}` have {}",
                    data.text,
                    clips.len()
                ),
            };
            self.diagnostics
                .push(Diagnostic::error(Code::Unbound, data.span, message));
            return None;
        }
        let (clip, _, first) = clips[0];
        let masks = fields.iter().position(|(name, ty)| {
            let of_one = ty.parts().map_or(ty, |(one, _)| one);
            name.starts_with(MASKS) && of_one.frame().is_some()
        });
        if masked && masks.is_none() {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::Unbound,
                    data.span,
                    format!("records of `{}` have no masks", data.text),
                )
                .help(format!("`{judge}` reads the field `{MASKS}`: a clip of masks for each thing that is seen")),
            );
            return None;
        }
        let Some(frames) = args
            .maybe_size("frames")
            .or(first.frame().and_then(|(_, frames)| frames))
        else {
            self.diagnostics.push(
                Diagnostic::error(
                    Code::SampleType,
                    stage.call.name_span,
                    format!(
                        "clips of `{}` need not have the same number of frames",
                        data.text
                    ),
                )
                .help(format!(
                    "say how many are read of each: `{judge}(frames = 32)`"
                )),
            );
            return None;
        };
        let encoder = self.by_frames(stage, subject, frames)?;
        let at = evaluation::places(args);
        let pool = (!masked).then(|| Pool::new(args));
        let traced = trace::frames_graph(&encoder, &at, pool).and_then(|(graph, places)| {
            let last = places
                .last()
                .map_or([1, 1], |(_, _, [_, _, h, w])| [*h, *w]);
            Ok((graph, places, trace::raw_frames(&encoder, last)?))
        });
        let (graph, places, (raw_graph, raw, raw_sizes)) = match traced {
            Ok(traced) => traced,
            Err(problem) => {
                self.problem(stage, &problem);
                return None;
            }
        };
        let (mut samples, mut protocol) = (Vec::new(), String::new());
        for (_, name, ty) in &clips[..views] {
            let found = (*name, *ty);
            let (own, words) = self.view_of(&encoder, &data, found, stage.call.name_span)?;
            samples.push(own);
            protocol = format!("{}{words}", of(&encoder));
        }
        let numbers = |sizes: &[usize; 4]| sizes.iter().product::<usize>();
        let sizes: Vec<[usize; 4]> = places.iter().map(|(_, _, sizes)| *sizes).collect();
        let places: Vec<_> = places
            .into_iter()
            .map(|(name, var, sizes)| (name, var, numbers(&sizes)))
            .collect();
        self.fits_in_memory(stage, &places, data.dataset.len().min(subject.most))?;
        Some(Evaluation {
            from: subject.from.clone(),
            call: stage.call.clone(),
            args: args.clone(),
            classes: 0,
            reading: Some(Reading {
                graph,
                places,
                shorter: Vec::new(),
                raw: Some((raw_graph, raw, numbers(&raw_sizes))),
                samples: samples.first()?.clone(),
                protocol: protocol.clone(),
                on_bad: OnBadSample::from_word(
                    args.maybe_word("on_bad_sample").unwrap_or_default(),
                ),
                batch: (Reading::BATCH / frames).max(1),
            }),
            frames: Some(FrameReading {
                samples,
                sizes,
                raw: raw_sizes,
                clip,
                masks,
            }),
            splits,
            table: None,
            views: None,
            told: None,
            file: Vec::new(),
            heads: None,
            protocol,
            raw_is: encoder.sample.raw_is(),
            taught: None,
            beside: None,
        })
    }

    /// The encoder as it is shown clips of so many frames, a frame at a time.
    fn by_frames(&mut self, stage: &Stage, subject: &Subject<'_>, frames: usize) -> Option<Reader> {
        let own = subject.encoder;
        let one = match own.sample.frame() {
            Some((frame, _)) => frame,
            None => own.sample.clone(),
        };
        let encoder = Reader {
            sample: one.over(Some(frames), Over::Once),
            ..own.clone()
        };
        let encoder = Some(encoder).filter(|encoder| encoder.by_frame().is_some());
        if encoder.is_none() {
            self.diagnostics.push(Diagnostic::error(
                Code::SampleType,
                stage.call.name_span,
                format!(
                    "`{}` looks at frames one by one, and the encoder takes {}",
                    stage.call.spec.name,
                    own.net.takes()
                ),
            ));
        }
        encoder
    }
}
