//! The ABI: the layouts of `include/pretext_plugin.h`. `plugins/README.md` has its rules.
//!
//! Every struct but [`Str`] and [`Size`] begins with its size in bytes, and grows at its end only. A reader takes what both
//! sides know. Strings are UTF-8 with a length; they are borrowed for the call, those of a description for the life of the
//! library.

use core::ffi::c_void;

/// What a description begins with after its size: `PRETEXT` and the major version.
pub const MAGIC: u64 = u64::from_le_bytes(*b"PRETEXT\x01");
/// Versions of one major are compatible; the exported symbol carries it.
pub const MAJOR: u32 = 1;
/// Raised when something is added.
pub const MINOR: u32 = 3;
/// The minor that is enough for what the SDK writes into a description and calls: hosts from there on load it.
pub const LEAST_MINOR: u32 = 0;
/// The one symbol that a plugin exports: an [`Entry`].
pub const SYMBOL: &str = "pretext_plugin_v1";

/// Text: UTF-8, not ended by zero.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Str {
    /// First byte; may be null where `len` is 0.
    pub at: *const u8,
    /// In bytes.
    pub len: u64,
}

/// A size that may depend on the batch `B`: `terms[0] + terms[1] B + terms[2] B² + terms[3] B³`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// By power.
    pub terms: [i64; 4],
}

/// How a call ended.
pub type Status = i32;
/// As wished.
pub const OK: Status = 0;
/// It failed; the host has the message ([`Host::error`]).
pub const FAILED: Status = 1;
/// The plugin panicked; it has told the host ([`Host::fail`]).
pub const PANICKED: Status = 2;
/// A handle of another call, or of nothing.
pub const STALE: Status = 3;
/// An operation that this build does not have.
pub const UNKNOWN_OP: Status = 4;
/// There is no such value; not a failure.
pub const ABSENT: Status = 5;
/// More results than the caller has room for; the count says how many.
pub const TOO_SMALL: Status = 6;
/// A pointer, a string or a struct that breaks the rules.
pub const MISUSED: Status = 7;

/// A call in progress. It ends with the function that was given it.
pub type Ctx = u64;
/// A value of a graph. 0 is none.
pub type Var = u64;
/// An encoder or a head under the name that its parameters carry. 0 is none.
pub type Module = u64;

/// What the exported symbol is: takes the host's minor version, gives the plugin's description.
pub type Entry = extern "C" fn(host_minor: u32) -> *const Plugin;

/// A plugin.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Plugin {
    /// `sizeof(pretext_plugin)`
    pub size: u64,
    /// [`MAGIC`]
    pub magic: u64,
    /// [`MAJOR`]
    pub abi_major: u32,
    /// The least minor that will do.
    pub abi_minor: u32,
    /// As `use plugin` says it: lower case, digits, `_`.
    pub name: Str,
    /// `0.3.1`
    pub version: Str,
    /// One after the other; the first one's `size` is the distance.
    pub tasks: *const Task,
    /// How many.
    pub task_count: u64,
    /// One after the other.
    pub transforms: *const Transform,
    /// How many.
    pub transform_count: u64,
}

/// A parameter of a task or a transform.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Param {
    /// `sizeof(pretext_param)`
    pub size: u64,
    /// Its name.
    pub name: Str,
    /// `number`, `integer`, `ratio`, `length`, `duration`, `range`, `text`, `switch`, `choice`, `encoder`, `head`, `data`, `place`,
    /// `optimizer`, `schedule`, `evaluator`, `list(…)` of one of them.
    pub ty: Str,
    /// Words of a `choice`, separated by blanks.
    pub choices: Str,
    /// `.ssl` text; empty: there is none.
    pub preset: Str,
    /// One sentence: what it means and its unit.
    pub doc: Str,
    /// Smallest allowed value; both 0: any.
    pub low: f64,
    /// Largest allowed value.
    pub high: f64,
    /// 1: may be absent.
    pub optional: u32,
    /// 0
    pub reserved: u32,
}

/// What a task wants from the batch.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Input {
    /// `sizeof(pretext_input)`
    pub size: u64,
    /// The field's name.
    pub name: Str,
    /// `image`, `image[3, 32, 32]`, `mask[32, 32]`, `label`, `label(4)`, `text`, `tokens[128]`, `clip[8, 3, 32, 32]`, `boxes[8, 4]`,
    /// `list(image)`
    pub ty: Str,
    /// One sentence.
    pub doc: Str,
    /// Fewest elements of a list.
    pub at_least: u64,
    /// 1: a list may stand here too, its elements one after the other along the batch.
    pub or_list: u32,
    /// 0
    pub reserved: u32,
}

/// An encoder that later stages may start from: `from = STAGE.NAME`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Part {
    /// `sizeof(pretext_part)`
    pub size: u64,
    /// As `build` names it ([`Host::part`]).
    pub name: Str,
    /// One sentence.
    pub doc: Str,
}

/// A pretext task.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Task {
    /// `sizeof(pretext_task)`
    pub size: u64,
    /// What a recipe writes.
    pub name: Str,
    /// One line.
    pub summary: Str,
    /// More; may be empty.
    pub doc: Str,
    /// First author and year; empty: there is no paper.
    pub cite: Str,
    /// The paper's title.
    pub title: Str,
    /// `arXiv:…` or a DOI.
    pub link: Str,
    /// A whole recipe.
    pub example: Str,
    /// Raised whenever results change for the same recipe; from 1 on.
    pub semantics: u64,
    /// One after the other.
    pub params: *const Param,
    /// How many.
    pub param_count: u64,
    /// One after the other.
    pub inputs: *const Input,
    /// How many.
    pub input_count: u64,
    /// Given to the functions.
    pub data: *const c_void,
    /// Builds the training graph, once, while planning.
    pub build: Option<extern "C" fn(data: *const c_void, host: *const Host, ctx: Ctx) -> Status>,
    /// Answers with the default `augment` block's body for the data set's fields; may be null.
    pub augment: Option<extern "C" fn(data: *const c_void, host: *const Host, ctx: Ctx) -> Status>,
    /// What `build` names with [`Host::part`], in that order; none where it is not said. Since 1.1.
    pub parts: *const Part,
    /// How many. Since 1.1.
    pub part_count: u64,
}

/// A transform of one sample.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Transform {
    /// `sizeof(pretext_transform)`
    pub size: u64,
    /// What a recipe writes.
    pub name: Str,
    /// One line.
    pub summary: Str,
    /// More; may be empty.
    pub doc: Str,
    /// First author and year; empty: there is no paper.
    pub cite: Str,
    /// The paper's title.
    pub title: Str,
    /// `arXiv:…` or a DOI.
    pub link: Str,
    /// A call of it.
    pub example: Str,
    /// Raised whenever results change for the same recipe; from 1 on.
    pub semantics: u64,
    /// One after the other.
    pub params: *const Param,
    /// How many.
    pub param_count: u64,
    /// Given to the functions.
    pub data: *const c_void,
    /// Answers once for each output with its type, given the type that flows in; fails where it can't take it.
    pub types: Option<
        extern "C" fn(data: *const c_void, host: *const Host, ctx: Ctx, input: Str) -> Status,
    >,
    /// Makes what `apply` is given; may be null.
    pub make: Option<
        extern "C" fn(
            data: *const c_void,
            host: *const Host,
            ctx: Ctx,
            input: Str,
            state: *mut *mut c_void,
        ) -> Status,
    >,
    /// Transforms one sample; called by several threads at once.
    pub apply: Option<
        extern "C" fn(
            data: *const c_void,
            state: *mut c_void,
            sampler: *const Sampler,
            ctx: Ctx,
        ) -> Status,
    >,
    /// Ends what `make` made; may be null.
    pub free: Option<extern "C" fn(data: *const c_void, state: *mut c_void)>,
    /// 1: a clip flows in whole; 0: frame by frame, each as a picture. Since 1.3.
    pub whole_clips: u32,
    /// 0. Since 1.3.
    pub reserved: u32,
}

/// Kinds of a [`Value`].
pub mod value {
    /// `number`
    pub const NUMBER: u32 = 1;
    /// `integer`, and `number` too
    pub const INTEGER: u32 = 2;
    /// `number`: the fraction
    pub const RATIO: u32 = 3;
    /// `number`: pixels
    pub const LENGTH: u32 = 4;
    /// `number`
    pub const EPOCHS: u32 = 5;
    /// `number`
    pub const STEPS: u32 = 6;
    /// `number` to `high`
    pub const RANGE: u32 = 7;
    /// `text`
    pub const TEXT: u32 = 8;
    /// `text`
    pub const WORD: u32 = 9;
    /// `integer` elements: `arg_item`
    pub const LIST: u32 = 10;
    /// An encoder or a head: `module`
    pub const NET: u32 = 11;
    /// Something else, as `.ssl` in `text`
    pub const OTHER: u32 = 12;
}

/// The value of an argument.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// `sizeof(pretext_value)`, set by the caller
    pub size: u64,
    /// One of [`value`].
    pub kind: u32,
    /// 0
    pub reserved: u32,
    /// A whole number, or how many elements.
    pub integer: i64,
    /// A number.
    pub number: f64,
    /// The upper end of a range.
    pub high: f64,
    /// A string or a word.
    pub text: Str,
}

/// Kinds of an [`Attr`].
pub mod attr {
    /// `integer`
    pub const INT: u32 = 1;
    /// `number`
    pub const FLOAT: u32 = 2;
    /// `ints`, `count`
    pub const INTS: u32 = 3;
    /// `sizes`, 1
    pub const SIZE: u32 = 4;
    /// `sizes`, `count`
    pub const SIZES: u32 = 5;
    /// `text`
    pub const TEXT: u32 = 6;
    /// `integer`: 0 or 1
    pub const SWITCH: u32 = 7;
}

/// An attribute of an operation, by name.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Attr {
    /// `sizeof(pretext_attr)`
    pub size: u64,
    /// Its name.
    pub name: Str,
    /// One of [`attr`].
    pub kind: u32,
    /// 0
    pub reserved: u32,
    /// A whole number or a switch.
    pub integer: i64,
    /// A number.
    pub number: f64,
    /// A word or a name.
    pub text: Str,
    /// Whole numbers.
    pub ints: *const i64,
    /// Sizes.
    pub sizes: *const Size,
    /// How many of either.
    pub count: u64,
}

/// How a parameter of the graph starts.
pub mod init {
    /// All one value.
    pub const CONSTANT: u32 = 1;
    /// Uniform in ±value.
    pub const UNIFORM: u32 = 2;
    /// Normal with this standard deviation.
    pub const NORMAL: u32 = 3;
    /// The same, redrawn outside ±2.
    pub const TRUNCATED_NORMAL: u32 = 4;
}

/// What a plugin may ask of the host while it describes types or builds a graph. After a call that failed every later one of
/// the same `ctx` fails too, and the host reports the first: a plugin may check once, at the end.
#[repr(C)]
pub struct Host {
    /// Of this table, in bytes.
    pub size: u64,
    /// [`MAJOR`]
    pub abi_major: u32,
    /// The host's minor.
    pub abi_minor: u32,

    /// The value of a parameter or of a field that every stage has. [`ABSENT`] where it has none.
    pub arg: extern "C" fn(ctx: Ctx, name: Str, value: *mut Value) -> Status,
    /// An element of a list.
    pub arg_item: extern "C" fn(ctx: Ctx, name: Str, index: u64, value: *mut Value) -> Status,
    /// A field of the data set, in order, in `augment`. [`ABSENT`] behind the last.
    pub field: extern "C" fn(ctx: Ctx, index: u64, name: *mut Str, ty: *mut Str) -> Status,
    /// The answer of `augment`, or one output type of `types`.
    pub answer: extern "C" fn(ctx: Ctx, text: Str) -> Status,
    /// Ends the call with the plugin's own error: a sentence, and advice that may be empty.
    pub fail: extern "C" fn(ctx: Ctx, message: Str, help: Str, status: Status) -> Status,
    /// What went wrong; empty where nothing did.
    pub error: extern "C" fn(ctx: Ctx, message: *mut Str) -> Status,

    /// A field of the batch.
    pub input: extern "C" fn(ctx: Ctx, name: Str, var: *mut Var) -> Status,
    /// The elements of a list of the batch.
    pub inputs: extern "C" fn(
        ctx: Ctx,
        name: Str,
        vars: *mut Var,
        capacity: u64,
        count: *mut u64,
    ) -> Status,
    /// A field, or the elements of a list one after the other along the batch.
    pub input_stacked: extern "C" fn(ctx: Ctx, name: Str, var: *mut Var) -> Status,
    /// The number of classes of a label. [`ABSENT`] where it is not known.
    pub classes: extern "C" fn(ctx: Ctx, name: Str, classes: *mut u64) -> Status,
    /// The number of records of the split.
    pub records: extern "C" fn(ctx: Ctx, records: *mut u64) -> Status,
    /// An operation of the vocabulary: `PRETEXT_OP_…`.
    pub op: extern "C" fn(
        ctx: Ctx,
        code: u32,
        operands: *const Var,
        operand_count: u64,
        attrs: *const Attr,
        attr_count: u64,
        results: *mut Var,
        capacity: u64,
        count: *mut u64,
    ) -> Status,
    /// The sizes of a value.
    pub shape: extern "C" fn(
        ctx: Ctx,
        var: Var,
        sizes: *mut Size,
        capacity: u64,
        rank: *mut u64,
    ) -> Status,
    /// Whether a value holds whole numbers: 0 or 1.
    pub whole: extern "C" fn(ctx: Ctx, var: Var, whole: *mut u32) -> Status,
    /// A trained tensor of the task's own; the same one when it is asked for again.
    pub parameter: extern "C" fn(
        ctx: Ctx,
        name: Str,
        sizes: *const u64,
        rank: u64,
        init: u32,
        value: f64,
        var: *mut Var,
    ) -> Status,
    /// Parameters made from here on are named under `name/`.
    pub enter: extern "C" fn(ctx: Ctx, name: Str) -> Status,
    /// Ends the last `enter`.
    pub leave: extern "C" fn(ctx: Ctx) -> Status,

    /// The encoder or head in a parameter, under a name.
    pub module: extern "C" fn(ctx: Ctx, name: Str, parameter: Str, module: *mut Module) -> Status,
    /// Runs a value through a module. Calls share its weights.
    pub call: extern "C" fn(ctx: Ctx, module: Module, x: Var, var: *mut Var) -> Status,
    /// Runs a value through a part of a module: `embed`, `blocks`, `norm`.
    pub call_part:
        extern "C" fn(ctx: Ctx, module: Module, part: Str, x: Var, var: *mut Var) -> Status,
    /// A slow copy of a module; the attributes are those of the operation `scalar`.
    pub ema: extern "C" fn(
        ctx: Ctx,
        module: Module,
        attrs: *const Attr,
        attr_count: u64,
        copy: *mut Module,
    ) -> Status,
    /// A number that only these modules make small, with an optimiser of its own.
    pub objective_of: extern "C" fn(
        ctx: Ctx,
        name: Str,
        x: Var,
        modules: *const Module,
        module_count: u64,
    ) -> Status,
    /// A module that later stages may start from: `from = STAGE.NAME`. The first is the default.
    pub part: extern "C" fn(ctx: Ctx, name: Str, module: Module) -> Status,
    /// Before each epoch, fills a state `[N, d]` with what `build` makes of each record's picture, in evaluation. `build` gets a
    /// `ctx` of its own, in which modules stay valid and values do not.
    pub fill: extern "C" fn(ctx: Ctx, state: Var, build: Option<Fill>, data: *mut c_void) -> Status,
    /// Before each epoch, clusters the rows of a state: `bank [N, d]` into `centres [k, d]` and
    /// `clusters [N]`, whole numbers.
    pub kmeans:
        extern "C" fn(ctx: Ctx, bank: Var, centres: Var, clusters: Var, iterations: u64) -> Status,
}

/// Makes `*output [B, d]` of `image [B, c, h, w]`.
pub type Fill = extern "C" fn(
    data: *mut c_void,
    host: *const Host,
    ctx: Ctx,
    image: Var,
    output: *mut Var,
) -> Status;

/// A picture: rows of interleaved channels, 8 bits each.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Image {
    /// `sizeof(pretext_image)`, set by the caller
    pub size: u64,
    /// By this it is emitted.
    pub id: u64,
    /// `height * width * channels` bytes, which may be changed in place.
    pub pixels: *mut u8,
    /// In pixels.
    pub height: u64,
    /// In pixels.
    pub width: u64,
    /// 1 (grey) or 3 (RGB).
    pub channels: u64,
}

/// Kinds of what flows into a transform.
pub mod sample {
    /// A picture.
    pub const IMAGE: u32 = 1;
    /// A class index.
    pub const LABEL: u32 = 2;
    /// Words.
    pub const TEXT: u32 = 3;
    /// A text in pieces of words. Since 1.3; this and the kinds below flow only into plugins that need 1.3.
    pub const TOKENS: u32 = 4;
    /// Pictures of one size in the order of time. Since 1.3.
    pub const CLIP: u32 = 5;
    /// Rectangles in a picture. Since 1.3.
    pub const BOXES: u32 = 6;
}

/// What a transform may ask of the host for one sample.
#[repr(C)]
pub struct Sampler {
    /// Of this table, in bytes.
    pub size: u64,
    /// [`MAJOR`]
    pub abi_major: u32,
    /// The host's minor.
    pub abi_minor: u32,

    /// What flows in: its kind, and how many where it is a list (0: it is none).
    pub input: extern "C" fn(ctx: Ctx, kind: *mut u32, count: *mut u64) -> Status,
    /// A picture that flows in.
    pub input_image: extern "C" fn(ctx: Ctx, index: u64, image: *mut Image) -> Status,
    /// A label that flows in.
    pub input_label: extern "C" fn(ctx: Ctx, index: u64, label: *mut u32) -> Status,
    /// Words that flow in.
    pub input_text: extern "C" fn(ctx: Ctx, index: u64, text: *mut Str) -> Status,
    /// 32 random bits of this call's own stream; 0 for a stale `ctx`.
    pub random: extern "C" fn(ctx: Ctx) -> u32,
    /// A picture with unspecified pixels.
    pub new_image: extern "C" fn(
        ctx: Ctx,
        height: u64,
        width: u64,
        channels: u64,
        image: *mut Image,
    ) -> Status,
    /// Emits a picture, once.
    pub emit_image: extern "C" fn(ctx: Ctx, id: u64) -> Status,
    /// Emits a label.
    pub emit_label: extern "C" fn(ctx: Ctx, label: u32) -> Status,
    /// What is emitted from here on is one list.
    pub open_list: extern "C" fn(ctx: Ctx) -> Status,
    /// Ends the list.
    pub close_list: extern "C" fn(ctx: Ctx) -> Status,
    /// Ends the call with the plugin's own error.
    pub fail: extern "C" fn(ctx: Ctx, message: Str, status: Status) -> Status,

    /// Emits words. Since 1.3, as is all below.
    pub emit_text: extern "C" fn(ctx: Ctx, text: Str) -> Status,
    /// The pieces of a text that flows in, by their numbers in its vocabulary; 0 is padding. Lent for the call.
    pub input_tokens:
        extern "C" fn(ctx: Ctx, index: u64, ids: *mut *const u32, count: *mut u64) -> Status,
    /// Emits a text in pieces of the vocabulary of what flowed in.
    pub emit_tokens: extern "C" fn(ctx: Ctx, ids: *const u32, count: u64) -> Status,
    /// How many pieces the vocabulary has: their numbers are below it.
    pub pieces: extern "C" fn(ctx: Ctx, count: *mut u64) -> Status,
    /// How a piece is spelt: `sea`, `##side`, `[MASK]`. [`ABSENT`] where there is none of this number.
    pub piece: extern "C" fn(ctx: Ctx, id: u32, text: *mut Str) -> Status,
    /// The number of a piece. [`ABSENT`] where none is spelt so.
    pub piece_id: extern "C" fn(ctx: Ctx, text: Str, id: *mut u32) -> Status,
    /// How many frames a clip has that flows in.
    pub input_clip: extern "C" fn(ctx: Ctx, index: u64, frames: *mut u64) -> Status,
    /// A frame of it, the first is the earliest.
    pub input_frame: extern "C" fn(ctx: Ctx, index: u64, frame: u64, image: *mut Image) -> Status,
    /// The pictures that are emitted from here on are the frames of one clip.
    pub open_clip: extern "C" fn(ctx: Ctx) -> Status,
    /// Ends the clip: its frames have one size.
    pub close_clip: extern "C" fn(ctx: Ctx) -> Status,
    /// Rectangles that flow in: left, top, right and bottom in pixels, four numbers each. Lent for the call.
    pub input_boxes:
        extern "C" fn(ctx: Ctx, index: u64, numbers: *mut *const f32, count: *mut u64) -> Status,
    /// Emits rectangles: `count` of them, four numbers each.
    pub emit_boxes: extern "C" fn(ctx: Ctx, numbers: *const f32, count: u64) -> Status,
}

impl Str {
    /// No text.
    pub const EMPTY: Str = Str {
        at: core::ptr::null(),
        len: 0,
    };

    /// Borrows a text.
    pub const fn new(text: &str) -> Self {
        Str {
            at: text.as_ptr(),
            len: text.len() as u64,
        }
    }
}
