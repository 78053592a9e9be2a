use super::*;
use crate::plan::testing::planned;
use crate::plan::{Plan, Training};

const RECIPE: &str = "ssl 1

dataset figures = shapes(train = 64, valid = 16, test = 16)

encoder net = conv(4, 3) |> batch_norm() |> relu() as first |> conv(8, 3) |> relu() as second |> global_avg_pool()

encoder half = small_cnn(width = 4)

pretext turns = rotation() { data = figures.train, encoder = net, batch = 16 }
pretext slow = byol() { data = figures.train, encoder = small_cnn(width = 4), batch = 16 }
pretext split = split_brain() { data = figures.train, batch = 16, encoder = halves(half) }
evaluate nearest = knn(k = 5) { from = turns, data = figures.train, test = figures.test }
finetune probe = linear_probe() { from = turns, data = figures.train, test = figures.test }
finetune tuned = classifier(unfreeze = all) { from = slow.target, data = figures.train, test = figures.test }
";

fn training<'p>(plan: &'p Plan, name: &str) -> &'p Training {
    let stage = plan.stages.iter().find(|stage| stage.name == name);
    match stage.map(|stage| &stage.body) {
        Some(Body::Train(training)) => training,
        _ => panic!("{name} is no training"),
    }
}

/// Part and module of each card of a stage.
fn cards(plan: &Plan, name: &str) -> Vec<[String; 2]> {
    let at = plan
        .stages
        .iter()
        .position(|stage| stage.name == name)
        .unwrap();
    let cards = EncoderCard::all(&plan.stages[at], &plan.stages[..at]);
    cards
        .into_iter()
        .map(|card| [card.part, card.module])
        .collect()
}

#[test]
fn every_encoder_that_a_stage_trains_has_a_card() {
    let plan = planned(RECIPE, &Catalog::builtin());
    let own = |part: &str, module: &str| [part.to_owned(), module.to_owned()];
    assert_eq!(cards(&plan, "turns"), [own("encoder", "encoder")]);
    let slow = cards(&plan, "slow");
    assert_eq!(
        slow,
        [own("encoder", "encoder"), own("target", "ema/encoder")]
    );
    assert_eq!(cards(&plan, "tuned"), [own("encoder", "encoder")]);
    // these train a head, or nothing
    assert!(cards(&plan, "probe").is_empty() && cards(&plan, "nearest").is_empty());
}

/// By way of `run.json` and by way of an export's header an encoder comes back as it was: the same text, input, statistics.
#[test]
fn an_encoder_comes_back_from_its_card() {
    let catalog = Catalog::builtin();
    let plan = planned(RECIPE, &catalog);
    for stage in ["turns", "slow", "split"] {
        for reader in &training(&plan, stage).parts {
            let card = EncoderCard::of(reader);
            let text = serde_json::to_string(&card).unwrap();
            let json: EncoderCard = serde_json::from_str(&text).unwrap();
            assert_eq!(json, card);
            let header = EncoderCard::from_about(&card.about()).unwrap();
            assert_eq!(
                (&header.encoder, &header.mean, &header.lab),
                (&card.encoder, &card.mean, &card.lab)
            );
            for card in [json, header] {
                let own = card.reader(&catalog).unwrap();
                assert_eq!(
                    (&own.sample, &own.prepared),
                    (&reader.sample, &reader.prepared)
                );
                let graph = |reader: &Reader| crate::plan::trace::encoder_graph(reader).unwrap().0;
                let (own, expected) = (graph(&own), graph(reader));
                let names = |graph: &crate::graph::Graph| -> Vec<(String, Vec<usize>)> {
                    let own = graph.parameters.iter();
                    own.map(|p| (p.name.clone(), p.shape.clone())).collect()
                };
                assert_eq!(names(&own), names(&expected));
                let places = |graph: &crate::graph::Graph| -> Vec<String> {
                    graph
                        .places
                        .iter()
                        .map(|place| place.name.clone())
                        .collect()
                };
                assert_eq!(places(&own), places(&expected));
            }
        }
    }
    // names of the recipe mean nothing elsewhere
    let text = |stage: &str| EncoderCard::of(&training(&plan, stage).encoder).encoder;
    assert!(text("turns").contains("relu() as second"));
    assert!(text("split").contains("small_cnn("));
}

#[test]
fn what_strangers_write_is_refused_in_words() {
    let catalog = Catalog::builtin();
    let plan = planned(RECIPE, &catalog);
    let sound = EncoderCard::of(&training(&plan, "turns").encoder);
    let of = |change: &dyn Fn(&mut EncoderCard)| {
        let mut card = sound.clone();
        change(&mut card);
        card.reader(&catalog).err().unwrap_or_default()
    };
    assert_eq!(of(&|_| ()), "");
    for (found, said) in [
        (
            of(&|card| card.encoder = "resnet19()".into()),
            "can't be made here",
        ),
        (of(&|card| card.encoder = "x".repeat(1 << 17)), "too long"),
        (
            of(&|card| card.input = "image".into()),
            "is none that this version knows",
        ),
        (
            of(&|card| card.input = "sound[3]".into()),
            "is none that this version knows",
        ),
        (
            of(&|card| card.input = "image[3, 99999, 99999]".into()),
            "larger than pictures are",
        ),
        (
            of(&|card| card.input = format!("image[3, {0}, {0}]", usize::MAX)),
            "larger than pictures are",
        ),
        (of(&|card| card.mean = vec![0.5]), "not those of channels"),
        (
            of(&|card| (card.mean, card.std) = (vec![0.5], vec![0.0])),
            "not those of channels",
        ),
        (
            of(&|card| card.lab = vec!["\u{1b}[31m".into()]),
            "no part of Lab",
        ),
        (
            of(&|card| card.learnt = vec!["words".into()]),
            "the fit `words`",
        ),
    ] {
        assert!(found.contains(said), "{found}");
        assert!(!found.contains('\u{1b}'), "{found:?}");
    }
    let about = BTreeMap::from([("input".to_owned(), "image[3, 8, 8]".to_owned())]);
    let sizes = BTreeMap::from(
        [("encoder", "nin()"), ("input_size", "[3, 8, 8]")]
            .map(|(k, v)| (k.to_owned(), v.to_owned())),
    );
    let card = EncoderCard::from_about(&sizes).unwrap();
    assert_eq!(card.input, "image[3, 8, 8]");
    let missing = EncoderCard::from_about(&about).unwrap_err();
    assert_eq!(missing, "its header does not say `encoder`");
}
