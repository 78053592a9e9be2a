//! The table of functions that a plugin is given while planning.

use std::ffi::c_void;

use pretext_plugin::abi::{self, Ctx, Host, Size as AbiSize, Status, Str, attr, init, value};

use super::read::{list, text, values};
use super::session::{Session, first_problem, serve};
use crate::catalog::{At, Duration, Problem, Result, Value};
use crate::graph::vocabulary::scalar;
use crate::graph::{Attr, Attrs, DType, Init, Module, Op, Size, StateId, Var, operation_by_code};
use crate::language::canonical;
use crate::language::codes::Code;

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

/// A size of the ABI as one of the graph.
fn size_in(size: &AbiSize) -> Result<Size, String> {
    const LIMIT: i64 = 1 << 40;
    let far = size.terms.iter().any(|term| term.abs() > LIMIT);
    let size = Size::polynomial(&size.terms);
    // a plugin may subtract: `B - 1` is a size, `-1` is none
    if far || (size.at(1) == 0 && size.at(1 << 10) == 0 && size != Size::fixed(0)) {
        return Err(format!("{size} is no size"));
    }
    Ok(size)
}

/// A size of the graph as one of the ABI.
fn size_out(size: &Size) -> Result<AbiSize, String> {
    let given = size.coefficients();
    let mut terms = [0; 4];
    let Some(room) = terms.get_mut(..given.len()) else {
        return Err(format!("{size} has too high a power of the batch"));
    };
    room.copy_from_slice(given);
    Ok(AbiSize { terms })
}

impl Session {
    /// A text of the plugin.
    fn text<'a>(&self, from: Str) -> Result<&'a str> {
        // SAFETY: the ABI: a string is `len` bytes, lent for the call
        unsafe { text(from) }.map_err(|why| self.misused(why))
    }

    /// Gives a value to the plugin.
    fn give<T>(&self, to: *mut T, value: T) -> Result<()> {
        if to.is_null() || !to.is_aligned() {
            return Err(self.misused("the place for a result is null".into()));
        }
        // SAFETY: the ABI: it leads to room for one value
        unsafe { to.write(value) };
        Ok(())
    }

    /// Gives a node to the plugin.
    fn give_var(&self, to: *mut abi::Var, var: Var) -> Result<Status> {
        self.give(to, self.handle(var))?;
        Ok(abi::OK)
    }

    /// Gives several to the plugin, and their number. Nothing but the number where there is no room.
    fn give_list<T: Copy>(
        &self,
        list: &[T],
        to: *mut T,
        capacity: u64,
        count: *mut u64,
    ) -> Result<Status> {
        self.give(count, list.len() as u64)?;
        if list.len() as u64 > capacity {
            return Ok(abi::TOO_SMALL);
        }
        for (i, value) in list.iter().enumerate() {
            // within the capacity that the plugin claims for `to`
            self.give(to.wrapping_add(i), *value)?;
        }
        Ok(abi::OK)
    }

    /// Attributes of a call.
    fn attrs(&self, at: *const abi::Attr, count: u64) -> Result<Attrs> {
        // SAFETY: the ABI: `count` attributes, the first one's size apart
        let given = unsafe { list(at, count) }.map_err(|why| self.misused(why))?;
        let mut attrs = Attrs::new();
        for one in &given {
            let name = self.text(one.name)?;
            // SAFETY: the ABI: `count` values of the kind that `kind` says
            let value = unsafe { attribute(one) }
                .map_err(|why| self.misused(format!("attribute `{name}`: {why}")))?;
            attrs.set(name, value);
        }
        Ok(attrs)
    }

    /// The state that a value reads.
    fn state(&mut self, handle: abi::Var) -> Result<StateId> {
        let var = self.var(handle)?;
        match self.graph()?.node(var).op {
            Op::Read(id) => Ok(id),
            _ => Err(self.misused("what should be a state is another value".into())),
        }
    }

    fn answer_value(&mut self, found: Option<Value>, to: *mut abi::Value) -> Result<Status> {
        let Some(found) = found else {
            return Ok(abi::ABSENT);
        };
        let value = self.lend_value(&found);
        if to.is_null() || !to.is_aligned() {
            return Err(self.misused("the place for a value is null".into()));
        }
        // SAFETY: the ABI: a `pretext_value` begins with its size
        let room = unsafe { to.cast::<u64>().read() };
        if room < size_of::<abi::Value>() as u64 {
            let message = format!("a pretext_value of {room} bytes is too short");
            return Err(self.misused(message));
        }
        self.give(
            to,
            abi::Value {
                size: room,
                ..value
            },
        )?;
        Ok(abi::OK)
    }

    fn lend_value(&mut self, from: &Value) -> abi::Value {
        let mut to = abi::Value {
            size: 0,
            kind: value::OTHER,
            reserved: 0,
            integer: 0,
            number: 0.0,
            high: 0.0,
            text: Str::EMPTY,
        };
        (to.kind, to.number) = match from {
            Value::Number(x) => (value::NUMBER, *x),
            Value::Integer(n) => {
                to.integer = *n;
                (value::INTEGER, *n as f64)
            }
            Value::Ratio(x) => (value::RATIO, *x),
            Value::Length(x) => (value::LENGTH, *x),
            Value::Duration(Duration::Epochs(n)) => (value::EPOCHS, *n),
            Value::Duration(Duration::Steps(n)) => {
                to.integer = *n as i64;
                (value::STEPS, *n as f64)
            }
            Value::Range(low, high) => {
                to.high = *high;
                (value::RANGE, *low)
            }
            Value::Text(text) => {
                to.text = self.lend(text.as_str());
                (value::TEXT, 0.0)
            }
            Value::Word(word) | Value::Place(word) => {
                to.text = self.lend(word.as_str());
                (value::WORD, 0.0)
            }
            Value::List(list) => {
                to.integer = list.len() as i64;
                (value::LIST, 0.0)
            }
            Value::Net(_) => (value::NET, 0.0),
            other => {
                to.text = self.lend(canonical(other));
                (value::OTHER, 0.0)
            }
        };
        to
    }
}

/// # Safety
/// Its pointers lead to `count` values.
unsafe fn attribute(from: &abi::Attr) -> Result<Attr, String> {
    // SAFETY: the caller's
    let sizes = || unsafe { values(from.sizes, from.count) };
    Ok(match from.kind {
        attr::INT => Attr::Int(from.integer),
        attr::FLOAT => Attr::Float(from.number),
        // SAFETY: the caller's
        attr::INTS => Attr::Ints(unsafe { values(from.ints, from.count) }?.to_vec()),
        attr::SIZE => match sizes()? {
            [one] => Attr::Size(size_in(one)?),
            _ => return Err("it is one size".into()),
        },
        attr::SIZES => Attr::Sizes(sizes()?.iter().map(size_in).collect::<Result<_, _>>()?),
        // SAFETY: the caller's
        attr::TEXT => Attr::Text(unsafe { text(from.text) }?.to_owned()),
        attr::SWITCH => Attr::Switch(from.integer != 0),
        other => return Err(format!("there is no kind {other}")),
    })
}

extern "C" fn arg(ctx: Ctx, name: Str, to: *mut abi::Value) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = s
            .args
            .values
            .get(name)
            .map(|argument| argument.value.clone());
        s.answer_value(found, to)
    })
}

extern "C" fn arg_item(ctx: Ctx, name: Str, index: u64, to: *mut abi::Value) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = match s.args.values.get(name).map(|argument| &argument.value) {
            Some(Value::List(list)) => list.get(index as usize).cloned(),
            _ => None,
        };
        s.answer_value(found, to)
    })
}

extern "C" fn field(ctx: Ctx, index: u64, name: *mut Str, ty: *mut Str) -> Status {
    serve(ctx, |s| {
        let Some((own, own_ty)) = s.fields.get(index as usize).cloned() else {
            return Ok(abi::ABSENT);
        };
        let (own, own_ty) = (s.lend(own), s.lend(own_ty));
        s.give(name, own)?;
        s.give(ty, own_ty)?;
        Ok(abi::OK)
    })
}

extern "C" fn answer(ctx: Ctx, answer: Str) -> Status {
    serve(ctx, |s| {
        let answer = s.text(answer)?;
        if s.answers.len() >= 64 {
            return Err(s.misused("it answers more than 64 times".into()));
        }
        s.answers.push(answer.to_owned());
        Ok(abi::OK)
    })
}

extern "C" fn fail(ctx: Ctx, message: Str, help: Str, status: Status) -> Status {
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

extern "C" fn error(ctx: Ctx, message: *mut Str) -> Status {
    first_problem(ctx, |text| {
        if !message.is_null() && message.is_aligned() {
            // SAFETY: the ABI: it leads to room for one string
            unsafe { message.write(text) };
        }
    })
}

extern "C" fn input(ctx: Ctx, name: Str, var: *mut abi::Var) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = s.graph()?.input(name)?;
        s.give_var(var, found)
    })
}

extern "C" fn inputs(
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

extern "C" fn input_stacked(ctx: Ctx, name: Str, var: *mut abi::Var) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        let found = s.graph()?.input_stacked(name)?;
        s.give_var(var, found)
    })
}

extern "C" fn classes(ctx: Ctx, name: Str, classes: *mut u64) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        match s.graph()?.classes(name) {
            None => Ok(abi::ABSENT),
            Some(n) => s.give(classes, n as u64).map(|()| abi::OK),
        }
    })
}

extern "C" fn records(ctx: Ctx, records: *mut u64) -> Status {
    serve(ctx, |s| {
        let n = s.graph()?.records()?;
        s.give(records, n as u64).map(|()| abi::OK)
    })
}

#[allow(clippy::too_many_arguments)]
extern "C" fn op(
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

extern "C" fn shape(
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

extern "C" fn whole(ctx: Ctx, var: abi::Var, whole: *mut u32) -> Status {
    serve(ctx, |s| {
        let var = s.var(var)?;
        let is = s.graph()?.node(var).dtype == DType::Int;
        s.give(whole, u32::from(is)).map(|()| abi::OK)
    })
}

extern "C" fn parameter(
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
fn in_scope<T>(
    s: &mut Session,
    inside: impl FnOnce(&mut crate::graph::Graph) -> Result<T>,
) -> Result<T> {
    let scope = s.scopes.join("/");
    let graph = s.graph()?;
    match scope.is_empty() {
        true => inside(graph),
        false => graph.scoped(&scope, inside),
    }
}

extern "C" fn enter(ctx: Ctx, name: Str) -> Status {
    serve(ctx, |s| {
        let name = s.text(name)?;
        if name.is_empty() || s.scopes.len() >= 64 {
            return Err(s.misused(format!("the scope `{name}` can't be entered")));
        }
        s.scopes.push(name.to_owned());
        Ok(abi::OK)
    })
}

extern "C" fn leave(ctx: Ctx) -> Status {
    serve(ctx, |s| match s.scopes.pop() {
        Some(_) => Ok(abi::OK),
        None => Err(s.misused("it leaves a scope that it never entered".into())),
    })
}

extern "C" fn module(ctx: Ctx, name: Str, parameter: Str, module: *mut abi::Module) -> Status {
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

extern "C" fn call(ctx: Ctx, module: abi::Module, x: abi::Var, var: *mut abi::Var) -> Status {
    serve(ctx, |s| {
        let (module, x) = (s.module(module)?, s.var(x)?);
        let made = in_scope(s, |g| g.call(&module, x))?;
        s.give_var(var, made)
    })
}

extern "C" fn call_part(
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

extern "C" fn ema(
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

extern "C" fn objective_of(
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

extern "C" fn part(ctx: Ctx, name: Str, module: abi::Module) -> Status {
    serve(ctx, |s| {
        let (name, module) = (s.text(name)?, s.module(module)?);
        s.graph()?.part(name, &module);
        Ok(abi::OK)
    })
}

extern "C" fn fill(
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

extern "C" fn kmeans(
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
