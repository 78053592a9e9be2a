//! The list of codes. A code is never used for something else, also after it is gone.

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        /// The number of a diagnostic: `E` errors, `W` warnings. `E01` syntax, `E02` names and fields, `E03` types and
        /// ranges, `E04` shapes, `E05` files and data, `E06` limits, `W07` lints,
        /// `W08` what a run warns of, `E08` failures of a run, `E09` scripts and plugins.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[doc = $doc])* $name,)* }
        impl Code {
            /// As printed: `E0203`.
            pub fn number(self) -> &'static str { match self { $(Code::$name => $code,)* } }
            /// What it stands for, in a sentence.
            pub fn meaning(self) -> &'static str { match self { $(Code::$name => concat!($($doc),*).trim_ascii(),)* } }
            /// All codes, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];
        }
    };
}

codes! {
    /// The text does not follow the grammar.
    Syntax = "E0101";
    /// The first line is not `ssl 1`.
    Edition = "E0102";
    /// The file is not UTF-8.
    Encoding = "E0103";
    /// The file, or a sweep, holds nothing.
    Empty = "E0104";
    /// No data set, augment, encoder or stage of this name.
    UnknownName = "E0201";
    /// No catalog entry of this name.
    UnknownEntry = "E0202";
    /// No field or argument of this name.
    UnknownField = "E0203";
    /// A name or a field is given twice.
    Duplicate = "E0204";
    /// A required field or argument is missing.
    MissingField = "E0205";
    /// More positional arguments than parameters.
    TooManyArguments = "E0206";
    /// An entry of this name exists, but not for this place.
    WrongKind = "E0207";
    /// A name refers to itself through others.
    Cycle = "E0208";
    /// The data set has no such split, the record no such field, the stage no such part.
    UnknownPart = "E0209";
    /// A value of another type.
    Mistyped = "E0301";
    /// A value outside its range.
    OutOfRange = "E0302";
    /// A literal with a unit that the parameter does not have.
    WrongUnit = "E0303";
    /// A word that is not among the choices.
    UnknownWord = "E0304";
    /// What an augment emits does not fit what the task wants.
    Unbound = "E0305";
    /// A transform can't take what flows into it.
    SampleType = "E0306";
    /// Shapes of the tensor graph do not fit.
    Shape = "E0401";
    /// A head and its target do not fit.
    Classes = "E0402";
    /// A file or folder is not there.
    MissingFile = "E0501";
    /// A file is there but can't be read as what it should be.
    BadFile = "E0502";
    /// A data set can't be found; the message names each way to get it.
    MissingData = "E0503";
    /// The data set is too small for what is asked.
    TooFewSamples = "E0504";
    /// The text is larger than a recipe may be.
    TooLarge = "E0601";
    /// Brackets are nested too deep.
    TooDeep = "E0602";
    /// A setting the run can't have on this machine.
    Unavailable = "E0603";
    /// More operations than a graph, or all stages together, may have.
    TooManyNodes = "E0604";
    /// A random rotation before `quarter_turn`.
    LintTurned = "W0701";
    /// One view for a contrastive loss.
    LintOneView = "W0702";
    /// A warmup longer than the run.
    LintWarmup = "W0703";
    /// The test split used for pretraining, monitoring or choosing.
    LintTestSplit = "W0704";
    /// A batch larger than the split.
    LintBatch = "W0705";
    /// Another data set's normalisation.
    LintNormalization = "W0706";
    /// Gradient accumulation under a loss that needs in-batch negatives.
    LintAccumulate = "W0707";
    /// Predicted memory beyond what is free.
    LintMemory = "W0708";
    /// Something is defined and never used.
    LintUnused = "W0709";
    /// Data will be downloaded when the recipe runs.
    Download = "W0710";
    /// A two-view loss without negatives, predictor, slow copy or `stop_gradient`.
    LintCollapse = "W0711";
    /// A queue that the batch does not divide.
    LintQueue = "W0712";
    /// Tiles without a gap between them.
    LintTiles = "W0713";
    /// Folders of pictures that are probably not what they are taken for.
    LintFolders = "W0714";
    /// Values of pictures with more than 8 bits that use a small part of their range.
    LintRange = "W0715";
    /// A rate that belongs to another batch.
    LintRate = "W0716";
    /// A pattern of parameters that matches none.
    LintGroup = "W0717";
    /// Weights, or a copy of them, that can't move as they should.
    LintStill = "W0718";
    /// Fewer records that vote than are asked.
    LintBank = "W0719";
    /// A head whose output is one number.
    LintOutput = "W0720";
    /// Colours that were changed before they are to be learnt.
    LintColours = "W0721";
    /// Frames out of order, or moved one by one, before what asks whether they are in order.
    LintOrder = "W0723";
    /// More pieces of a text hidden than the task scores.
    LintUnscored = "W0724";
    /// A table of labels and the pictures that it is of do not fit.
    LintTable = "W0725";
    /// All samples become one while a stage trains.
    Collapse = "W0801";
    /// The loss, or a gradient, is not a finite number.
    Diverged = "E0801";
    /// A record can't be read while running.
    BadSample = "E0802";
    /// The run directory can't be written.
    Disk = "E0803";
    /// The run was interrupted; it can be continued.
    Interrupted = "E0804";
    /// A checkpoint or a finished stage can't be read back.
    Checkpoint = "E0805";
    /// The device refused.
    Device = "E0806";
    /// There is no memory left.
    Memory = "E0807";
    /// A script can't be read, or fails.
    Script = "E0901";
    /// A script uses what no script may, or more than it may.
    ScriptLimit = "E0902";
    /// A plugin can't be loaded, or fails.
    Plugin = "E0903";
    /// A file, a plugin or data are not those that `ssl.lock` names.
    Pinned = "E0904";
}
