//! Being taken for a person: a discriminator of replies, and the policy gradient of what it says (Li et al., 2017).

use crate::catalog::Result;
use crate::encoders::layers::{LinearInit, linear};
use crate::encoders::texts::own;
use crate::graph::{Graph, Module, Size, Var};

/// What a discriminator makes of the true replies and of those that were drawn.
pub(super) struct Verdict {
    /// What it makes small: the mean of −ln σ(score) of the true ones and of −ln (1 − σ(score)) of the others, `[1]`.
    pub loss: Var,
    /// How likely it takes each of the others for a true one, σ(score): `[B]`, without gradient.
    pub reward: Var,
}

/// Reads replies behind what was said, `[B, c]` and `[B, r]` twice, and scores the last features with a layer.
pub(super) fn discriminate(
    g: &mut Graph,
    discriminator: &Module,
    context: Var,
    [reply, drawn]: [Var; 2],
) -> Result<Verdict> {
    let score = |g: &mut Graph, answer: Var| -> Result<Var> {
        let text = g.concat(&[context, answer], 1)?; // [B, c + r]
        let x = g.call(discriminator, text)?; // [B, D]
        let layer = |g: &mut Graph| linear(g, x, 1, true, LinearInit::Uniform);
        g.scoped(&discriminator.name, |g| g.scoped("score", layer)) // [B, 1]
    };
    let (real, fake) = (score(g, reply)?, score(g, drawn)?);
    let missed = g.neg(real)?;
    let missed = g.softplus(missed)?; // −ln σ(s) = ln (1 + e⁻ˢ)
    let missed = g.mean_all(missed)?;
    let fooled = g.softplus(fake)?;
    let fooled = g.mean_all(fooled)?;
    let loss = g.add(missed, fooled)?;
    let loss = g.mul_scalar(loss, 0.5)?;
    let reward = g.sigmoid(fake)?;
    let reward = g.squeeze(reward, 1)?;
    let reward = g.stop_gradient(reward)?; // [B]
    Ok(Verdict { loss, reward })
}

/// REINFORCE (Williams, 1992): −Σ (reward − baseline) ln p(reply) over the pieces of all replies, `[1]`. `logits [B n, V]` score the pieces
/// `words [B n]` of drawn replies, padding where one has ended; `reward [B]`. The baseline of a reply is the mean reward of the others, which
/// keeps the gradient without bias.
pub(super) fn policy(g: &mut Graph, logits: Var, words: Var, reward: Var, n: usize) -> Result<Var> {
    let batch = g.shape(reward)[0].clone();
    let (log_p, own) = likelihood(g, logits, words, &batch, n)?; // [B, 1], [B n]
    let reward = g.stop_gradient(reward)?;
    let sum = g.sum_all(reward)?; // [1]
    let others = g.sub(sum, reward)?; // [B]
    let count = g.count(batch); // [1]
    let count = g.add_scalar(count, -1.0)?;
    let count = g.clamp(count, 1.0, f64::INFINITY)?;
    let baseline = g.div(others, count)?; // [B]
    let advantage = g.sub(reward, baseline)?;
    let advantage = g.unsqueeze(advantage, 1)?; // [B, 1]
    let gain = g.mul(advantage, log_p)?;
    let gain = g.sum_all(gain)?; // [1]
    let pieces = g.sum_all(own)?;
    let pieces = g.clamp(pieces, 1.0, f64::INFINITY)?;
    let gain = g.div(gain, pieces)?;
    g.neg(gain)
}

/// Rewards with their weights as one reward, `[B]`, and what its policy gradient is multiplied by.
pub(super) fn combined(g: &mut Graph, rewards: &[(Var, f64)]) -> Result<(Var, f64)> {
    match rewards {
        [(reward, weight)] => Ok((*reward, *weight)),
        [first, others @ ..] => {
            let mut sum = g.mul_scalar(first.0, first.1)?;
            for (reward, weight) in others {
                let weighted = g.mul_scalar(*reward, *weight)?;
                sum = g.add(sum, weighted)?;
            }
            Ok((sum, 1.0))
        }
        [] => Err(g.shape_problem("a policy gradient takes a reward")),
    }
}

/// ln p of each reply, `[B, 1]`: what `logits [B n, V]` say of its pieces `words [B n]`; and which of these are no padding, `[B n]`.
pub(super) fn likelihood(
    g: &mut Graph,
    logits: Var,
    words: Var,
    batch: &Size,
    n: usize,
) -> Result<(Var, Var)> {
    let log_p = g.log_softmax(logits, 1)?; // [B n, V]
    let index = g.unsqueeze(words, 1)?;
    let log_p = g.gather(log_p, index, 1)?; // [B n, 1]
    let log_p = g.squeeze(log_p, 1)?;
    let own = own(g, words)?; // [B n]
    let log_p = g.mul(log_p, own)?;
    let log_p = g.reshape(log_p, vec![batch.clone(), Size::fixed(n)])?;
    Ok((g.sum(log_p, 1)?, own))
}

#[cfg(test)]
#[path = "adversarial_tests.rs"]
mod tests;
