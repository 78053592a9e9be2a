//! The training graph that a task builds: inputs, modules, operations, what is made small.

use std::ffi::c_void;
use std::marker::PhantomData;

use crate::abi::{self, Attr, Ctx, Host, Str, attr};
use crate::args::{Args, Duration, Net};
use crate::codes;
use crate::guard::guarded;
use crate::problem::{Problem, Result, checked};
use crate::size::Size;

/// A value in a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Var(pub(crate) abi::Var);

impl Var {
    /// What a call that failed gives where it has no result: using it is an error.
    pub const NONE: Var = Var(0);
}

/// What lives between steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateId(pub(crate) abi::Var);

/// An encoder or a head under the name that its parameters carry.
#[derive(Clone, Debug)]
pub struct Module {
    name: String,
    from: From,
}

#[derive(Clone, Debug)]
enum From {
    Parameter(String),
    Handle(abi::Module),
}

impl Module {
    /// The encoder or head that an argument holds.
    pub fn new(name: &str, net: Net) -> Self {
        Self {
            name: name.to_owned(),
            from: From::Parameter(net.parameter),
        }
    }
}

/// How a parameter or a state starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All one value.
    Constant(f32),
    /// Uniform in ±bound.
    Uniform(f32),
    /// Normal with this standard deviation.
    Normal(f32),
    /// Normal with this standard deviation, redrawn outside ±2; parameters only.
    TruncatedNormal(f32),
    /// Normal, then each row scaled to length 1; states only.
    UnitRows,
}

/// Element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// Numbers.
    F32,
    /// Whole numbers.
    Int,
}

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// A fraction of the whole run.
    Fraction(f64),
    /// Passes over the data.
    Epochs(f64),
    /// Optimiser steps.
    Steps(u64),
}

impl std::convert::From<Duration> for Moment {
    fn from(duration: Duration) -> Self {
        match duration {
            Duration::Epochs(epochs) => Moment::Epochs(epochs),
            Duration::Steps(steps) => Moment::Steps(steps),
        }
    }
}

/// How a [`Scalar::Ramp`] goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// A line.
    Linear,
    /// Half a cosine.
    Cosine,
}

/// A number that changes with the step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Always the same.
    Constant(f64),
    /// `from` at the first step, `to` from `end` on.
    Ramp {
        /// First value.
        from: f64,
        /// Last value.
        to: f64,
        /// The way between.
        curve: Curve,
        /// When it is there.
        end: Moment,
    },
    /// 0 before, 1 from this moment on.
    After(Moment),
}

impl Scalar {
    /// From `from` to `to` in half a cosine over the run.
    pub fn cosine(from: f64, to: f64) -> Self {
        Scalar::Ramp {
            from,
            to,
            curve: Curve::Cosine,
            end: Moment::Fraction(1.0),
        }
    }

    /// From `from` to `to` in a line until `end`.
    pub fn linear(from: f64, to: f64, end: Moment) -> Self {
        Scalar::Ramp {
            from,
            to,
            curve: Curve::Linear,
            end,
        }
    }

    fn attrs(self) -> Vec<Attr> {
        let end = |moment: Moment| {
            let (unit, end) = match moment {
                Moment::Fraction(part) => ("run", part),
                Moment::Epochs(epochs) => ("epochs", epochs),
                Moment::Steps(steps) => ("steps", steps as f64),
            };
            vec![text("unit", unit), float("end", end)]
        };
        match self {
            Scalar::Constant(value) => vec![float("from", value)],
            Scalar::After(moment) => [vec![text("curve", "step")], end(moment)].concat(),
            Scalar::Ramp {
                from,
                to,
                curve,
                end: moment,
            } => {
                let curve = match curve {
                    Curve::Linear => "linear",
                    Curve::Cosine => "cosine",
                };
                let ends = vec![float("from", from), float("to", to), text("curve", curve)];
                [ends, end(moment)].concat()
            }
        }
    }
}

impl std::convert::From<f64> for Scalar {
    fn from(value: f64) -> Self {
        Scalar::Constant(value)
    }
}

/// The graph of one batch. After an error every later call fails too, and the host reports the first: methods without a result
/// need no check.
pub struct Graph {
    host: *const Host,
    ctx: Ctx,
    /// Handles of modules that were made callable, by the name their parameters carry.
    modules: Vec<(String, abi::Module)>,
}

impl Graph {
    /// # Safety
    /// `host` is the host's table and `ctx` the call it is for.
    pub(crate) unsafe fn new(host: *const Host, ctx: Ctx) -> Self {
        Self {
            host,
            ctx,
            modules: Vec::new(),
        }
    }

    fn table(&self) -> &'static Host {
        // SAFETY: `new` was given the host's table, which lives as long as the process
        unsafe { &*self.host }
    }

    /// What the recipe gave for the task's parameters; the same as `build` is given.
    pub fn args(&self) -> Args {
        Args {
            host: self.host,
            ctx: self.ctx,
        }
    }

    fn one(&self, call: impl FnOnce(&Host, Ctx, &mut u64) -> abi::Status) -> Result<Var> {
        let mut var = 0;
        checked(call(self.table(), self.ctx, &mut var))?;
        Ok(Var(var))
    }

    /// The field `name` of the batch.
    pub fn input(&mut self, name: &str) -> Result<Var> {
        self.one(|host, ctx, var| (host.input)(ctx, Str::new(name), var))
    }

    /// The elements of the field `name` of the batch, a list.
    pub fn input_list(&mut self, name: &str) -> Result<Vec<Var>> {
        let mut vars = vec![0; 16];
        loop {
            let mut count = 0;
            let status = (self.table().inputs)(
                self.ctx,
                Str::new(name),
                vars.as_mut_ptr(),
                vars.len() as u64,
                &mut count,
            );
            if status == abi::TOO_SMALL {
                vars.resize(count as usize, 0);
                continue;
            }
            checked(status)?;
            vars.truncate(count as usize);
            return Ok(vars.into_iter().map(Var).collect());
        }
    }

    /// The field `name` of the batch; the elements of a list one after the other along the batch.
    pub fn input_stacked(&mut self, name: &str) -> Result<Var> {
        self.one(|host, ctx, var| (host.input_stacked)(ctx, Str::new(name), var))
    }

    /// The number of classes of a label input.
    pub fn classes(&self, name: &str) -> Option<usize> {
        let mut classes = 0;
        let status = (self.table().classes)(self.ctx, Str::new(name), &mut classes);
        (status == abi::OK).then_some(classes as usize)
    }

    /// N: the number of records of the split.
    pub fn records(&self) -> Result<usize> {
        let mut records = 0;
        checked((self.table().records)(self.ctx, &mut records))?;
        Ok(records as usize)
    }

    /// The sizes of a value; none where it is no value of this graph.
    pub fn shape(&self, x: Var) -> Vec<Size> {
        let mut sizes = [abi::Size { terms: [0; 4] }; 16];
        let mut rank = 0;
        match (self.table().shape)(self.ctx, x.0, sizes.as_mut_ptr(), 16, &mut rank) {
            abi::OK => sizes[..rank as usize].iter().copied().map(Size).collect(),
            _ => Vec::new(),
        }
    }

    /// A trained tensor of the task's own; the same one when it is asked for again.
    pub fn parameter(&mut self, name: &str, shape: &[usize], init: Init) -> Result<Var> {
        let sizes: Vec<u64> = shape.iter().map(|n| *n as u64).collect();
        let (init, value) = match init {
            Init::Constant(value) => (abi::init::CONSTANT, value),
            Init::Uniform(value) => (abi::init::UNIFORM, value),
            Init::Normal(value) => (abi::init::NORMAL, value),
            Init::TruncatedNormal(value) => (abi::init::TRUNCATED_NORMAL, value),
            Init::UnitRows => return Err(Problem::new("unit rows are for states")),
        };
        self.one(|host, ctx, var| {
            let (at, rank) = (sizes.as_ptr(), sizes.len() as u64);
            (host.parameter)(ctx, Str::new(name), at, rank, init, f64::from(value), var)
        })
    }

    /// Runs `inside` with parameters named under `name/`.
    pub fn scoped<T>(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> T) -> T {
        let entered = (self.table().enter)(self.ctx, Str::new(name)) == abi::OK;
        let result = inside(self);
        if entered {
            (self.table().leave)(self.ctx);
        }
        result
    }

    fn module(&mut self, module: &Module) -> Result<abi::Module> {
        let parameter = match &module.from {
            From::Handle(handle) => return Ok(*handle),
            From::Parameter(parameter) => parameter,
        };
        if let Some((_, handle)) = self.modules.iter().find(|(name, _)| *name == module.name) {
            return Ok(*handle);
        }
        let mut handle = 0;
        let (name, parameter) = (Str::new(&module.name), Str::new(parameter));
        checked((self.table().module)(
            self.ctx,
            name,
            parameter,
            &mut handle,
        ))?;
        self.modules.push((module.name.clone(), handle));
        Ok(handle)
    }

    /// Runs `x` through the module. A second call shares the parameters, normalises its own batch, and moves the same running
    /// statistics, in call order.
    pub fn call(&mut self, module: &Module, x: Var) -> Result<Var> {
        let module = self.module(module)?;
        self.one(|host, ctx, var| (host.call)(ctx, module, x.0, var))
    }

    /// Runs `x` through a part of the module: `embed`, `blocks`, `norm`.
    pub fn call_part(&mut self, module: &Module, part: &str, x: Var) -> Result<Var> {
        let module = self.module(module)?;
        self.one(|host, ctx, var| (host.call_part)(ctx, module, Str::new(part), x.0, var))
    }

    /// A slow copy of the module: an exact copy at the start, then `momentum · copy + (1 − momentum) · module` after each step.
    /// It has its own buffers, runs in train mode, and never gets gradients.
    pub fn ema(&mut self, module: &Module, momentum: impl Into<Scalar>) -> Result<Module> {
        let handle = self.module(module)?;
        let attrs = momentum.into().attrs();
        let mut copy = 0;
        let (at, count) = (attrs.as_ptr(), attrs.len() as u64);
        checked((self.table().ema)(self.ctx, handle, at, count, &mut copy))?;
        Ok(Module {
            name: format!("ema/{}", module.name),
            from: From::Handle(copy),
        })
    }

    /// Lets later stages start from a module: `from = STAGE.NAME`.
    pub fn part(&mut self, name: &str, module: &Module) -> Result<()> {
        let module = self.module(module)?;
        checked((self.table().part)(self.ctx, Str::new(name), module))
    }

    /// An operation by its number, as [`abi::Host::op`] takes it; each has a method of its own too.
    pub fn op(&mut self, code: u32, operands: &[Var], attrs: &[Attr]) -> Result<Vec<Var>> {
        let operands: Vec<abi::Var> = operands.iter().map(|var| var.0).collect();
        let mut results = [0; 64];
        let mut count = 0;
        checked((self.table().op)(
            self.ctx,
            code,
            operands.as_ptr(),
            operands.len() as u64,
            attrs.as_ptr(),
            attrs.len() as u64,
            results.as_mut_ptr(),
            results.len() as u64,
            &mut count,
        ))?;
        Ok(results[..count as usize].iter().copied().map(Var).collect())
    }

    pub(crate) fn op_one(&mut self, code: u32, operands: &[Var], attrs: &[Attr]) -> Result<Var> {
        let results = self.op(code, operands, attrs)?;
        results
            .first()
            .copied()
            .ok_or_else(|| Problem::new("the operation has no result"))
    }

    /// A number that changes with the step: `[1]`.
    pub fn scalar(&mut self, scalar: impl Into<Scalar>) -> Var {
        let attrs = scalar.into().attrs();
        self.op_one(codes::SCALAR, &[], &attrs).unwrap_or(Var::NONE)
    }

    /// The value; its gradient flows only while the scalar is above 0.
    pub fn when(&mut self, gate: impl Into<Scalar>, x: Var) -> Var {
        let attrs = gate.into().attrs();
        self.op_one(codes::WHEN, &[x], &attrs).unwrap_or(Var::NONE)
    }

    /// A tensor that lives between steps.
    pub fn state(
        &mut self,
        name: &str,
        shape: &[usize],
        init: Init,
        dtype: DType,
    ) -> Result<StateId> {
        let sizes: Vec<i64> = shape.iter().map(|n| *n as i64).collect();
        let (init, value) = match init {
            Init::Constant(value) => ("constant", value),
            Init::Uniform(value) => ("uniform", value),
            Init::Normal(value) => ("normal", value),
            Init::UnitRows => ("unit_rows", 0.0),
            Init::TruncatedNormal(_) => {
                return Err(Problem::new("no state starts as a truncated normal"));
            }
        };
        let attrs = [
            text("name", name),
            ints("shape", &sizes),
            text("init", init),
            float("value", f64::from(value)),
            switch("whole", dtype == DType::Int),
        ];
        let read = self.op_one(codes::STATE, &[], &attrs)?;
        Ok(StateId(read.0))
    }

    /// A state as it was when the batch began.
    pub fn read(&mut self, id: StateId) -> Var {
        Var(id.0)
    }

    /// What a state is from the next batch on.
    pub fn assign(&mut self, id: StateId, value: Var) -> Result<()> {
        self.op(codes::ASSIGN, &[Var(id.0), value], &[])?;
        Ok(())
    }

    /// Rows of a state from the next batch on: `index [R]`, `rows [R, …]`.
    pub fn assign_rows(&mut self, id: StateId, index: Var, rows: Var) -> Result<()> {
        self.op(codes::ASSIGN_ROWS, &[Var(id.0), index, rows], &[])?;
        Ok(())
    }

    /// Before each epoch, fills the state `[N, d]` with what `build` makes of each record's picture, in evaluation.
    pub fn fill(
        &mut self,
        id: StateId,
        mut build: impl FnMut(&mut Graph, Var) -> Result<Var>,
    ) -> Result<()> {
        type Build<'a> = &'a mut dyn FnMut(&mut Graph, Var) -> Result<Var>;
        struct Call<'a> {
            build: Build<'a>,
            modules: Vec<(String, abi::Module)>,
            at: PhantomData<&'a ()>,
        }
        extern "C" fn run(
            data: *mut c_void,
            host: *const Host,
            ctx: Ctx,
            image: abi::Var,
            output: *mut abi::Var,
        ) -> abi::Status {
            // SAFETY: `data` is the `Call` below, which outlives the host's call of this function
            let call = unsafe { &mut *data.cast::<Call<'_>>() };
            guarded(host, ctx, || {
                // SAFETY: the host calls with its table and a call of its own
                let mut g = unsafe { Graph::new(host, ctx) };
                g.modules = call.modules.clone();
                let made = (call.build)(&mut g, Var(image))?;
                // SAFETY: the host gives room for one handle
                unsafe { *output = made.0 };
                Ok(())
            })
        }
        let mut call = Call {
            build: &mut build,
            modules: self.modules.clone(),
            at: PhantomData,
        };
        let data = (&raw mut call).cast::<c_void>();
        checked((self.table().fill)(self.ctx, id.0, Some(run), data))
    }

    /// Before each epoch, clusters the rows of `bank [N, d]` into `centres [k, d]`, and says which in `clusters [N]`,
    /// whole numbers.
    pub fn kmeans(
        &mut self,
        bank: StateId,
        centres: StateId,
        clusters: StateId,
        iterations: usize,
    ) -> Result<()> {
        let host = self.table();
        checked((host.kmeans)(
            self.ctx,
            bank.0,
            centres.0,
            clusters.0,
            iterations as u64,
        ))
    }

    /// Declares a scalar (`[1]`) to be made small.
    pub fn objective(&mut self, name: &str, x: Var) {
        let _ = self.op(codes::OBJECTIVE, &[x], &[text("name", name)]);
    }

    /// Declares a scalar (`[1]`) to be made small by these modules alone.
    pub fn objective_of(&mut self, name: &str, x: Var, modules: &[&Module]) -> Result<()> {
        let handles: Vec<abi::Module> = modules
            .iter()
            .map(|module| self.module(module))
            .collect::<Result<_>>()?;
        let (at, count) = (handles.as_ptr(), handles.len() as u64);
        checked((self.table().objective_of)(
            self.ctx,
            Str::new(name),
            x.0,
            at,
            count,
        ))
    }

    /// Declares a scalar (`[1]`) to be watched.
    pub fn metric(&mut self, name: &str, x: Var) {
        let _ = self.op(codes::METRIC, &[x], &[text("name", name)]);
    }

    /// Lays pictures side by side that are shown once the stage is trained, a row for each of a few records: `[B, C, H, W]` each.
    /// `titles`: what stands under each, with commas between; may be empty. The task says [`Task::exhibits`](crate::Task).
    ///
    /// Or texts by the ids of their words, `[B, n]`: one, or three, which are the text, what was hidden at each place (0: nothing) and what
    /// was filled in there.
    pub fn exhibit(&mut self, name: &str, panels: &[Var], titles: &str) {
        let attrs = [text("name", name), text("titles", titles)];
        let _ = self.op(codes::EXHIBIT, panels, &attrs);
    }

    /// Names a value so that probes can read it.
    pub fn place(&mut self, name: &str, x: Var) {
        let _ = self.op(codes::PLACE, &[x], &[text("name", name)]);
    }
}

const NONE: Attr = Attr {
    size: size_of::<Attr>() as u64,
    name: Str::EMPTY,
    kind: 0,
    reserved: 0,
    integer: 0,
    number: 0.0,
    text: Str::EMPTY,
    ints: std::ptr::null(),
    sizes: std::ptr::null(),
    count: 0,
};

/// A whole number as an attribute.
pub(crate) fn int(name: &str, value: i64) -> Attr {
    Attr {
        name: Str::new(name),
        kind: attr::INT,
        integer: value,
        ..NONE
    }
}

/// A number as an attribute.
pub(crate) fn float(name: &str, value: f64) -> Attr {
    Attr {
        name: Str::new(name),
        kind: attr::FLOAT,
        number: value,
        ..NONE
    }
}

/// A word as an attribute; it must outlive the call.
pub(crate) fn text(name: &str, value: &str) -> Attr {
    Attr {
        name: Str::new(name),
        kind: attr::TEXT,
        text: Str::new(value),
        ..NONE
    }
}

/// A switch as an attribute.
pub(crate) fn switch(name: &str, on: bool) -> Attr {
    Attr {
        name: Str::new(name),
        kind: attr::SWITCH,
        integer: i64::from(on),
        ..NONE
    }
}

/// Whole numbers as an attribute; they must outlive the call.
pub(crate) fn ints(name: &str, values: &[i64]) -> Attr {
    Attr {
        name: Str::new(name),
        kind: attr::INTS,
        ints: values.as_ptr(),
        count: values.len() as u64,
        ..NONE
    }
}

/// A size as an attribute; it must outlive the call.
pub(crate) fn size(name: &str, value: &Size) -> Attr {
    Attr {
        name: Str::new(name),
        kind: attr::SIZE,
        sizes: &raw const value.0,
        count: 1,
        ..NONE
    }
}

/// Sizes as an attribute; they must outlive the call.
pub(crate) fn sizes(name: &str, values: &[Size]) -> Attr {
    Attr {
        name: Str::new(name),
        kind: attr::SIZES,
        // `Size` is a transparent wrapper
        sizes: values.as_ptr().cast::<abi::Size>(),
        count: values.len() as u64,
        ..NONE
    }
}
