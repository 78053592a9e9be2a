//! What a plugin says has failed, and what has.

use pretext_plugin::abi::{self, Ctx, Status, Str};

use super::super::session::{first_problem, serve};
use crate::catalog::Problem;
use crate::language::codes::Code;

pub extern "C" fn fail(ctx: Ctx, message: Str, help: Str, status: Status) -> Status {
    serve(ctx, |s| {
        let (message, help) = (s.text(message)?, s.text(help)?);
        let problem = if status == abi::PANICKED {
            Problem::new(Code::Plugin, format!("{} panicked: {message}", s.plugin))
                .help("this is a mistake in the plugin: tell its author")
        } else {
            Problem::new(Code::Plugin, message)
        };
        Err(match help {
            "" => problem,
            help => problem.help(help),
        })
    });
    if status == abi::OK {
        abi::FAILED
    } else {
        status
    }
}

pub extern "C" fn error(ctx: Ctx, message: *mut Str) -> Status {
    first_problem(ctx, |text| {
        if !message.is_null() && message.is_aligned() {
            // SAFETY: the ABI: it leads to room for one string
            unsafe { message.write(text) };
        }
    })
}
