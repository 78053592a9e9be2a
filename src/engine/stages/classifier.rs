//! Fine-tuning with a linear classifier: from the pretrained encoder, from a fresh one, and on pixels.

use super::failure::Failure;
use super::features::{BATCH, View, host};
use super::fit::Fit;
use super::pretext::classifier_bindings;
use super::probe::{epochs, right};
use super::{Run, StageDirectory, Watch};
use crate::engine::{Batch, HostTensor, Model, features as evaluate};
use crate::graph::Graph;
use crate::plan::{Classifier, StagePlan};
use crate::report::ResultRow;

impl Run<'_> {
    pub(super) fn classifier(
        &self,
        stage: &StagePlan,
        plan: &Classifier,
        directory: &StageDirectory,
        watch: &mut dyn Watch,
    ) -> Result<Vec<ResultRow>, Failure> {
        let mut columns = Vec::new();
        for (name, graph, eval, model) in [
            (
                "",
                &plan.graph,
                &plan.eval,
                self.trained(&plan.from, &plan.graph)?,
            ),
            (
                "untrained",
                &plan.graph,
                &plan.eval,
                self.untrained(&plan.from, &plan.graph)?,
            ),
            ("pixels", &plan.raw, &plan.raw_eval, self.fresh(&plan.raw)?),
        ] {
            let fit = Fit {
                stage: &stage.name,
                name,
                graph,
                settings: &plan.settings,
                directory,
                frozen: plan.frozen.then_some("encoder/*"),
                before_epoch: None,
                span: stage.span,
            };
            let bindings = classifier_bindings();
            let model = fit.train(
                self,
                model,
                &mut |epoch, index| {
                    self.stream(
                        &plan.train.dataset,
                        &plan.samples,
                        &bindings,
                        &plan.settings,
                        plan.train.span,
                        epoch,
                        index,
                    )
                },
                &mut |trainer, step, watch| {
                    let settings = &plan.settings;
                    let last = settings.watches() && step == settings.steps;
                    match &plan.valid {
                        Some(data) if last || step % settings.valid_every() == 0 => {
                            let view = View {
                                data,
                                samples: &plan.view,
                                batch: BATCH,
                                on_bad: settings.on_bad,
                            };
                            let model = trainer.result();
                            self.valid(eval, &model, &view, &bindings, &stage.name, watch)
                        }
                        _ => Ok(Vec::new()),
                    }
                },
                watch,
            )?;
            columns.push(self.test(stage, plan, eval, &model, watch)?);
        }
        let labels = plan.train.dataset.len();
        let row = ResultRow {
            stage: stage.name.clone(),
            evaluator: "classifier".into(),
            protocol: format!(
                "{}, {labels} labels, {}, {}",
                if plan.frozen {
                    "encoder frozen"
                } else {
                    "all parameters"
                },
                epochs(&plan.settings),
                plan.protocol
            ),
            metric: "accuracy".into(),
            value: columns[0],
            untrained: Some(columns[1]),
            raw: Some(columns[2]),
            supervised: None,
            left_out: Default::default(),
            repaired: Default::default(),
        };
        watch.end(&format!("{} · {:.1}%", stage.name, 100.0 * row.value));
        Ok(vec![row])
    }

    fn test(
        &self,
        stage: &StagePlan,
        plan: &Classifier,
        eval: &Graph,
        model: &Model,
        watch: &mut dyn Watch,
    ) -> Result<f64, Failure> {
        let vars: Vec<_> = eval
            .places
            .iter()
            .filter(|place| place.name == "logits")
            .map(|place| place.var)
            .collect();
        let (mut found, mut seen) = (0, 0);
        let view = View {
            data: &plan.test,
            samples: &plan.view,
            batch: BATCH,
            on_bad: plan.settings.on_bad,
        };
        self.read(&view, &stage.name, "test", watch, &mut |batch, watch| {
            let fields: Batch = std::mem::take(&mut batch.fields)
                .into_iter()
                .map(|(name, field)| (name, host(field)))
                .collect();
            let Some(HostTensor::Int { data: labels, .. }) = fields.get("label") else {
                return Ok(());
            };
            let logits = evaluate(eval, model, &fields, &vars)?;
            let labels = labels.iter().map(|label| *label as u32);
            seen += labels.len();
            found += right(logits[0].as_f32().unwrap_or(&[]), labels, plan.classes);
            watch.advance(seen as u64);
            Ok(())
        })?;
        Ok(found as f64 / seen.max(1) as f64)
    }
}
