//! Clusters of the encoder's own features are the classes that it learns next (Caron et al., 2018).

use super::{CROPS, picture, training_params};
use crate::catalog::{Args, Kind, Make, Param, Result, Spec, Type};
use crate::data::{Fields, SampleType};
use crate::graph::{DType, Graph, Init, Module, Var};

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head"));
    let (k, tau) = (task.size("clusters"), task.number("temperature"));

    let x = g.input("view")?; // [B, C, H, W]
    let z = project(g, &encoder, &head, x)?; // [B, d]
    let (n, width) = (g.records()?, g.check_features("deepcluster", z)?); // N, d
    let zeros = Init::Constant(0.0);
    let bank = g.state("bank", &[n, width], zeros, DType::F32)?;
    let centres = g.state("centres", &[k, width], zeros, DType::F32)?;
    let clusters = g.state("clusters", &[n], zeros, DType::Int)?;
    // before each epoch: all pictures as evaluation shows them, and their clusters
    g.fill(bank, |g, x| project(g, &encoder, &head, x))?;
    g.kmeans(bank, centres, clusters, task.size("iterations"))?;

    let prototypes = g.read(centres); // [k, d]
    let prototypes = g.l2_normalize(prototypes)?;
    let prototypes = g.transpose(prototypes, 0, 1)?; // [d, k]
    let logits = g.matmul(z, prototypes)?;
    let logits = g.mul_scalar(logits, 1.0 / tau)?; // [B, k]
    let all = g.read(clusters); // [N]
    let i = g.index(); // [B], which record each picture is
    let own = g.take(all, i, 0)?; // [B]
    let loss = g.cross_entropy(logits, own)?;
    g.objective("loss", loss);
    let accuracy = g.accuracy(logits, own)?;
    g.metric("accuracy", accuracy);
    Ok(())
}

/// What is clustered: `[B, C, H, W]` → `[B, d]` of length 1.
fn project(g: &mut Graph, encoder: &Module, head: &Module, x: Var) -> Result<Var> {
    let y = g.call(encoder, x)?; // [B, D]
    let z = g.call(head, y)?; // [B, d]
    g.l2_normalize(z)
}

/// A part of the picture, mirrored.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let image = picture(fields)?;
    let side = image.side.unwrap_or(224);
    Some(format!(
        "emit view = {} |> random_resized_crop({side}px, scale = 0.2..1.0) |> hflip(50%) |> normalize()\n",
        image.name
    ))
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "deepcluster",
        Kind::Task,
        "Clusters of the encoder's own features are the classes it learns next.",
        Make::task(build, augment),
    )
    .param(
        Param::with_default(
            "clusters",
            Type::Integer,
            "3000",
            "k: how many clusters there are; ten or more for each class that there may be, and no more than records.",
        )
        .within(2.0, 1e6),
    )
    .param(
        Param::with_default("iterations", Type::Integer, "10", "Passes of k-means before each epoch.")
            .within(1.0, 1000.0),
    )
    .param(
        Param::with_default("temperature", Type::Number, "0.1", "τ: scores are divided by it before the softmax.")
            .within(1e-3, 100.0),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(128)",
        "The projection that is clustered. It is thrown away afterwards.",
    ))
    .params(training_params(
        (256, CROPS),
        "500 epochs",
        "sgd(0.05, momentum = 0.9, weight_decay = 1e-5)",
        "constant()",
    ))
    .input("view", SampleType::IMAGE, "The picture, augmented.")
    .paper(
        "Caron et al., 2018",
        "Deep Clustering for Unsupervised Learning of Visual Features",
        "arXiv:1807.05520",
    )
    .doc(
        "Before each epoch all pictures of the split are read in evaluation, their projections become a memory bank, and k-means \
         (k-means++, Lloyd) sorts it into clusters: each picture's cluster is its class for that epoch. An empty cluster takes over a part of the \
         largest, which keeps pictures from becoming one. The classifier is the centres themselves, by their cosines, as in DeepCluster-v2 (Caron et al., \
         2020, arXiv:2006.09882): clusters have other numbers in each epoch, so that the paper's linear layer has to start again each time. The paper also \
         whitens features by PCA, shows the network edges in the place of colours, and draws pictures so that clusters are alike in size; here each \
         is seen once in an epoch. The metric is how often the own cluster scores highest. A cluster belongs to a record of the training split: \
         there is no loss on another one. `recipes/tasks/deepcluster.rhai` is the same as a script.",
    )
    .example(
        "ssl 1\n\ndataset figures = shapes()\n\npretext groups = deepcluster(clusters = 200) {\n  data    = figures.train\n  encoder = small_cnn()\n}\n",
    )
}

#[cfg(test)]
mod tests {
    use crate::tasks::traces::follow;

    #[test]
    fn steps_between_two_clusterings_are_those_of_the_paper() {
        follow(include_str!("../../tests/fixtures/tasks/deepcluster.json"));
    }
}
