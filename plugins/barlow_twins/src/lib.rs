//! Two views agree feature by feature, and no two features say the same (Zbontar et al., 2021): the built-in task once more, as
//! a plugin. An example of tasks in a plugin.

use pretext_plugin::*;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let head = Module::new("head", task.net("head")); // with the encoder: f
    let lambda = task.number("lambda");

    let views = g.input_list("views")?;
    let [y_a, y_b] = views[..] else {
        let n = views.len();
        return Err(Problem::new(format!(
            "barlow_twins takes two views of each picture, not {n}"
        ))
        .help("let the augment emit two: `emit views = (image |> view()) * 2`"));
    }; // [B, C, H, W]
    let h_a = g.call(&encoder, y_a)?; // [B, D]
    let h_b = g.call(&encoder, y_b)?; // [B, D]
    let z_a = g.call(&head, h_a)?; // [B, d]
    let z_b = g.call(&head, h_b)?; // [B, d]

    let c = cross_correlation(g, z_a, z_b)?; // [d, d]
    let (on_diagonal, off_diagonal) = redundancy(g, c)?; // [1], [1]
    let weighted = g.mul_scalar(off_diagonal, lambda)?;
    let loss = g.add(on_diagonal, weighted)?;
    g.objective("loss", loss);
    g.metric("on_diagonal", on_diagonal);
    g.metric("off_diagonal", off_diagonal);
    let spread = spread(g, z_a)?;
    g.metric("spread", spread);
    Ok(())
}

/// Cᵢⱼ = Σ_b z_a[b, i] z_b[b, j] / B of features that have mean 0 and variance 1 over the batch: equation 2 of the paper, from
/// `z_a` and `z_b`, both `[B, d]`, to `[d, d]`.
fn cross_correlation(g: &mut Graph, z_a: Var, z_b: Var) -> Result<Var> {
    let batch = g.shape(z_a)[0];
    let z_a = g.standardize(z_a, &[0], 1e-5)?; // [B, d]
    let z_b = g.standardize(z_b, &[0], 1e-5)?; // [B, d]
    let z_a_t = g.transpose(z_a, 0, 1)?; // [d, B]
    let c = g.matmul(z_a_t, z_b)?; // [d, d]
    let batch = g.count(batch); // [1]
    g.div(c, batch)
}

/// Σᵢ (1 − Cᵢᵢ)² and Σᵢ Σⱼ≠ᵢ Cᵢⱼ² of `c [d, d]`.
fn redundancy(g: &mut Graph, c: Var) -> Result<(Var, Var)> {
    let identity = g.eye(g.shape(c)[0]); // [d, d]
    let away = g.sub(c, identity)?;
    let square = g.mul(away, away)?; // [d, d]
    let on = g.mul(square, identity)?;
    let off = g.off_diagonal(square)?;
    Ok((g.sum_all(on)?, g.sum_all(off)?))
}

/// The standard deviation of each direction of `z / |z|`, `z [B, d]`, times √d: near 1 where the batch fills the sphere, 0
/// where all pictures have become one (Chen & He, 2021, figure 2).
fn spread(g: &mut Graph, z: Var) -> Result<Var> {
    let width = g.shape(z)[1].known().unwrap_or(1);
    let z = g.l2_normalize(z)?;
    let whole_batch = options::Std {
        keep: false,
        correction: 0,
        ..Default::default()
    };
    let deviation = g.std_with(z, &[0], whole_batch)?; // [d]
    let spread = g.mean_all(deviation)?;
    g.mul_scalar(spread, (width as f64).sqrt())
}

/// BYOL's views, as in the paper, for small pictures: crop, mirror, colour, grey.
fn augment(_: &Args, fields: &Fields) -> Option<String> {
    let (image, channels, side) = picture(fields)?;
    let side = side.unwrap_or(224);
    let colour = match channels {
        3 => "brightness = 0.4, contrast = 0.4, saturation = 0.2, hue = 0.1, chance = 80%) |> grayscale(20%)",
        _ => "brightness = 0.4, contrast = 0.4, chance = 80%)",
    };
    Some(format!(
        "emit views = ({image} |> random_resized_crop({side}px, scale = 0.08..1.0) |> hflip(50%)\n  \
         |> color_jitter({colour} |> normalize()) * 2\n"
    ))
}

fn barlow_twins() -> Task {
    Task::new(
        "barlow_twins",
        "Two views agree feature by feature, and no two features say the same.",
        build,
    )
    .augment(augment)
    .param(
        Param::with_default(
            "lambda",
            Type::Number,
            "5e-3",
            "λ: weight of the correlations between different features.",
        )
        .within(0.0, 100.0),
    )
    .param(Param::with_default(
        "head",
        Type::Head,
        "linear(2048) |> batch_norm() |> relu() |> linear(2048) |> batch_norm() |> relu() |> linear(2048)",
        "The projection whose features are decorrelated; the wider the better. It is thrown away afterwards.",
    ))
    .param(
        Param::with_default("batch", Type::Integer, "2048", "Pictures per optimiser step; each brings two views.")
            .within(2.0, 1e6),
    )
    .input_list("views", SampleType::IMAGE, 2, "Two views of one picture, drawn on their own.")
    .paper(
        "Zbontar et al., 2021",
        "Barlow Twins: Self-Supervised Learning via Redundancy Reduction",
        "arXiv:2103.03230",
    )
    .doc(
        "C is the correlation of each feature of one view with each of the other, over the batch. Its diagonal is drawn to 1 \
         (views agree), all else to 0 (features differ).",
    )
    .example(
        "ssl 1\n\nuse plugin \"barlow_twins\" version \"0.1\"\n\ndataset figures = shapes()\n\npretext twins = barlow_twins() {\n  data    = figures.train\n  encoder = small_cnn()\n  batch   = 256\n}\n",
    )
}

export_plugin!(tasks = [barlow_twins()]);
