//! Nodes: operations, parameters, the scopes they are named in, what is known of a value.

use pretext_plugin::abi::{self, Ctx, Size as AbiSize, Status, Str, init};

use super::super::read::values;
use super::super::session::{Session, serve};
use super::lend::size_out;
use crate::catalog::{Problem, Result};
use crate::graph::{DType, Graph, Init, Var, operation_by_code};
use crate::language::codes::Code;

#[allow(clippy::too_many_arguments)]
pub extern "C" fn op(
    ctx: Ctx,
    code: u32,
    operands: *const abi::Var,
    operand_count: u64,
    attrs: *const abi::Attr,
    attr_count: u64,
    results: *mut abi::Var,
    capacity: u64,
    count: *mut u64,
) -> Status {
    let mut unknown = false;
    let status = serve(ctx, |s| {
        let Some(op) = operation_by_code(code) else {
            unknown = true;
            return Err(Problem::new(
                Code::Plugin,
                format!(
                    "{} needs operation {code}, which is not in this build",
                    s.plugin
                ),
            )
            .note(format!("this build has ABI {}.{}", abi::MAJOR, abi::MINOR))
            .help("use a newer Pretext"));
        };
        // SAFETY: the ABI: `operand_count` handles
        let handles = unsafe { values(operands, operand_count) }.map_err(|why| s.misused(why))?;
        let operands: Vec<Var> = handles
            .iter()
            .map(|handle| s.var(*handle))
            .collect::<Result<_>>()?;
        if op.since > (abi::MAJOR as u16, s.minor as u16) {
            let (major, minor) = op.since;
            return Err(s.misused(format!(
                "operation {} needs ABI {major}.{minor}, and the plugin says that {major}.{} will do",
                op.name, s.minor
            )));
        }
        let attrs = s.attrs(attrs, attr_count)?;
        let made = s.graph()?.apply(op, &operands, &attrs)?;
        let handles: Vec<abi::Var> = made.iter().map(|var| s.handle(*var)).collect();
        match s.give_list(&handles, results, capacity, count)? {
            // the nodes are there: asking again would make them twice
            abi::TOO_SMALL => Err(s.misused(format!(
                "there is no room for {} results of {}",
                made.len(),
                op.name
            ))),
            status => Ok(status),
        }
    });
    if unknown { abi::UNKNOWN_OP } else { status }
}

pub extern "C" fn shape(
    ctx: Ctx,
    var: abi::Var,
    sizes: *mut AbiSize,
    capacity: u64,
    rank: *mut u64,
) -> Status {
    serve(ctx, |s| {
        let var = s.var(var)?;
        let shape = s.graph()?.shape(var).clone();
        let shape: Vec<AbiSize> = shape
            .iter()
            .map(size_out)
            .collect::<Result<_, _>>()
            .map_err(|why| s.misused(why))?;
        s.give_list(&shape, sizes, capacity, rank)
    })
}

pub extern "C" fn whole(ctx: Ctx, var: abi::Var, whole: *mut u32) -> Status {
    serve(ctx, |s| {
        let var = s.var(var)?;
        let is = s.graph()?.node(var).dtype == DType::Int;
        s.give(whole, u32::from(is)).map(|()| abi::OK)
    })
}

pub extern "C" fn parameter(
    ctx: Ctx,
    name: Str,
    sizes: *const u64,
    rank: u64,
    start: u32,
    value: f64,
    var: *mut abi::Var,
) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        // SAFETY: the ABI: `rank` sizes
        let sizes = unsafe { values(sizes, rank) }.map_err(|why| s.misused(why))?;
        let value = value as f32;
        let init = match start {
            init::CONSTANT => Init::Constant(value),
            init::UNIFORM => Init::Uniform(value),
            init::NORMAL => Init::Normal(value),
            init::TRUNCATED_NORMAL => Init::TruncatedNormal(value),
            other => return Err(s.misused(format!("a parameter can't start in way {other}"))),
        };
        if let Some(fault) = init.fault() {
            return Err(s.misused(format!("parameter `{name}`: {fault}")));
        }
        let elements = sizes.iter().try_fold(1u64, |n, size| n.checked_mul(*size));
        if name.is_empty() || sizes.is_empty() || elements.is_none_or(|n| n == 0 || n > 1 << 40) {
            return Err(s.misused(format!("a parameter `{name}` of {sizes:?} can't be")));
        }
        let sizes: Vec<usize> = sizes.iter().map(|n| *n as usize).collect();
        let made = in_scope(s, |g| Ok(g.parameter(name, &sizes, init)))?;
        s.give_var(var, made)
    })
}

/// Runs `inside` under the scopes that the plugin has entered.
pub fn in_scope<T>(s: &mut Session, inside: impl FnOnce(&mut Graph) -> Result<T>) -> Result<T> {
    let scope = s.scopes.join("/");
    let graph = s.graph()?;
    match scope.is_empty() {
        true => inside(graph),
        false => graph.scoped(&scope, inside),
    }
}

pub extern "C" fn enter(ctx: Ctx, name: Str) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        if name.is_empty() || s.scopes.len() >= 64 {
            return Err(s.misused(format!("the scope `{name}` can't be entered")));
        }
        s.scopes.push(name.to_owned());
        Ok(abi::OK)
    })
}

pub extern "C" fn leave(ctx: Ctx) -> Status {
    serve(ctx, |s| match s.scopes.pop() {
        Some(_) => Ok(abi::OK),
        None => Err(s.misused("it leaves a scope that it never entered".into())),
    })
}
