//! The plugin ABI: its header and SDK in step with the host, everything that can be wrong with a plugin, the examples, a
//! newcomer's way. Needs a C compiler and cargo, as a plugin's author does.

mod generate;

mod every_type;
mod examples;
mod faults;
mod in_step;
mod newcomer;
mod older;
mod panics;
mod support;
#[cfg(unix)]
mod worker;
