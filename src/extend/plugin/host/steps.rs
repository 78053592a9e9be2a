//! What a step makes small, and the work before each epoch.

use std::ffi::c_void;

use pretext_plugin::abi::{self, Ctx, Status, Str};

use super::super::read::values;
use super::super::session::{Session, serve};
use super::HOST;
use crate::catalog::{Problem, Result};
use crate::graph::Module;
use crate::language::codes::Code;

pub extern "C" fn objective_of(
    ctx: Ctx,
    name: Str,
    x: abi::Var,
    modules: *const abi::Module,
    module_count: u64,
) -> Status {
    serve(ctx, |s| {
        let (name, x) = (s.text(name)?, s.var(x)?);
        // SAFETY: the ABI: `module_count` handles
        let handles = unsafe { values(modules, module_count) }.map_err(|why| s.misused(why))?;
        let modules: Vec<Module> = handles
            .iter()
            .map(|handle| s.module(*handle))
            .collect::<Result<_>>()?;
        let modules: Vec<&Module> = modules.iter().collect();
        s.graph()?.objective_of(name, x, &modules)?;
        Ok(abi::OK)
    })
}

pub extern "C" fn fill(
    ctx: Ctx,
    state: abi::Var,
    build: Option<abi::Fill>,
    data: *mut c_void,
) -> Status {
    // the plugin is called in between: nothing of the call may be held meanwhile
    let mut begun = None;
    let status = serve(ctx, |s| {
        let state = s.state(state)?;
        let Some(build) = build else {
            return Err(s.misused("the function that fills a state is null".into()));
        };
        begun = Some((state, build, Session::inside(s), s.take_graph()?));
        Ok(abi::OK)
    });
    let Some((state, build, inside, mut graph)) = begun else {
        return status;
    };
    let filled = graph.fill(state, |graph, image| {
        let mut output = 0;
        let mut made = None;
        inside.run("fill", Some(graph), |ctx| {
            let mut image_handle = 0;
            serve(ctx, |s| {
                image_handle = s.handle(image);
                Ok(abi::OK)
            });
            let status = build(data, &HOST, ctx, image_handle, &mut output);
            if status == abi::OK {
                serve(ctx, |s| {
                    made = Some(s.var(output)?);
                    Ok(abi::OK)
                });
            }
            status
        })?;
        made.ok_or_else(|| Problem::new(Code::Plugin, "what fills a state gave no value"))
    });
    serve(ctx, |s| {
        s.put_graph(graph);
        filled.map(|()| abi::OK)
    })
}

pub extern "C" fn kmeans(
    ctx: Ctx,
    bank: abi::Var,
    centres: abi::Var,
    clusters: abi::Var,
    iterations: u64,
) -> Status {
    serve(ctx, |s| {
        let (bank, centres) = (s.state(bank)?, s.state(centres)?);
        let clusters = s.state(clusters)?;
        let iterations = iterations.min(10_000) as usize;
        s.graph()?.kmeans(bank, centres, clusters, iterations)?;
        Ok(abi::OK)
    })
}
