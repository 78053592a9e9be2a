//! What was answered? (Vinyals & Le, 2015)

use super::adversarial::{combined, discriminate, policy};
use super::order_reward::{OrderReward, REWARD};
use super::replies_told::{self, tell};
use super::rollout::{Ends, behind_first, distinct, words_of, write};
use super::{training_params, vocabulary_param};
use crate::catalog::{Args, Kind, Make, Param, Problem, Result, Spec, Type};
use crate::data::{Fields, PADDING, SampleType};
use crate::encoders::texts::own;
use crate::graph::{CrossEntropy, Graph, Mode, Module, Moment, Scalar, Size, Var, show};
use crate::language::codes::Code;

/// Pieces of what was said before, of the answer, and of a pair of turns as `dialogue_order` reads them.
const CONTEXT: usize = 48;
const REPLY: usize = 24;
const PAIR: usize = super::dialogue_order::LENGTH;

fn build(g: &mut Graph, task: &Args) -> Result<()> {
    let encoder = Module::new("encoder", task.net("encoder"));
    let context = g.input("context")?; // [B, c]
    let reply = g.input("reply")?; // [B, r]
    let Told { logits, words } = told(g, &encoder, context, reply)?; // [B (r - 1), V], [B (r - 1)]

    let how = CrossEntropy {
        ignore: Some(i64::from(PADDING)),
        ..CrossEntropy::default()
    };
    let loss = g.cross_entropy_with(logits, words, how)?;
    let order = OrderReward::of(g, task)?;
    let by_order = order.is_some() && task.number("coherence") > 0.0;
    let is_rewarded = task.number("adversarial") > 0.0 || by_order;
    let drawn = match (g.mode, is_rewarded) {
        (Mode::Train, false) => None,
        _ => Some(drawn(g, &encoder, context, reply)?),
    };
    let score = match (&order, drawn) {
        (Some(order), Some(Drawn { written, ends })) if by_order || g.mode == Mode::Eval => {
            Some(order.score(g, written, ends)?) // [B]
        }
        _ => None,
    };
    let whole = match (drawn, is_rewarded) {
        (Some(drawn), true) => {
            let score = score.filter(|_| by_order);
            rewarded(g, task, &encoder, [context, reply], drawn, score, loss)?
        }
        _ => loss,
    };
    g.objective("loss", whole);
    let accuracy = first(g, logits, words)?;
    g.metric("accuracy", accuracy);
    let perplexity = g.exp(loss)?;
    g.metric("perplexity", perplexity);
    if let (Some(drawn), Mode::Eval) = (drawn, g.mode) {
        let Drawn { written, ends } = drawn;
        let drawn_words = words_of(g, written, ends)?;
        let [one, two] = distinct(g, drawn_words)?;
        g.metric("distinct_1", one);
        g.metric("distinct_2", two);
        tell(g, [logits, words], [drawn_words, reply], ends)?;
    }
    if let Some(score) = score {
        let mean = g.mean_all(score)?;
        g.metric("coherence", mean);
        g.place(replies_told::WRITTEN_COHERENCE, score);
    }
    // the stage keeps the network's weights, also where it trains without them
    if let Some(order) = &order {
        let ends = Ends::of(g, context, reply)?;
        let answer = behind_first(g, reply)?;
        let score = order.score(g, answer, ends)?;
        g.place(replies_told::ANSWERED_COHERENCE, score);
    }
    for name in ["written", "answered"] {
        g.exhibit_of(name, &[], |g| {
            let Some(Drawn { written, ends }) = drawn else {
                return Ok(Vec::new());
            };
            let answer = if name == "written" { written } else { reply };
            let text = g.concat(&[context, answer], 1)?; // [B, c + r - 1], or [B, c + r]
            Ok(vec![words_of(g, text, ends)?])
        })?;
    }
    Ok(())
}

/// Replies that were drawn.
#[derive(Clone, Copy)]
struct Drawn {
    /// `[B, r - 1]`, without the first piece.
    written: Var,
    ends: Ends,
}

/// The likelihood's loss, and from some time on the policy gradient of rewards with it: of being taken for a person, of being in order. `[1]`. The
/// discriminator learns first.
fn rewarded(
    g: &mut Graph,
    task: &Args,
    encoder: &Module,
    [context, reply]: [Var; 2],
    Drawn { written, ends }: Drawn,
    score: Option<Var>,
    loss: Var,
) -> Result<Var> {
    let answer = g.concat(&[ends.first, written], 1)?; // [B, r]
    let mut rewards = Vec::new(); // [B] each, with its weight
    let mut taken = None;
    if task.number("adversarial") > 0.0 {
        let discriminator = Module::new("discriminator", task.net("discriminator"));
        let verdict = discriminate(g, &discriminator, context, [reply, answer])?;
        g.objective_of("discriminator", verdict.loss, &[&discriminator])?;
        taken = Some(verdict.reward);
        rewards.push((verdict.reward, task.number("adversarial")));
    }
    rewards.extend(score.map(|score| (score, task.number("coherence"))));
    let Told { logits, words } = told(g, encoder, context, answer)?;
    let n = g.shape(written)[1].known().unwrap_or(1);
    let (reward, weight) = combined(g, &rewards)?;
    let policy = policy(g, logits, words, reward, n)?;
    if let Some(taken) = taken {
        let mean = g.mean_all(taken)?;
        g.metric("reward", mean);
    }
    let counts = g.scalar(Scalar::After(Moment::from(task.duration("alone")))); // [1]
    let policy = g.mul(policy, counts)?;
    let policy = g.mul_scalar(policy, weight)?;
    g.add(loss, policy)
}

/// A reply to each context, no longer than the true ones.
fn drawn(g: &mut Graph, encoder: &Module, context: Var, reply: Var) -> Result<Drawn> {
    let ends = Ends::of(g, context, reply)?;
    let most = g.shape(reply)[1].known().unwrap_or(2) - 1;
    let written = write(g, encoder, context, ends, most)?;
    Ok(Drawn { written, ends })
}

/// What comes next in each reply, as it is scored and as it was.
struct Told {
    /// `[B (r - 1), V]`
    logits: Var,
    /// `[B (r - 1)]`; padding where a reply has ended.
    words: Var,
}

/// Scores of each piece of the replies but the first, by the context and the pieces before it: `[B, c]` and `[B, r]`.
fn told(g: &mut Graph, encoder: &Module, context: Var, reply: Var) -> Result<Told> {
    let [said, answered] = [context, reply].map(|x| g.shape(x).clone());
    let lengths = [&said, &answered].map(|shape| shape.get(1).and_then(Size::known).unwrap_or(0));
    let [c, r] = lengths;
    if c == 0 || r < 2 {
        return Err(Problem::new(
            Code::Shape,
            format!(
                "reply takes ids of a context [B, c] and of a reply [B, r] of two pieces or more, not {} and {}",
                show(&said),
                show(&answered)
            ),
        ));
    }
    let text = g.concat(&[context, reply], 1)?; // [B, c + r]
    let x = g.call_part(encoder, "tokens", text)?; // [B, c + r, D]
    let x = g.slice(x, 1, c.into(), (r - 1).into())?; // [B, r - 1, D]
    let words = g.slice(reply, 1, 1.into(), (r - 1).into())?; // [B, r - 1]
    let rows = &answered[0] * &Size::fixed(r - 1);
    let width = g.shape(x)[2].clone();
    let x = g.reshape(x, vec![rows.clone(), width])?;
    let words = g.reshape(words, vec![rows])?;
    let logits = g.call_part(encoder, "words", x)?; // [B (r - 1), V]
    Ok(Told { logits, words })
}

/// How many pieces score highest of all, padding not counted: `[1]`.
fn first(g: &mut Graph, logits: Var, words: Var) -> Result<Var> {
    let guess = g.argmax(logits, 1)?; // [R, 1]
    let guess = g.squeeze(guess, 1)?;
    let right = g.equal(guess, words)?; // [R]
    let own = own(g, words)?;
    g.weighted_mean(right, Some(own))
}

/// The end of what was said, and the beginning of what was answered, in pieces of words.
fn augment(task: &Args, fields: &Fields) -> Option<String> {
    let of = |name: &str, ty: SampleType| {
        let mut fields = fields.iter();
        fields.any(|(own, found)| own == name && found.fits(&ty))
    };
    let all =
        of("context", SampleType::list(SampleType::TEXT, None)) && of("reply", SampleType::TEXT);
    let pieces = &task.maybe_artifact("vocabulary")?.name;
    let several = SampleType::list(SampleType::TEXT, None);
    let lists = ["earlier", "in_order", "out_of_order"];
    let mut emitted = format!(
        "emit context = context |> join(vocabulary = {pieces}) |> crop_tokens({CONTEXT}, at = end), \
         reply = reply |> tokenize({pieces}) |> crop_tokens({REPLY}, at = start)"
    );
    if task.values.contains_key(REWARD) {
        let told = lists.iter().all(|name| of(name, several.clone()));
        if !told || !of("asked", SampleType::TEXT) {
            return None;
        }
        for name in lists.into_iter().chain(["asked"]) {
            emitted += &format!(
                ", {name} = {name} |> tokenize({pieces}) |> crop_tokens({PAIR}, at = start)"
            );
        }
    }
    all.then(|| emitted + "\n")
}

pub(super) fn spec() -> Spec {
    Spec::new(
        "reply",
        Kind::Task,
        "What was answered?",
        Make::task(build, augment),
    )
    .pieces()
    .param(vocabulary_param())
    .param(
        Param::with_default(
            "adversarial",
            Type::Number,
            "0",
            "Weight of being taken for a person's reply by a discriminator, as a policy gradient beside the likelihood. 0: there is none.",
        )
        .within(0.0, 1e6),
    )
    .param(
        Param::with_default("alone", Type::Duration, "0 epochs", "So long the likelihood is alone; the discriminator learns all the time.")
            .within(0.0, 1e9),
    )
    .param(Param::with_default(
        "discriminator",
        Type::Encoder,
        "gpt(width = 64, depth = 1, pool = last)",
        "Reads what was said and a reply, true or drawn; a layer behind it scores which. `optimizer discriminator = …` moves it.",
    ))
    .param(Param::optional(
        REWARD,
        Type::Stage,
        "A stage of `dialogue_order`, or of another task that tells `coherence`: how likely it takes a reply that is written to be in order. It is held still.",
    ))
    .param(
        Param::with_default(
            "coherence",
            Type::Number,
            "1",
            "Weight of what `reward` says, as a policy gradient beside the likelihood. 0: replies are only measured by it.",
        )
        .within(0.0, 1e6),
    )
    .params(training_params(
        (32, ("Replies per optimiser step.", 1.0)),
        "40 epochs",
        "adamw(1e-3, weight_decay = 0.01)",
        "cosine(warmup = 1 epoch)",
    ))
    .input("context", SampleType::TOKENS, "What was said before.")
    .input("reply", SampleType::TOKENS, "What was answered.")
    .input_maybe_list("earlier", SampleType::TOKENS, "Two pairs of turns from earlier in the dialogue, each as one text; where there is a `reward`.")
    .input_maybe("asked", SampleType::TOKENS, "The turn that is answered; where there is a `reward`.")
    .input_maybe_list("in_order", SampleType::TOKENS, "References for it: pairs that are in order.")
    .input_maybe_list("out_of_order", SampleType::TOKENS, "As many that are not.")
    .paper(
        "Vinyals & Le, 2015",
        "A Neural Conversational Model",
        "arXiv:1506.05869",
    )
    .doc(
        "The encoder reads what was said and, behind it, the answer, and at each piece of the answer scores what comes next, by the embeddings of \
         all pieces. Only pieces of the answer are scored, its first one not: that is `[CLS]`, with which it begins, and `[SEP]`, with which it \
         ends, is told like any other. `perplexity` is e to the mean loss of the pieces of a batch, `accuracy` how many of them score highest of \
         all. It takes an encoder in which no piece sees those behind it, `gpt`: any other would read the answer off. The paper's network is \
         recurrent.\n\nIn evaluation it also writes: a reply of at most so many pieces as there is room for, each drawn by its probability. `distinct_1` and \
         `distinct_2` are how many of the pieces, and of the pairs of neighbouring pieces, of all the replies of a batch are different ones (Li et al., \
         2016): they compare batches of one size. The exhibit `written` has what was said and a reply that was drawn, `answered` the same with the \
         true one.\n\nWith `adversarial` above 0 it writes while it is trained, too: a discriminator learns to tell what is written from what was answered (Li et \
         al., 2017, arXiv:1701.06547), and how likely it takes a reply for a true one is its reward, `reward` the mean. The gradient is REINFORCE's, with the \
         mean reward of the other replies of the batch as the baseline; the likelihood stays beside it, as the teacher forcing of that paper does. \
         `start = STAGE` begins with a generator that has learnt by likelihood.\n\nWith `reward = ORDER` (Wu et al., 2019, arXiv:1907.00448) a network of \
         `dialogue_order` judges what is written, too: as the answer of `asked` in the last pair of a triple behind `earlier`, beside the references that \
         `replies(references = 1)` draws. Its coherence score is a reward like the discriminator's, or the only one, and both are added up where there are \
         two; `coherence` is the mean score. In the paper the network goes on learning as the discriminator does; here it stays as it was trained, and what \
         is new in each batch is the discriminator's to tell. Pairs must be cut to the length that the network was trained on, and in its \
         vocabulary; the pair of a turn and what is written is the same text in pieces that `tokenize` makes of both.",
    )
    .example(
        "ssl 1\n\ndataset answers = dialogues(\"talks\") |> replies()\n\n\
         fit pieces = wordpiece(size = 4000) { data = answers.train }\n\n\
         pretext talk = reply(vocabulary = pieces) {\n  data    = answers.train\n  encoder = gpt()\n}\n",
    )
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
