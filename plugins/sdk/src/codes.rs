//! Numbers of the operations.
//!
//! Written from Pretext's own table by `PRETEXT_BLESS=1 cargo test --release --test abi`.

/// Ones on the diagonal: \[n, n\].
pub const EYE: u32 = 100;
/// 0, 1, …, n - 1, whole numbers: \[n\].
pub const ARANGE: u32 = 101;
/// One number everywhere.
pub const FULL: u32 = 102;
/// A size as a number, such as the batch's: \[1\].
pub const COUNT: u32 = 103;
/// A trained tensor of the current scope; the same one when it is asked for again.
pub const PARAMETER: u32 = 110;
/// A field of the batch.
pub const INPUT: u32 = 120;
/// The elements of a field that is a list, one result each.
pub const INPUT_LIST: u32 = 121;
/// A field of the batch; the elements of a list one after the other along the batch.
pub const INPUT_STACKED: u32 = 122;
/// max(x, 0).
pub const RELU: u32 = 200;
/// x Φ(x), with the error function.
pub const GELU: u32 = 201;
/// eˣ.
pub const EXP: u32 = 202;
/// ln x.
pub const LOG: u32 = 203;
/// √x.
pub const SQRT: u32 = 204;
/// |x|.
pub const ABS: u32 = 205;
/// Hyperbolic tangent.
pub const TANH: u32 = 206;
/// 1 / (1 + e⁻ˣ).
pub const SIGMOID: u32 = 207;
/// ln (1 / (1 + e⁻ˣ)), exact for large |x|.
pub const LOG_SIGMOID: u32 = 208;
/// ln (1 + eˣ), exact for large |x|.
pub const SOFTPLUS: u32 = 209;
/// x / (1 + e⁻ˣ).
pub const SILU: u32 = 210;
/// Sine of radians.
pub const SIN: u32 = 211;
/// Cosine of radians.
pub const COS: u32 = 212;
/// -x.
pub const NEG: u32 = 213;
/// x + c.
pub const ADD_SCALAR: u32 = 220;
/// c x.
pub const MUL_SCALAR: u32 = 221;
/// xᶜ; a negative x needs a whole exponent.
pub const POW: u32 = 222;
/// x where it is positive, slope x elsewhere.
pub const LEAKY_RELU: u32 = 223;
/// x, but at least `min` and at most `max`; no gradient flows where it is cut.
pub const CLAMP: u32 = 224;
/// What is left after whole multiples of c, with c's sign.
pub const REMAINDER: u32 = 225;
/// Labels and indices as numbers.
pub const TO_FLOAT: u32 = 226;
/// Numbers as indices, cut towards zero.
pub const TO_INT: u32 = 227;
/// x, and no gradient flows back.
pub const STOP_GRADIENT: u32 = 230;
/// a + b.
pub const ADD: u32 = 300;
/// a - b.
pub const SUB: u32 = 301;
/// a b, element by element.
pub const MUL: u32 = 302;
/// a / b.
pub const DIV: u32 = 303;
/// The larger one.
pub const MAXIMUM: u32 = 304;
/// The smaller one.
pub const MINIMUM: u32 = 305;
/// 1.0 where a = b, 0.0 elsewhere.
pub const EQUAL: u32 = 310;
/// 1.0 where a ≠ b, 0.0 elsewhere.
pub const NOT_EQUAL: u32 = 311;
/// 1.0 where a \< b, 0.0 elsewhere.
pub const LESS: u32 = 312;
/// 1.0 where a ≤ b, 0.0 elsewhere.
pub const LESS_EQUAL: u32 = 313;
/// 1.0 where a \> b, 0.0 elsewhere.
pub const GREATER: u32 = 314;
/// 1.0 where a ≥ b, 0.0 elsewhere.
pub const GREATER_EQUAL: u32 = 315;
/// condition, a, b → a where the condition is not 0, b elsewhere.
pub const SELECT: u32 = 320;
/// \[.., m, k\] × \[.., k, n\] → \[.., m, n\]; leading sizes of 1 are repeated.
pub const MATMUL: u32 = 400;
/// x \[.., in\], weight \[in, out\], bias \[out\] or none → \[.., out\].
pub const LINEAR: u32 = 401;
/// x \[B, C, H, W\], weight \[out, C / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
pub const CONV2D: u32 = 402;
/// x \[B, C, H, W\], weight \[C, out / groups, k, k\], bias \[out\] or none → \[B, out, H', W'\].
pub const CONV_TRANSPOSE2D: u32 = 403;
/// q \[.., N, d\], k \[.., M, d\], v \[.., M, e\], mask \[.., N, M\] (1 where a query may look) or none → \[.., N, e\].
pub const ATTENTION: u32 = 404;
/// weight \[V, D\], index \[..\] → \[.., D\].
pub const EMBEDDING: u32 = 405;
/// x \[B, n, D\], weights \[D, 3 W\] and \[W, 3 W\], biases \[3 W\] twice, 1 for each step that counts \[B, n\] or none → states \[B, n, W\].
pub const GRU: u32 = 406;
/// eˣ / Σ eˣ along a dimension.
pub const SOFTMAX: u32 = 600;
/// x - ln Σ eˣ along a dimension.
pub const LOG_SOFTMAX: u32 = 601;
/// x / √(Σ x² + 1e-12) along a dimension.
pub const L2_NORMALIZE: u32 = 602;
/// x \[.., n\] normalised over its last dimension, times gamma \[n\], plus beta \[n\], where given.
pub const LAYER_NORM: u32 = 603;
/// x \[B, C, ..\] normalised per channel, times gamma \[C\], plus beta \[C\], where given; running statistics in evaluation.
pub const BATCH_NORM: u32 = 604;
/// x \[B, C, ..\] normalised over groups of channels of a sample, times gamma \[C\], plus beta \[C\], where given.
pub const GROUP_NORM: u32 = 605;
/// x \[B, C, ..\] normalised over the places of each channel of a sample, times gamma \[C\], plus beta \[C\], where given.
pub const INSTANCE_NORM: u32 = 606;
/// (x - mean) / √(variance + ε) over dimensions, by the batch at hand.
pub const STANDARDIZE: u32 = 607;
/// x \[B, d\] → Σ (x - mean)(x - mean)ᵀ / (B - 1), \[d, d\].
pub const COVARIANCE: u32 = 608;
/// \[n, n\] with zeros on its diagonal.
pub const OFF_DIAGONAL: u32 = 609;
/// Zeroes elements while training and scales the rest by 1 / (1 - p).
pub const DROPOUT: u32 = 610;
/// The sum along dimensions.
pub const SUM: u32 = 500;
/// The mean along dimensions.
pub const MEAN: u32 = 501;
/// The largest along dimensions; a tie's gradient goes to the first.
pub const MAX: u32 = 502;
/// The smallest along dimensions; a tie's gradient goes to the first.
pub const MIN: u32 = 503;
/// Σ (x - mean)² / (n - correction).
pub const VARIANCE: u32 = 504;
/// √(variance + ε).
pub const STD: u32 = 505;
/// (Σ |x|ᵖ)^(1/p); for p = 2 √(Σ x² + ε).
pub const NORM: u32 = 506;
/// ln Σ eˣ along dimensions.
pub const LOGSUMEXP: u32 = 507;
/// The sum of everything: \[1\].
pub const SUM_ALL: u32 = 508;
/// The mean of everything: \[1\].
pub const MEAN_ALL: u32 = 510;
/// The index of the largest along a dimension, which stays with size 1.
pub const ARGMAX: u32 = 511;
/// The index of the smallest along a dimension, which stays with size 1.
pub const ARGMIN: u32 = 512;
/// The same elements in other sizes.
pub const RESHAPE: u32 = 700;
/// \[B, …\] → \[B, n\].
pub const FLATTEN: u32 = 701;
/// A new order of dimensions.
pub const PERMUTE: u32 = 702;
/// Two dimensions exchanged.
pub const TRANSPOSE: u32 = 703;
/// Sizes of 1 repeated.
pub const EXPAND: u32 = 704;
/// One after the other along a dimension.
pub const CONCAT: u32 = 705;
/// `start .. start + size` along a dimension, every `step`-th.
pub const SLICE: u32 = 706;
/// A dimension of size 1 more.
pub const UNSQUEEZE: u32 = 707;
/// Without a dimension of size 1.
pub const SQUEEZE: u32 = 708;
/// Tensors of one shape along a dimension of their own.
pub const STACK: u32 = 709;
/// Pieces along a dimension, one result each.
pub const SPLIT: u32 = 710;
/// The whole again and again along a dimension.
pub const REPEAT: u32 = 711;
/// Backwards along dimensions.
pub const FLIP: u32 = 712;
/// Everything moved along a dimension; what leaves comes in at the other end.
pub const ROLL: u32 = 713;
/// Quarter turns against the clock of the last two dimensions.
pub const ROTATE: u32 = 714;
/// More elements before and after along dimensions.
pub const PAD: u32 = 715;
/// x's elements at the index along a dimension; the index has x's sizes elsewhere.
pub const GATHER: u32 = 800;
/// x, index, values → x with the values added at the index along a dimension.
pub const SCATTER_ADD: u32 = 801;
/// x's slices at the index along a dimension, whose place the index's sizes take.
pub const TAKE: u32 = 802;
/// Each sample's own rows: x \[B, N, ..\], index \[B, K\] → \[B, K, ..\].
pub const GATHER_ROWS: u32 = 803;
/// 1.0 at the index, 0.0 elsewhere: index \[..\] → \[.., n\].
pub const ONE_HOT: u32 = 804;
/// The indices that sort along a dimension; equal elements keep their order.
pub const ARGSORT: u32 = 810;
/// Sorted along a dimension, and the indices: two results.
pub const SORT: u32 = 811;
/// The k largest along a dimension, largest first, and their indices: two results.
pub const TOPK: u32 = 812;
/// The largest of each window of \[B, C, H, W\].
pub const MAX_POOL: u32 = 900;
/// The mean of each window of \[B, C, H, W\], padding counted.
pub const AVG_POOL: u32 = 901;
/// The mean over the places of a map: \[B, C, H, W\] → \[B, C\].
pub const GLOBAL_AVG_POOL: u32 = 902;
/// \[B, C, H, W\] in height × width cells, each the mean of the pixels that it touches.
pub const ADAPTIVE_AVG_POOL: u32 = 903;
/// \[B, C, H, W\] at another height and width, pixel centres as in PyTorch with align\_corners = False.
pub const INTERPOLATE: u32 = 904;
/// \[B, C, H, W\] → \[B, H/p · W/p, p · p · C\], the channel last.
pub const PATCHIFY: u32 = 910;
/// \[B, rows · w, p · p · C\] → \[B, C, rows · p, w · p\].
pub const UNPATCHIFY: u32 = 911;
/// The mean of -log softmax(logits)\[target\]: logits \[R, C\], targets \[R\] or soft ones \[R, C\], weights \[R\] or none.
pub const CROSS_ENTROPY: u32 = 1000;
/// The fraction of rows whose largest score is the target's: logits \[R, C\], targets \[R\].
pub const ACCURACY: u32 = 1001;
/// The mean of -t ln σ(x) - (1 - t) ln (1 - σ(x)): logits x, targets t in 0..1, weights or none.
pub const BCE: u32 = 1002;
/// The mean of (a - b)²; weights or none.
pub const MSE: u32 = 1003;
/// The mean of |a - b|; weights or none.
pub const L1: u32 = 1004;
/// The mean of d² / 2β where |d| \< β and |d| - β/2 elsewhere, d = a - b; weights or none.
pub const SMOOTH_L1: u32 = 1005;
/// x, weights → Σ w x / Σ w, 0 where all weights are 0.
pub const WEIGHTED_MEAN: u32 = 1006;
/// cos(a, b) along the last dimension, which goes: \[.., n\] twice → \[..\].
pub const COSINE_SIMILARITY: u32 = 1010;
/// The mean of 1 - cos(a, b) over rows.
pub const COSINE_LOSS: u32 = 1011;
/// Σ (aᵢ - bⱼ)² of all pairs: a \[R, n\], b \[S, n\] → \[R, S\].
pub const PAIRWISE_DISTANCE: u32 = 1012;
/// How far apart rows are: \[.., n\] twice → \[..\].
pub const DISTANCE: u32 = 1013;
/// z \[2 R, d\], rows i and i + R of one sample → NT-Xent and how often the other view is nearest: two results.
pub const NT_XENT: u32 = 1020;
/// queries \[R, d\], positives \[R, d\], negatives \[K, d\] or none → InfoNCE and how often the positive is nearest: two results.
pub const INFO_NCE: u32 = 1021;
/// The mean of max(0, d(anchor, positive) - d(anchor, negative) + margin), each \[R, n\].
pub const TRIPLET: u32 = 1022;
/// scores \[R, K\] → assignments \[R, K\] that use every column equally often; rows sum to 1, no gradient.
pub const SINKHORN: u32 = 1030;
/// rows of words x and y \[B, n, d\], of noise z \[B, m, d\], ids \[B, n\] (0: no word) and \[B, m\], reaches \[B, n\] → each text's loss and pairs \[B, 2\].
pub const NEGATIVE_SAMPLING: u32 = 1040;
/// A number that changes with the step, the same for the whole batch: \[1\].
pub const SCALAR: u32 = 1100;
/// The value; its gradient flows only while the scalar that the attributes describe is above 0: \[..\] → \[..\].
pub const WHEN: u32 = 1101;
/// Uniform numbers in 0..1, another draw in each batch.
pub const RANDOM_UNIFORM: u32 = 1102;
/// Standard normal numbers, another draw in each batch.
pub const RANDOM_NORMAL: u32 = 1103;
/// 0..n in a random order, another one in each batch: \[n\] whole numbers.
pub const RANDOM_ORDER: u32 = 1104;
/// Where each sample of the batch stands in the split: \[B\] whole numbers.
pub const INDEX: u32 = 1105;
/// A tensor that lives between steps, as it was when the batch began.
pub const STATE: u32 = 1110;
/// What a state is from the next batch on: \[state, value\] → nothing.
pub const ASSIGN: u32 = 1111;
/// Rows of a state from the next batch on: \[state, index \[R\], rows \[R, ..\]\] → nothing.
pub const ASSIGN_ROWS: u32 = 1112;
/// A number to be made small: \[1\] → nothing.
pub const OBJECTIVE: u32 = 1120;
/// A number to be watched: \[1\] → nothing.
pub const METRIC: u32 = 1121;
/// Names a value so that probes can read it: \[..\] → \[..\].
pub const PLACE: u32 = 1122;
/// Pictures that are shown side by side after training, a row for each record: \[B, C, H, W\] each → nothing. Or texts by ids of their words, \[B, n\]: one, or a text, what was hidden and what was filled in.
pub const EXHIBIT: u32 = 1123;
