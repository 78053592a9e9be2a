//! What a script may use up.

use std::time::Duration;

/// Largest script, in bytes.
pub const MAX_BYTES: usize = 1 << 16;
/// Steps of the interpreter in one call of a script.
pub const MAX_OPERATIONS: u64 = 200_000;
/// Time of one call of a script, and of all that it says about itself: twice what the slowest loop of `MAX_OPERATIONS` steps takes
/// on a slow machine, so that a count decides wherever it can.
pub const MAX_TIME: Duration = Duration::from_millis(80);
/// Functions inside one another.
pub const MAX_CALLS: usize = 48;
/// Expressions inside one another.
pub const MAX_DEPTH: usize = 64;
/// Bytes of a string.
pub const MAX_STRING: usize = 8192;
/// Elements of an array, those of arrays in it included: room for 1000 orders of nine tiles.
pub const MAX_ARRAY: usize = 10_240;
/// Properties of a map, those of maps in it included.
pub const MAX_MAP: usize = 1024;
/// Variables at one time.
pub const MAX_VARIABLES: usize = 256;
/// Functions of a script.
pub const MAX_FUNCTIONS: usize = 256;
