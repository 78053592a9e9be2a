//! What a task reads from the batch.

use pretext_plugin::abi::{self, Ctx, Status, Str};

use super::super::session::serve;

pub extern "C" fn input(ctx: Ctx, name: Str, var: *mut abi::Var) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = s.graph()?.input(name)?;
        s.give_var(var, found)
    })
}

pub extern "C" fn inputs(
    ctx: Ctx,
    name: Str,
    vars: *mut abi::Var,
    capacity: u64,
    count: *mut u64,
) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = s.graph()?.input_list(name)?;
        let handles: Vec<abi::Var> = found.iter().map(|var| s.handle(*var)).collect();
        s.give_list(&handles, vars, capacity, count)
    })
}

pub extern "C" fn input_stacked(ctx: Ctx, name: Str, var: *mut abi::Var) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = s.graph()?.input_stacked(name)?;
        s.give_var(var, found)
    })
}

pub extern "C" fn classes(ctx: Ctx, name: Str, classes: *mut u64) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        match s.graph()?.classes(name) {
            None => Ok(abi::ABSENT),
            Some(n) => s.give(classes, n as u64).map(|()| abi::OK),
        }
    })
}

pub extern "C" fn records(ctx: Ctx, records: *mut u64) -> Status {
    serve(ctx, |s| {
        let n = s.graph()?.records()?;
        s.give(records, n as u64).map(|()| abi::OK)
    })
}
