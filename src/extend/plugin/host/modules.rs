//! Encoders and heads: calls, slow copies, parts that later stages start from.

use pretext_plugin::abi::{self, Ctx, Status, Str};

use super::super::session::serve;
use super::nodes::in_scope;
use crate::catalog::{At, Problem, Value};
use crate::graph::Module;
use crate::graph::vocabulary::scalar;
use crate::language::codes::Code;

pub extern "C" fn module(ctx: Ctx, name: Str, parameter: Str, module: *mut abi::Module) -> Status {
    serve(ctx, |s| {
        let (name, parameter) = (s.text(name)?, s.text(parameter)?);
        let found = match s.args.values.get(parameter).map(|argument| &argument.value) {
            Some(Value::Net(net)) => Module::new(name, net),
            _ => {
                return Err(Problem::new(
                    Code::Plugin,
                    format!(
                        "{}: parameter `{parameter}` holds no encoder and no head",
                        s.plugin
                    ),
                )
                .at(At::Call));
            }
        };
        if name.is_empty() {
            return Err(s.misused("a module needs a name".into()));
        }
        let handle = s.add_module(found);
        s.give(module, handle).map(|()| abi::OK)
    })
}

pub extern "C" fn call(ctx: Ctx, module: abi::Module, x: abi::Var, var: *mut abi::Var) -> Status {
    serve(ctx, |s| {
        let (module, x) = (s.module(module)?, s.var(x)?);
        let made = in_scope(s, |g| g.call(&module, x))?;
        s.give_var(var, made)
    })
}

pub extern "C" fn call_part(
    ctx: Ctx,
    module: abi::Module,
    part: Str,
    x: abi::Var,
    var: *mut abi::Var,
) -> Status {
    serve(ctx, |s| {
        let (module, x, part) = (s.module(module)?, s.var(x)?, s.text(part)?);
        let made = in_scope(s, |g| g.call_part(&module, part, x))?;
        s.give_var(var, made)
    })
}

pub extern "C" fn ema(
    ctx: Ctx,
    module: abi::Module,
    attrs: *const abi::Attr,
    attr_count: u64,
    copy: *mut abi::Module,
) -> Status {
    serve(ctx, |s| {
        let module = s.module(module)?;
        let momentum = scalar(&s.attrs(attrs, attr_count)?)?;
        let made = s.graph()?.ema(&module, momentum)?;
        let handle = s.add_module(made);
        s.give(copy, handle).map(|()| abi::OK)
    })
}

pub extern "C" fn part(ctx: Ctx, name: Str, module: abi::Module) -> Status {
    serve(ctx, |s| {
        let (name, module) = (s.text(name)?, s.module(module)?);
        s.graph()?.part(name, &module);
        Ok(abi::OK)
    })
}
