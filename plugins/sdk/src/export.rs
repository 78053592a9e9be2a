//! From a plugin's specs to the description that the host reads. Panics end here: none leaves the plugin.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi::{self, Ctx, Host, Sampler, Status, Str};
use crate::args::{self, Args};
use crate::graph::Graph;
use crate::guard::{caught, guarded, listen};
use crate::sample::{Out, Rng, Sample, Transform};
use crate::spec::{
    Entry, Param, SampleType, Task, TaskFunctions, TransformFunctions, TransformSpec,
};

/// Exports a plugin: `export_plugin!(tasks = [spec()], transforms = [shuffle()])`. Name and version are the crate's.
///
/// A crate has one of these. It does not compile with `panic = "abort"`: a panic would end the host.
#[macro_export]
macro_rules! export_plugin {
    (tasks = [$($task:expr),* $(,)?] $(,)?) => {
        $crate::export_plugin!(tasks = [$($task),*], transforms = []);
    };
    (transforms = [$($transform:expr),* $(,)?] $(,)?) => {
        $crate::export_plugin!(tasks = [], transforms = [$($transform),*]);
    };
    (tasks = [$($task:expr),* $(,)?], transforms = [$($transform:expr),* $(,)?] $(,)?) => {
        #[cfg(panic = "abort")]
        compile_error!(
            "a plugin can't be built with `panic = \"abort\"`: its panics would end Pretext; remove that line from Cargo.toml"
        );

        /// The plugin's description.
        #[unsafe(no_mangle)]
        pub extern "C" fn pretext_plugin_v1(_host_minor: u32) -> *const $crate::abi::Plugin {
            static DESCRIPTION: ::std::sync::OnceLock<usize> = ::std::sync::OnceLock::new();
            *DESCRIPTION.get_or_init(|| {
                $crate::describe(env!("CARGO_CRATE_NAME"), env!("CARGO_PKG_VERSION"), || $crate::Parts {
                    tasks: vec![$($task),*],
                    transforms: vec![$($transform),*],
                })
            }) as *const $crate::abi::Plugin
        }
    };
}

/// What a plugin exports.
pub struct Parts {
    /// Tasks.
    pub tasks: Vec<Task>,
    /// Transforms.
    pub transforms: Vec<TransformSpec>,
}

/// The address of a description, 0 if `parts` panics. It stays for the life of the library, and so does all it points to.
#[doc(hidden)]
pub fn describe(name: &str, version: &str, parts: impl FnOnce() -> Parts) -> usize {
    listen();
    let Ok(parts) = catch_unwind(AssertUnwindSafe(parts)) else {
        return 0;
    };
    let tasks = parts.tasks.iter().map(|task| task.least_minor);
    let transforms = parts.transforms.iter();
    let minors = tasks.chain(transforms.map(|transform| transform.least_minor));
    let abi_minor = minors.max().unwrap_or(abi::LEAST_MINOR);
    let tasks: Vec<abi::Task> = parts.tasks.into_iter().map(task).collect();
    let transforms: Vec<abi::Transform> = parts.transforms.into_iter().map(transform).collect();
    let plugin = abi::Plugin {
        size: size_of::<abi::Plugin>() as u64,
        magic: abi::MAGIC,
        abi_major: abi::MAJOR,
        abi_minor,
        name: kept(name),
        version: kept(version),
        task_count: tasks.len() as u64,
        tasks: list(tasks),
        transform_count: transforms.len() as u64,
        transforms: list(transforms),
    };
    std::ptr::from_ref(Box::leak(Box::new(plugin))) as usize
}

fn kept(text: &str) -> Str {
    Str::new(Box::leak(text.to_owned().into_boxed_str()))
}

fn list<T>(items: Vec<T>) -> *const T {
    Box::leak(items.into_boxed_slice()).as_ptr()
}

fn param(param: &Param) -> abi::Param {
    let (low, high) = param.range.unwrap_or((0.0, 0.0));
    abi::Param {
        size: size_of::<abi::Param>() as u64,
        name: kept(&param.name),
        ty: kept(&param.ty.to_string()),
        choices: kept(&param.ty.choices()),
        preset: kept(&param.preset),
        doc: kept(&param.doc),
        low,
        high,
        optional: u32::from(param.optional),
        reserved: 0,
    }
}

/// The parameters of an entry, how many they are, and the entry for the life of the library.
fn keep<F>(entry: Entry<F>) -> (*const abi::Param, u64, &'static Entry<F>) {
    let params: Vec<abi::Param> = entry.params.iter().map(param).collect();
    let count = params.len() as u64;
    (list(params), count, Box::leak(Box::new(entry)))
}

fn task(task: Task) -> abi::Task {
    let (params, param_count, task) = keep(task);
    let inputs: Vec<abi::Input> = task
        .inputs
        .iter()
        .map(|input| abi::Input {
            size: size_of::<abi::Input>() as u64,
            name: Str::new(&input.name),
            ty: Str::new(&input.ty),
            doc: Str::new(&input.doc),
            at_least: input.at_least as u64,
            or_list: u32::from(input.or_list),
            reserved: 0,
        })
        .collect();
    let parts: Vec<abi::Part> = (task.parts.iter())
        .map(|(name, doc)| abi::Part {
            size: size_of::<abi::Part>() as u64,
            name: Str::new(name),
            doc: Str::new(doc),
        })
        .collect();
    abi::Task {
        size: size_of::<abi::Task>() as u64,
        name: Str::new(&task.name),
        summary: Str::new(&task.summary),
        doc: Str::new(&task.doc),
        cite: Str::new(&task.paper[0]),
        title: Str::new(&task.paper[1]),
        link: Str::new(&task.paper[2]),
        example: Str::new(&task.example),
        semantics: task.semantics,
        params,
        param_count,
        input_count: inputs.len() as u64,
        inputs: list(inputs),
        data: std::ptr::from_ref(&task.functions).cast::<c_void>(),
        build: Some(build),
        augment: Some(augment),
        part_count: parts.len() as u64,
        parts: list(parts),
    }
}

fn transform(transform: TransformSpec) -> abi::Transform {
    let (params, param_count, transform) = keep(transform);
    abi::Transform {
        size: size_of::<abi::Transform>() as u64,
        name: Str::new(&transform.name),
        summary: Str::new(&transform.summary),
        doc: Str::new(&transform.doc),
        cite: Str::new(&transform.paper[0]),
        title: Str::new(&transform.paper[1]),
        link: Str::new(&transform.paper[2]),
        example: Str::new(&transform.example),
        semantics: transform.semantics,
        params,
        param_count,
        data: std::ptr::from_ref(&transform.functions).cast::<c_void>(),
        types: Some(types),
        make: Some(make),
        apply: Some(apply),
        free: Some(free),
        whole_clips: u32::from(transform.functions.whole_clips),
        reserved: 0,
    }
}

extern "C" fn build(data: *const c_void, host: *const Host, ctx: Ctx) -> Status {
    guarded(host, ctx, || {
        // SAFETY: `data` is what `task` put into the description; the host calls with its table and a call of its own
        let (functions, mut g) = unsafe { (&*data.cast::<TaskFunctions>(), Graph::new(host, ctx)) };
        let args = g.args();
        (functions.build)(&mut g, &args)
    })
}

extern "C" fn augment(data: *const c_void, host: *const Host, ctx: Ctx) -> Status {
    guarded(host, ctx, || {
        // SAFETY: `data` is what `task` put into the description; the host's table outlives the call
        let (functions, table) = unsafe { (&*data.cast::<TaskFunctions>(), &*host) };
        let fields = args::fields(table, ctx)?;
        if let Some(body) = (functions.augment)(&Args { host, ctx }, &fields) {
            (table.answer)(ctx, Str::new(&body));
        }
        Ok(())
    })
}

extern "C" fn types(data: *const c_void, host: *const Host, ctx: Ctx, input: Str) -> Status {
    guarded(host, ctx, || {
        // SAFETY: `data` is what `transform` put into the description; the host's table outlives the call
        let (functions, table) = unsafe { (&*data.cast::<TransformFunctions>(), &*host) };
        let input = SampleType(args::owned(input).into());
        for output in (functions.types)(&Args { host, ctx }, &input)? {
            (table.answer)(ctx, Str::new(&output.0));
        }
        Ok(())
    })
}

extern "C" fn make(
    data: *const c_void,
    host: *const Host,
    ctx: Ctx,
    input: Str,
    state: *mut *mut c_void,
) -> Status {
    guarded(host, ctx, || {
        // SAFETY: `data` is what `transform` put into the description
        let functions = unsafe { &*data.cast::<TransformFunctions>() };
        let input = SampleType(args::owned(input).into());
        let made: Box<Box<dyn Transform>> =
            Box::new((functions.make)(&Args { host, ctx }, &input)?);
        // SAFETY: the host gives room for one pointer
        unsafe { *state = Box::into_raw(made).cast::<c_void>() };
        Ok(())
    })
}

extern "C" fn free(_: *const c_void, state: *mut c_void) {
    if !state.is_null() {
        // SAFETY: `make` made it, and the host ends it once
        let state = unsafe { Box::from_raw(state.cast::<Box<dyn Transform>>()) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(state)));
    }
}

extern "C" fn apply(
    _: *const c_void,
    state: *mut c_void,
    sampler: *const Sampler,
    ctx: Ctx,
) -> Status {
    // SAFETY: the host's table outlives the call
    let table = unsafe { &*sampler };
    let done = caught(|| {
        // SAFETY: `make` made it; transforms may be shared between threads
        let transform = unsafe { &*state.cast::<Box<dyn Transform>>() };
        let input = Sample::read(table, ctx)?;
        let mut random = || (table.random)(ctx);
        let mut out = Out {
            sampler: table,
            ctx,
        };
        transform.apply(input, &mut Rng::new(&mut random), &mut out)
    });
    match done {
        Ok(()) => abi::OK,
        Err((_, problem)) if problem.status != abi::OK => problem.status,
        Err((status, problem)) => (table.fail)(ctx, Str::new(&problem.message), status),
    }
}
