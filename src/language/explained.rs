//! Why each code is one, with an example: `pretext explain E0203`.

use super::codes::Code;

/// What is said of a code.
#[derive(Clone, Copy, Debug)]
pub struct Explained {
    /// Why it matters, and what to do.
    pub why: &'static str,
    /// Lines of a recipe with the mistake, and without it.
    pub example: Option<Example>,
}

/// Two ways to write some lines of a recipe.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What is told of.
    pub wrong: &'static str,
    /// What is not.
    pub right: &'static str,
}

const fn with(why: &'static str, wrong: &'static str, right: &'static str) -> Explained {
    let example = Some(Example { wrong, right });
    Explained { why, example }
}

const fn only(why: &'static str) -> Explained {
    Explained { why, example: None }
}

const ENCODER: &str = "encoder   = small_cnn(width = 4)";
const SIMCLR: &str = "pretext p = simclr() {";
const BATCH: &str = "batch     = 32";
const RATE: &str = "optimizer = adamw(1e-3)";
const HEAD: &str = "head      = linear(16)";
const DATA: &str = "dataset f = shapes(train = 400, valid = 80, test = 80)";
const RUN: &str = "run { seed = 1 }";

/// What is said of this code.
pub fn explained(code: Code) -> Explained {
    match code {
        Code::Syntax => with(
            "The place is where reading stopped: what stands there, or what is missing before it. Where there is one sure remedy, it is offered.",
            "batch       32",
            BATCH,
        ),
        Code::Edition => with(
            "A recipe must mean the same in years, so its first line names the edition of the language that it is written in.",
            "ssl one",
            "ssl 1",
        ),
        Code::Encoding => only(
            "Recipes are UTF-8. Save the file as UTF-8 in your editor; UTF-16 and Latin-1 are told by their first bytes.",
        ),
        Code::Empty => with(
            "A recipe defines something: at least a `dataset` and a stage; the README shows the shortest one. A sweep lists something: fields with the values that they take.",
            "sweep grid { }",
            RUN,
        ),
        Code::UnknownName => with(
            "What is written without brackets is an item of this recipe: a data set, an augment, an encoder, layers, a fit or a stage.",
            "augment   = piar",
            "augment   = pair",
        ),
        Code::UnknownEntry => with(
            "What is written with brackets is called from the catalog: `pretext list` prints all of it.",
            "head      = liner(16)",
            HEAD,
        ),
        Code::UnknownField => with(
            "A field that nothing reads would be a setting that silently does nothing. `pretext doc NAME` lists what an entry takes.",
            "bacth     = 32",
            BATCH,
        ),
        Code::Duplicate => with(
            "Of two values one would lose without a word. Keep the one that is meant.",
            "length    = 12 epochs, length = 6 epochs",
            "length    = 12 epochs",
        ),
        Code::MissingField => with(
            "There is no default that would be right for everybody.",
            "head      = linear()",
            HEAD,
        ),
        Code::TooManyArguments => with(
            "Arguments without a name stand in the order of the entry's parameters, and there are no more of these.",
            "head      = linear(16, on, off, 3)",
            HEAD,
        ),
        Code::WrongKind => with(
            "The name is known, but what it names can't stand here.",
            "encoder   = pair",
            ENCODER,
        ),
        Code::Cycle => with(
            "What refers to itself never comes to an end.",
            "dataset f = f |> take(50%)",
            DATA,
        ),
        Code::UnknownPart => with(
            "Data sets have the splits `train`, `valid` and `test`; stages have the parts that `pretext doc` lists.",
            "test = f.holdout",
            "test = f.test",
        ),
        Code::Mistyped => with(
            "There is one way to write each type and nothing is converted: a string is no number, a name is no call.",
            "batch     = \"32\"",
            BATCH,
        ),
        Code::OutOfRange => with(
            "The type is right, but no such value can work here. The note says what the value is for.",
            "batch     = 0",
            BATCH,
        ),
        Code::WrongUnit => with(
            "Units are part of the value: 10 epochs are not 10 steps, 50% is not 50.",
            "length    = 12",
            "length    = 12 epochs",
        ),
        Code::UnknownWord => with(
            "The parameter takes one of a few words, which the error lists.",
            "run { device = gpu }",
            RUN,
        ),
        Code::Unbound => with(
            "What an augment emits goes to the inputs of the task by name, else by its type where one field alone has it. `bind { views = [a, b] }` says it by hand.",
            "augment pair(label) { emit label }",
            "augment pair(image) { emit views = (image |> view()) * 2 }",
        ),
        Code::SampleType => with(
            "Each transform says what flows into it: pictures, clips, texts, labels.",
            "emit image |> crop_tokens(24)",
            "emit image |> random_resized_crop(32px, scale = 0.5..1.0)",
        ),
        Code::Shape => with(
            "The graph is built before anything runs, so a size that does not fit is found at its line.",
            "encoder   = conv(4, 3) |> max_pool(64) |> global_avg_pool()",
            ENCODER,
        ),
        Code::Classes => with(
            "A head gives one score for each class of its target.",
            "head = linear(5)",
            "head = linear(4)",
        ),
        Code::MissingFile => {
            only("Paths are relative to the recipe. The error says which places were looked at.")
        }
        Code::BadFile => only(
            "The file is there, but it is not what its name or its place says. The note says what was found in it.",
        ),
        Code::MissingData => only(
            "Recipes name data, not machines. `--data NAME=PATH` says where it lies here, and so does `pretext.toml`.",
        ),
        Code::TooFewSamples => with(
            "A split must hold at least one batch, a class at least as many records as are taken of it.",
            "dataset f = shapes(train = 400, valid = 80, test = 80) |> take(1)",
            DATA,
        ),
        Code::TooLarge => only(
            "A recipe is text that people write: at most 256 kB, 1000 items, 256 steps in a pipeline.",
        ),
        Code::TooDeep => {
            only("Brackets are nested at most 64 deep. Most often one of them was never closed.")
        }
        Code::Unavailable => only(
            "This program was built without it, or this machine has no such device. `device = auto` takes the best that is there.",
        ),
        Code::TooManyNodes => only(
            "A graph has at most 250,000 operations, all stages together 600,000. Make the network, or the number of views, smaller.",
        ),
        Code::LintTurned => with(
            "A picture that was turned at random before can't tell how far it was turned after (Gidaris et al., 2018).",
            "(first, lost) = image |> quarter_turn()\n  (picture, turn) = first |> quarter_turn()",
            "(picture, turn) = image |> quarter_turn()",
        ),
        Code::LintOneView => with(
            "A contrastive loss learns from how views of one picture differ (Chen et al., 2020). Views that are the same teach nothing.",
            "emit image |> color_jitter(brightness = 0.4, chance = 0%)",
            "emit image |> random_resized_crop(32px, scale = 0.5..1.0) |> color_jitter(brightness = 0.4)",
        ),
        Code::LintWarmup => with(
            "What a schedule, a `freeze` or a `queue_from` waits for would come after the last step.",
            "optimizer = adamw(1e-3)\n  schedule  = cosine(warmup = 20 epochs)",
            RATE,
        ),
        Code::LintTestSplit => with(
            "A result on records that took part in its making says too much: each test picture would be its own nearest neighbour.",
            "data = f.test",
            "data = f.train",
        ),
        Code::LintBatch => with(
            "Training drops the last partial batch, and here there is no other.",
            "batch     = 4000",
            BATCH,
        ),
        Code::LintNormalization => with(
            "Networks expect inputs around zero. Another data set's mean and deviation, once too often or never, shifts all of them.",
            "color_jitter(brightness = 0.4) |> normalize() |> normalize()",
            "color_jitter(brightness = 0.4) |> normalize()",
        ),
        Code::LintAccumulate => with(
            "The loss compares the records of one batch. Two batches that are averaged are not one twice as large (Chen et al., 2020).",
            "optimizer = adamw(1e-3)\n  accumulate = 2",
            RATE,
        ),
        Code::LintMemory => only(
            "The plan knows what the largest stage keeps. Make `batch`, the pictures or the network smaller, or write `checkpointing = on`.",
        ),
        Code::LintUnused => with(
            "What nothing takes is most often a name that was misspelt elsewhere, or was left over.",
            "encoder spare = small_cnn(width = 8)",
            RUN,
        ),
        Code::Download => only(
            "The run will fetch data from its publisher, and says how much. `--offline` refuses it.",
        ),
        Code::LintCollapse => only(
            "Two views drawn together, without negatives, a predictor, a slow copy or `stop_gradient`, have one easy answer: all features alike (Chen and He, 2021).",
        ),
        Code::LintQueue => with(
            "A queue is filled batch by batch (He et al., 2020): what the batch does not divide never becomes whole.",
            "pretext p = moco(queue = 100) {",
            SIMCLR,
        ),
        Code::LintTiles => only(
            "Edges that go on from one tile to the next give the answer away (Doersch et al., 2015): leave a gap between tiles.",
        ),
        Code::LintFolders => only(
            "Class names come from folders. A folder beside loose pictures, or one like `__MACOSX`, is seldom a class.",
        ),
        Code::LintRange => only(
            "12-bit values in 16-bit files would all be nearly black. `range` says which values are black and white.",
        ),
        Code::LintRate => with(
            "A step over more records can be longer in proportion (Goyal et al., 2017), over fewer it has to be shorter. The default rate was made for the default batch.",
            "batch     = 32\n  length    = 12 epochs",
            "batch     = 32\n  length    = 12 epochs\n  optimizer = adamw(1e-3)",
        ),
        Code::LintGroup => with(
            "Settings for parameters that no parameter has do nothing. The note lists some names.",
            "optimizer = adamw(1e-3)\n  groups    = [group(\"*.biass\", decay = 0)]",
            RATE,
        ),
        Code::LintStill => with(
            "Weights that never move keep what they were drawn with.",
            "pretext p = moco(momentum = 1) {",
            SIMCLR,
        ),
        Code::LintBank => with(
            "Each record asks `k` neighbours, and there are fewer.",
            "knn(k = 500)",
            "knn(k = 5)",
        ),
        Code::LintOutput => with(
            "A single number holds next to nothing of a picture: scaled to length 1 it is 1 or -1.",
            "head      = linear(1)",
            HEAD,
        ),
        Code::LintColours => only(
            "A picture without its colours, or with others, can't say which it had (Zhang et al., 2016).",
        ),
        Code::LintOrder => only(
            "Frames that were shuffled, or moved one by one, before can't tell their order (Misra et al., 2016).",
        ),
        Code::LintUnscored => only(
            "Pieces that are hidden and not scored teach nothing, and the others are told with less around them (Devlin et al., 2019).",
        ),
        Code::LintTable => only(
            "What a table names and is not there, or lies there and is in no table, is not read: names that are written in two ways lose pictures.",
        ),
        Code::Diverged => only(
            "A rate that is too high is the usual cause. Make `optimizer`'s rate smaller, give the schedule a warmup, or clip: `clip = norm(1.0)`.",
        ),
        Code::Collapse => only(
            "All samples have become nearly one, or fill few directions, while the loss looks well. The warning names the likeliest cause and its line; `stop = collapse()` ends such a stage at once.",
        ),
        Code::BadSample => only(
            "`on_bad_sample = skip` goes on without such records, `repair` takes what there is of a picture that ends early.",
        ),
        Code::Disk => only(
            "What is finished stays. Make room, or choose another folder with `--out`, and start the same command again.",
        ),
        Code::Interrupted => only(
            "Nothing is lost but the steps since the last checkpoint: start the same command again.",
        ),
        Code::Checkpoint => only(
            "The file was cut short or changed by something else. The help says what to remove so that it is made again.",
        ),
        Code::Device => {
            only("The driver or the device said no. `device = flex` computes on the processor.")
        }
        Code::Memory => only(
            "Make `batch` smaller, or write `checkpointing = on`; `pretext plan` predicts what is needed.",
        ),
        Code::Script => only(
            "The note is the script's own error, with its line. `recipes/tasks/README.md` says how scripts are written.",
        ),
        Code::ScriptLimit => only(
            "Scripts describe a graph once; they have no files, no clock, no network, and limits on steps and sizes.",
        ),
        Code::Plugin => only(
            "`pretext plugin check NAME` loads it in a process of its own and says what is wrong.",
        ),
        Code::Pinned => only(
            "`ssl.lock` names the content that was used when it was written. `--update-lock` says that the change is wanted.",
        ),
    }
}
