//! What an encoder is trained on follows from what it takes.

use super::*;
use crate::catalog::{Args, Catalog, Kind, Make, Spec};
use crate::data::{Places, SampleType};
use crate::encoders::layers::{LinearInit, linear};
use crate::graph::{Graph, Module};
use crate::language::{Sources, check_into, render};

/// An encoder of masks, one of words, and tasks that read masks before pictures, or only how a picture was turned.
fn catalog() -> Catalog {
    let mut catalog = Catalog::builtin();
    let encoder = |name: &str, takes: SampleType| {
        Spec::new(
            name,
            Kind::Encoder,
            "An encoder.",
            Make::Encoder(|g, _, x| {
                let x = g.flatten(x)?;
                g.scoped("out", |g| linear(g, x, 2, true, LinearInit::Uniform))
            }),
        )
        .takes(takes)
    };
    catalog.register(encoder("of_masks", SampleType::MASK));
    catalog.register(encoder("of_words", SampleType::TEXT));
    let build = |g: &mut Graph, task: &Args| {
        let takes = task.net("encoder").takes();
        let input = if takes == SampleType::MASK {
            "mask"
        } else {
            "view"
        };
        let x = g.input(input)?;
        let z = g.call(&Module::new("encoder", task.net("encoder")), x)?;
        let z = g.mul(z, z)?;
        let loss = g.mean_all(z)?;
        g.objective("loss", loss);
        Ok(())
    };
    let augment = "(holed, mask) = image |> hole(50%)\nemit mask, view = holed";
    let make = Make::task(build, move |_, _| Some(augment.into()));
    catalog.register(
        Spec::new("holes", Kind::Task, "Masks and pictures.", make)
            .input("mask", SampleType::MASK, "A mask.")
            .input("view", SampleType::IMAGE, "A picture."),
    );
    let build = |g: &mut Graph, _: &Args| {
        let turn = g.input("turn")?;
        let turn = g.one_hot(turn, 4.into())?;
        let loss = g.mean_all(turn)?;
        g.objective("loss", loss);
        Ok(())
    };
    let augment = "(view, turn) = image |> quarter_turn()\nemit turn";
    let make = Make::task(build, move |_, _| Some(augment.into()));
    catalog.register(Spec::new("turns", Kind::Task, "Turns alone.", make).input(
        "turn",
        SampleType::label(4),
        "How it was turned.",
    ));
    catalog
}

fn planned(task: &str, encoder: &str, more: &str) -> Result<Plan, String> {
    let text = format!(
        "ssl 1\n\ndataset figures = shapes(train = 64, valid = 16, test = 16)\n\npretext a = {task}() {{\n  data = figures.train\n  encoder = {encoder}\n  batch = 16\n}}\n{more}"
    );
    let catalog = catalog();
    let mut sources = Sources::default();
    let file = sources.add("test.ssl", text);
    let (recipe, mut said) = check_into(&mut sources, file, &catalog, &[]);
    let mut found = None;
    if let Some(recipe) = recipe {
        let places = Places::new("", Default::default(), true).unwrap();
        let (plan, more) = plan(&recipe, &catalog, &places, Purpose::Check);
        (found, said) = (plan, more);
    }
    let said: Vec<String> = said.iter().map(|d| render(d, &sources, false)).collect();
    found.ok_or(said.join("\n\n"))
}

fn trained_on(plan: &Plan) -> String {
    match &plan.stages[0].body {
        Body::Train(training) => training.encoder.sample.to_string(),
        _ => panic!("no training"),
    }
}

#[test]
fn an_encoder_is_trained_on_what_it_takes() {
    let on = |encoder: &str| trained_on(&planned("holes", encoder, "").unwrap());
    assert_eq!(on("small_cnn(width = 2)"), "image[3, 32, 32]");
    assert_eq!(on("of_masks()"), "mask[32, 32]");
    // layers say nothing: pictures
    assert_eq!(on("flatten() |> linear(2)"), "image[3, 32, 32]");
}

#[test]
fn an_encoder_of_something_else_is_an_error() {
    let error = planned("holes", "of_words()", "").err().unwrap();
    for part in [
        "E0306",
        "`of_words` takes text, and `holes` reads none",
        "encoder = of_words()",
        "The task reads mask: mask[32, 32], view: image[3, 32, 32].",
        "train an encoder of what the task reads, or take a task that reads text",
    ] {
        assert!(error.contains(part), "{part}\n{error}");
    }
    let error = planned("turns", "small_cnn(width = 2)", "").err().unwrap();
    let says = "`small_cnn` takes image, and `turns` reads none";
    assert!(error.contains(says), "{error}");
    let error = planned("turns", "flatten() |> linear(2)", "")
        .err()
        .unwrap();
    assert!(error.contains("the encoder takes image, and"), "{error}");
}

#[test]
fn an_encoder_is_judged_on_what_it_was_trained_on() {
    let judge =
        "\nevaluate b = knn(k = 5) { from = a, data = figures.train, test = figures.test }\n";
    let error = planned("holes", "of_masks()", judge).err().unwrap();
    assert!(error.contains("have no mask"), "{error}");
    assert!(
        error.contains("an encoder of masks is judged on masks"),
        "{error}"
    );
    assert!(planned("holes", "small_cnn(width = 2)", judge).is_ok());
}

#[test]
fn an_encoder_of_lightness_is_judged_on_the_lightness_it_was_trained_on() {
    let more = "\naugment upright(image) {\n  emit lightness = image |> lightness(), colour = image |> ab()\n}\n\n\
        evaluate b = knn(k = 5) { from = a, data = figures.train, test = figures.test }\n";
    let encoder = "small_cnn(width = 2)\n  augment = upright";
    let plan = planned("colorization", encoder, more).unwrap();
    assert_eq!(trained_on(&plan), "image[1, 32, 32]");
    let Body::Train(training) = &plan.stages[0].body else {
        panic!("no training")
    };
    let Body::Evaluate(judged) = &plan.stages[1].body else {
        panic!("no evaluation")
    };
    let reading = judged.reading.as_ref().unwrap();
    assert_eq!(reading.protocol, "pool avg, view lightness");
    let mut scratch = crate::augment::Scratch::default();
    for index in 0..3 {
        let seen = [&training.samples, &reading.samples].map(|samples| {
            let record = training
                .data
                .dataset
                .read(index, crate::data::Draws::STILL)
                .unwrap();
            let emitted = samples.run(record, 1, 0, index as u64, &mut scratch);
            emitted.unwrap().swap_remove(0).into_image().unwrap()
        });
        let batch = seen.map(|image| {
            let mut values = vec![0.0; 32 * 32];
            image.write_chw(&mut values);
            values
        });
        assert!(batch[0].iter().any(|x| *x != batch[0][0]));
        assert_eq!(batch[0], batch[1]);
    }
}
