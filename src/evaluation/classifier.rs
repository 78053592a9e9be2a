//! Fine-tuning: a linear classifier behind the encoder, trained together with it.

use super::evaluator::{About, Evaluator, Findings, Judged, Metric, On, Trains, Want};
use super::features::right;
use super::lab::{Failed, Lab, Read};
use super::metric::{ACCURACY, Measure};
use crate::catalog::{Args, Kind, Make, Param, Spec, Type};

struct Classifier;

fn frozen(args: &Args) -> bool {
    args.word("unfreeze") == "none"
}

impl Evaluator for Classifier {
    fn wants(&self, _: &Args) -> Vec<Want> {
        vec![
            Want::rows("data", "train", "training").records(),
            Want::rows("test", "judge", "test").records(),
            Want::rows("valid", "choose", "validation")
                .records()
                .optional(),
        ]
    }

    fn metrics(&self) -> &'static [(&'static str, Measure)] {
        &[(ACCURACY, Measure::FRACTION)]
    }

    fn trains(&self, args: &Args, classes: usize) -> Option<Trains> {
        Some(Trains {
            head: format!("linear({classes})"),
            on: On::Encoder {
                frozen: frozen(args),
            },
        })
    }

    fn protocol(&self, args: &Args, about: &About<'_>) -> String {
        let moves = match frozen(args) {
            true => "encoder frozen",
            false => "all parameters",
        };
        let About {
            records,
            length,
            view,
            ..
        } = about;
        format!("{moves}, {records} labels, {length}, {view}")
    }

    fn judge(
        &self,
        judged: &Judged<'_>,
        read: Vec<Read>,
        lab: &mut dyn Lab,
    ) -> Result<Findings, Failed> {
        let mut read = read.into_iter();
        let (data, test) = read.next().zip(read.next()).ok_or(Failed)?;
        let mut heads = lab.train(&data, read.next().as_ref())?;
        let (mut found, mut seen) = (0, 0);
        heads.answers(&test, &mut |_, logits, labels| {
            found += right(logits, labels, judged.classes);
            seen += labels.len();
        })?;
        Ok(Findings {
            metrics: vec![Metric::new(
                "",
                (ACCURACY, Measure::FRACTION),
                found as f64 / seen.max(1) as f64,
            )],
            exhibits: Vec::new(),
        })
    }
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "classifier",
        Kind::Finetune,
        "A linear classifier on the encoder's output, trained together with it",
        Make::evaluator(Classifier),
    )
    .doc(
        "`unfreeze = all` trains every parameter from where the pretraining left it; `none` keeps the encoder \
         and its running statistics as they are. The column `untrained` is the same training from a fresh encoder.",
    )
    .param(Param::with_default(
        "unfreeze",
        Type::Choice(&["all", "none"]),
        "all",
        "Which parameters of the encoder move.",
    ))
    .param(Param::with_default("batch", Type::Integer, "128", "Records per step.").within(1.0, 1e6))
    .example("classifier(unfreeze = all)")
}
