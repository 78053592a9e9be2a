//! The compute device, opened by the word that a recipe uses; compute threads.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::{EngineError, Result};
use burn::tensor::Device as BurnDevice;

/// Which code carries out the operations on `flex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// The engine's own kernels, where there are any.
    Fast,
    /// burn's own operations, all of them: slower, and what the kernels are judged by.
    Reference,
}

/// Whether devices that are opened from now on start with [`Kernels::Reference`].
static REFERENCE: AtomicBool = AtomicBool::new(false);

/// What devices that are opened from now on start with; [`Kernels::Fast`] where nobody says.
pub fn set_kernels(kernels: Kernels) {
    REFERENCE.store(kernels == Kernels::Reference, Ordering::Relaxed);
}

/// Every word of `run { device = … }`.
pub const DEVICE_WORDS: [&str; 5] = ["auto", "flex", "ndarray", "cuda", "vulkan"];

/// An open compute device.
#[derive(Clone, Debug)]
pub struct Device {
    name: &'static str,
    plain: BurnDevice,
    kernels: Kernels,
}

impl Device {
    /// Opens the device that a recipe names. `auto` is the first of cuda, vulkan and flex that is compiled in and
    /// starts.
    ///
    /// # Errors
    /// The word is unknown, its cargo feature is off, or the device does not start.
    pub fn open(word: &str) -> Result<Self> {
        match word {
            "auto" => Ok(["cuda", "vulkan"]
                .into_iter()
                .find_map(|word| Self::open(word).ok())
                .unwrap_or_else(Self::flex)),
            "flex" => Ok(Self::flex()),
            "ndarray" => ndarray(),
            "cuda" => cuda(),
            "vulkan" => vulkan(),
            _ => Err(EngineError::DeviceUnknown { word: word.into() }),
        }
    }

    /// The pure-Rust CPU device, which every build has.
    pub fn flex() -> Self {
        Self::new("flex", BurnDevice::flex())
    }

    /// What was opened: `flex`, also where the recipe says `auto`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The same device with these kernels.
    pub fn with_kernels(mut self, kernels: Kernels) -> Self {
        self.kernels = kernels;
        self
    }

    /// `fast` or `reference`.
    pub(crate) fn kernel_word(&self) -> &'static str {
        match self.kernels() {
            Kernels::Fast => "fast",
            Kernels::Reference => "reference",
        }
    }

    /// Which code carries out the operations. Only `flex` has kernels.
    pub fn kernels(&self) -> Kernels {
        match self.name {
            "flex" => self.kernels,
            _ => Kernels::Reference,
        }
    }

    /// Whether operations are only recorded, so that nothing can be read back.
    pub(crate) fn is_recording(&self) -> bool {
        self.name == "capture"
    }

    #[cfg(feature = "capture")]
    pub(crate) fn recording(device: BurnDevice) -> Self {
        Self::new("capture", device)
    }

    /// The burn device behind it, for code that calls burn itself.
    pub fn burn(&self) -> &BurnDevice {
        &self.plain
    }

    /// Whether two runs of one binary on one CPU model with as many compute threads give the same bytes.
    pub fn is_bit_exact(&self) -> bool {
        self.name == "flex"
    }

    /// Does `work` on one of the threads that compute: from there each operation reaches the others without waking anybody. Devices
    /// that order work by the thread that sends it get all of it from the caller's.
    pub(crate) fn on_threads<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match self.name {
            "flex" => rayon::scope(|_| work()),
            _ => work(),
        }
    }

    /// Whether products can take bfloat16.
    pub fn has_bf16(&self) -> bool {
        self.plain.supports_dtype(burn::tensor::FloatDType::BF16)
    }

    /// Waits for everything that was sent to the device; for timing.
    pub fn sync(&self) {
        // A failure shows up at the next read with its cause.
        let _ = self.plain.sync();
    }

    fn new(name: &'static str, plain: BurnDevice) -> Self {
        let kernels = match REFERENCE.load(Ordering::Relaxed) {
            true => Kernels::Reference,
            false => Kernels::Fast,
        };
        Self {
            name,
            plain,
            kernels,
        }
    }

    /// Runs a small product, so that a missing driver is found here and not in the middle of a stage.
    #[cfg(any(feature = "cuda", feature = "vulkan"))]
    fn probed(name: &'static str, open: impl Fn() -> BurnDevice) -> Result<Self> {
        // what burn says of a missing driver it says in a panic of a thread of its own; the first one names the cause
        let first = std::sync::Arc::new(std::sync::Mutex::new(None));
        let said = first.clone();
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let text = panic.payload_as_str().unwrap_or("it panicked").to_owned();
            if let Ok(mut said) = said.lock() {
                said.get_or_insert(text);
            }
        }));
        let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let device = open();
            let x = burn::tensor::Tensor::<2>::ones([8, 8], &device);
            let sum: f32 = x.clone().matmul(x).sum().into_scalar();
            (sum == 512.0).then_some(device)
        }));
        std::panic::set_hook(hook);
        let reason = match tried {
            Ok(Some(device)) => return Ok(Self::new(name, device)),
            Ok(None) => "a product of ones came out wrong".to_owned(),
            Err(_) => (first.lock().ok())
                .and_then(|mut first| first.take())
                .unwrap_or_else(|| "it panicked".to_owned()),
        };
        Err(EngineError::DeviceFails {
            word: name.into(),
            reason,
        })
    }
}

#[allow(unused)]
fn not_built(word: &str) -> Result<Device> {
    let mut built = vec!["flex"];
    for (name, on) in [
        ("ndarray", cfg!(feature = "ndarray")),
        ("cuda", cfg!(feature = "cuda")),
        ("vulkan", cfg!(feature = "vulkan")),
    ] {
        if on {
            built.push(name);
        }
    }
    Err(EngineError::DeviceNotBuilt {
        word: word.into(),
        built: built.join(", "),
    })
}

#[cfg(feature = "ndarray")]
#[allow(deprecated)] // burn keeps it for one more version; it is the check on flex
fn ndarray() -> Result<Device> {
    Ok(Device::new("ndarray", BurnDevice::ndarray()))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<Device> {
    not_built("ndarray")
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Device> {
    Device::probed("cuda", || BurnDevice::cuda(0usize))
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Device> {
    not_built("cuda")
}

#[cfg(feature = "vulkan")]
fn vulkan() -> Result<Device> {
    Device::probed("vulkan", || {
        BurnDevice::vulkan(burn::tensor::DeviceKind::DefaultDevice)
    })
}

#[cfg(not(feature = "vulkan"))]
fn vulkan() -> Result<Device> {
    not_built("vulkan")
}

/// Bytes of a compute thread's stack: what the main thread has.
const STACK: usize = 8 << 20;

/// Makes the pool of compute threads, once per process; `None`: one per core that the process may use. Returns how many
/// there are. Has no say over the loader's threads.
///
/// # Errors
/// The pool is already there with another size, or the system gives no more threads.
pub fn set_threads(wanted: Option<usize>) -> Result<usize> {
    let threads = wanted.unwrap_or(0);
    let built = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("compute-{i}"))
        .stack_size(STACK)
        .build_global();
    // Refused without a source where a pool exists; then only its size matters.
    if let Err(error) = built
        && let Some(reason) = error.source()
    {
        return Err(EngineError::NoThreads {
            reason: reason.to_string(),
        });
    }
    let now = rayon::current_num_threads();
    match wanted {
        Some(wanted) if wanted != 0 && wanted != now => Err(EngineError::Threads { now, wanted }),
        _ => Ok(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also in a build for GPUs on a machine without one.
    #[test]
    fn auto_is_the_first_that_starts() {
        let first = ["cuda", "vulkan", "flex"]
            .into_iter()
            .find(|word| Device::open(word).is_ok());
        assert_eq!(Device::open("auto").ok().map(|auto| auto.name()), first);
    }

    #[test]
    fn words_open_or_say_why_not() {
        assert_eq!(Device::open("flex").map(|d| d.name()).ok(), Some("flex"));
        assert!(Device::open("auto").is_ok());
        let error = Device::open("tpu").err().map(|e| e.to_string());
        assert!(error.is_some_and(|e| e.contains("no device `tpu`")));
        if !cfg!(feature = "cuda") {
            let error = Device::open("cuda").err().map(|e| e.to_string());
            assert!(error.is_some_and(|e| e.contains("--features cuda")));
        }
    }
}
