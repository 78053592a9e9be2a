//! What an expanded recipe says beside what was written.

use std::collections::BTreeMap;

use super::statistics::{Normalized, StatisticsOrigin};
use super::{Body, Plan, numbers};

impl Plan {
    /// What the `normalize()` of each stage stands for, by the stage's name, where the recipe does not say it: a comment for the
    /// expanded recipe.
    pub fn normalization_notes(&self) -> BTreeMap<&str, String> {
        let stages = self.stages.iter().filter_map(|stage| {
            let Body::Train(training) = &stage.body else {
                return None;
            };
            let Normalized { by, origin } = training.normalized.as_ref()?;
            if matches!(
                origin,
                StatisticsOrigin::Written | StatisticsOrigin::Measured { records: 0, .. }
            ) {
                return None;
            }
            let [mean, std] = [&by.mean, &by.std].map(|values| numbers(values));
            let said = origin.words(&training.data.text);
            Some((
                stage.name.as_str(),
                format!(
                    "`normalize()` stands here for normalize(mean = {mean}, std = {std}), {said}"
                ),
            ))
        });
        stages.collect()
    }
}
