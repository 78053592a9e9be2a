//! The table of functions that a plugin is given while planning, one file for each section of it.

mod arguments;
mod inputs;
mod lend;
mod modules;
mod nodes;
mod problems;
mod steps;

use pretext_plugin::abi::{self, Host};

use arguments::{answer, arg, arg_item, field};
use inputs::{classes, input, input_stacked, inputs, records};
use modules::{call, call_part, ema, module, part};
use nodes::{enter, leave, op, parameter, shape, whole};
use problems::{error, fail};
use steps::{fill, kmeans, objective_of};

/// The table.
pub static HOST: Host = Host {
    size: size_of::<Host>() as u64,
    abi_major: abi::MAJOR,
    abi_minor: abi::MINOR,
    arg,
    arg_item,
    field,
    answer,
    fail,
    error,
    input,
    inputs,
    input_stacked,
    classes,
    records,
    op,
    shape,
    whole,
    parameter,
    enter,
    leave,
    module,
    call,
    call_part,
    ema,
    objective_of,
    part,
    fill,
    kmeans,
};
