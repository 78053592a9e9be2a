//! A recipe that ends in the time that is there: a few steps are timed on this machine, and the length follows from them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::draft::Judged;
use crate::catalog::Catalog;
use crate::data::Places;
use crate::language::{Sources, check_into};
use crate::plan::{Body, Purpose, plan};

/// Of the time that is there so much is given away: what else the machine does costs some.
const SHARE: f64 = 0.85;
/// Passes over the data at most: beyond, a small data set is learnt by heart.
const MOST_EPOCHS: u64 = 1000;
/// Fewer steps than this teach nothing.
const FEWEST_STEPS: u64 = 100;
/// The stage that is made longer or shorter.
const STAGE: &str = "pretrain";

/// `90`, `90s`, `20min`, `1.5h`
pub fn read(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(split.unwrap_or(text.len()));
    let unit = match unit {
        "s" => 1.0,
        "" | "min" | "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("write minutes or hours: `20min`, `1.5h`".into()),
    };
    let number: f64 = number
        .trim()
        .parse()
        .map_err(|_| format!("`{text}` is no time: write `20min`, `1.5h`"))?;
    match Duration::try_from_secs_f64(number * unit) {
        Ok(time) if (10..=30 * 24 * 3600).contains(&time.as_secs()) => Ok(time),
        _ => Err("from 10 seconds to 30 days".into()),
    }
}

/// A recipe with another length, and what was measured, in a sentence.
pub struct Fitted {
    pub text: String,
    pub said: String,
}

/// The recipe `text`, which is sound where it stands in `folder`, with the length that ends in time.
///
/// # Errors
/// A step could not be timed, or what is there is too short.
pub fn fit(
    catalog: &Catalog,
    text: &str,
    folder: &Path,
    budget: Duration,
) -> Result<Fitted, String> {
    let mut sources = Sources::default();
    let file = sources.add("draft.ssl", text);
    let (recipe, _) = check_into(&mut sources, file, catalog, &[]);
    let places = Places::new(folder, BTreeMap::new(), true).map_err(|why| why.message)?;
    let planned = recipe.and_then(|recipe| plan(&recipe, catalog, &places, Purpose::Run).0);
    let planned = planned.ok_or("the data can't be read through")?;
    let seconds = crate::engine::calibrate(&planned).map_err(|why| why.message)?;
    let mut others = 0.0;
    let mut own = None;
    for (stage, seconds) in planned.stages.iter().zip(seconds) {
        match &stage.body {
            Body::Train(training) if stage.name == STAGE && training.settings.steps > 0 => {
                let settings = &training.settings;
                let step = seconds / settings.steps as f64;
                own = Some((step, settings.batches_per_epoch.max(1)));
            }
            _ => others += seconds,
        }
    }
    let (step, batches) = own.ok_or("the recipe trains nothing")?;
    let Some(Chosen {
        length,
        warmup,
        steps: taken,
        capped,
    }) = chosen(budget.as_secs_f64(), others, step, batches)
    else {
        let least = (FEWEST_STEPS as f64 * step + others) / SHARE;
        return Err(format!(
            "{} are too short on this machine: judging takes {}, a step {}, and fewer than {FEWEST_STEPS} steps teach nothing\n  \
             note: give it {}, or fewer or smaller pictures",
            words(budget.as_secs_f64()),
            words(others),
            words(step),
            words(least),
        ));
    };
    let expected = taken as f64 * step + others;
    let comment = format!(
        "{taken} steps of {} on this machine: with what is judged {} of {}",
        words(step),
        words(expected),
        words(budget.as_secs_f64())
    );
    let text = with_length(text, &length, &warmup, &comment);
    let said = match capped {
        true => {
            format!("{comment}; more than {MOST_EPOCHS} epochs of so few records teach little more")
        }
        false => comment,
    };
    let judged = Judged::of(text, catalog, folder)?;
    match judged.errors.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(Fitted {
            text: judged.text,
            said,
        }),
    }
}

/// How long a stage trains.
#[derive(Debug, PartialEq)]
struct Chosen {
    /// As a recipe writes it.
    length: String,
    /// A tenth of it.
    warmup: String,
    steps: u64,
    /// Whether there would be time for more.
    capped: bool,
}

/// What fits into so many seconds, of which judging takes `others` and a step `step`; `None` where that is nothing.
fn chosen(budget: f64, others: f64, step: f64, batches: u64) -> Option<Chosen> {
    let left = (SHARE * budget - others).max(0.0);
    let steps = (left / step.max(1e-6)) as u64;
    if steps < FEWEST_STEPS {
        return None;
    }
    let plural = |n: u64| format!("{n} epoch{}", if n == 1 { "" } else { "s" });
    let epochs = (steps / batches).min(MOST_EPOCHS);
    Some(match epochs {
        0 => Chosen {
            length: format!("{steps} steps"),
            warmup: format!("{} steps", steps / 10),
            steps,
            capped: false,
        },
        _ => Chosen {
            length: plural(epochs),
            warmup: plural((epochs / 10).max(1)),
            steps: epochs * batches,
            capped: steps / batches > MOST_EPOCHS,
        },
    })
}

/// The lines of the stage that say how long it trains.
fn with_length(text: &str, length: &str, warmup: &str, comment: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines() {
        inside |= line.starts_with("pretext ");
        inside &= line != "}";
        let field = line.split('=').next().unwrap_or("").trim();
        match field {
            "length" if inside => out += &format!("  length = {length} // {comment}"),
            "schedule" if inside && line.contains("warmup") => {
                out += &format!("  schedule = cosine(warmup = {warmup})");
            }
            _ => out += line,
        }
        out.push('\n');
    }
    out
}

/// `35 ms`, `50 s`, `12 min`, `1.5 h`
fn words(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.1} ms", 1000.0 * s),
        s if s < 100.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds) in [("20min", 1200), ("90s", 90), ("1.5h", 5400), ("20", 1200)] {
            assert_eq!(read(text).map(|time| time.as_secs()), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "min",
            "-1min",
            "20 parsecs",
            "1s",
            "1e9h",
            "NaNh",
            "infmin",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_left_of_the_time_is_trained() {
        // 85% of 100 s, 5 s of which judge: 800 steps of 0.1 s
        let of = |batches: u64| {
            chosen(100.0, 5.0, 0.1, batches).map(|own| (own.length, own.warmup, own.capped))
        };
        let own = |length: &str, warmup: &str| Some((length.to_owned(), warmup.to_owned(), false));
        assert_eq!(of(1000), own("800 steps", "80 steps"));
        assert_eq!(of(500), own("1 epoch", "1 epoch"));
        assert_eq!(of(20), own("40 epochs", "4 epochs"));
        let much = chosen(1e6, 0.0, 0.1, 10).unwrap();
        assert!(much.capped && much.steps == 10 * MOST_EPOCHS);
        assert_eq!(chosen(100.0, 90.0, 0.1, 10), None);
        assert_eq!(chosen(100.0, 0.0, 1.0, 10), None);
    }

    #[test]
    fn only_the_stage_that_learns_changes() {
        let text = "pretext p = t() {\n  length    = 9 epochs  // old\n  schedule  = cosine(warmup = 1 epoch)\n}\n\nfinetune q = l() {\n  length = 20 epochs\n}\n";
        let changed = with_length(text, "5 steps", "1 steps", "why");
        assert_eq!(
            changed,
            "pretext p = t() {\n  length = 5 steps // why\n  schedule = cosine(warmup = 1 steps)\n}\n\nfinetune q = l() {\n  length = 20 epochs\n}\n"
        );
    }
}
