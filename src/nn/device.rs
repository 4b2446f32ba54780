//! Which device a step trains on: `auto`, `cpu` or `cuda`.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;
use std::sync::OnceLock;

use dfdx::tensor::Cpu;

use super::cpu::memory;
use super::error::Error;

/// Does work on the device that a [`DeviceChoice`] names, in a function that returns a result whose
/// error takes an [`Error`]: `on_device!(choice, |device| fit(&device))`.
macro_rules! on_device {
    ($choice:expr, |$device:ident| $work:expr) => {
        match $choice.open()? {
            $crate::nn::AnyDevice::Cpu($device) => $crate::nn::device::caught(|| $work)?,
            #[cfg(feature = "cuda")]
            $crate::nn::AnyDevice::Cuda($device) => $crate::nn::device::caught(|| $work)?,
        }
    };
}
pub(crate) use on_device;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// CUDA where the build and the machine have it, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first CUDA device; an error if there is none.
    Cuda,
}

/// A device that was found.
#[derive(Debug, Clone)]
pub enum AnyDevice {
    /// The CPU.
    Cpu(Cpu),
    /// A CUDA device.
    #[cfg(feature = "cuda")]
    Cuda(dfdx::tensor::Cuda),
}

impl AnyDevice {
    /// `cpu` or `cuda`.
    pub fn name(&self) -> &'static str {
        match self {
            AnyDevice::Cpu(_) => "cpu",
            #[cfg(feature = "cuda")]
            AnyDevice::Cuda(_) => "cuda",
        }
    }
}

impl DeviceChoice {
    /// The names manifests use.
    pub const NAMES: [&'static str; 3] = ["auto", "cpu", "cuda"];

    /// The choice with this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => DeviceChoice::Auto,
            "cpu" => DeviceChoice::Cpu,
            "cuda" => DeviceChoice::Cuda,
            _ => return None,
        })
    }

    /// Opens the device. `auto` never fails.
    pub fn open(self) -> Result<AnyDevice, Error> {
        match self {
            DeviceChoice::Cpu => Ok(open_cpu()),
            DeviceChoice::Cuda => open_cuda(),
            DeviceChoice::Auto => Ok(open_cuda().unwrap_or_else(|_| open_cpu())),
        }
    }

    /// Whether [`DeviceChoice::open`] would succeed. Tried once per process: a plan asks often.
    pub fn available(self) -> Result<(), &'static Error> {
        static CUDA: OnceLock<Option<Error>> = OnceLock::new();
        match self {
            DeviceChoice::Auto | DeviceChoice::Cpu => Ok(()),
            DeviceChoice::Cuda => match CUDA.get_or_init(|| self.open().err()) {
                None => Ok(()),
                Some(error) => Err(error),
            },
        }
    }
}

fn open_cpu() -> AnyDevice {
    memory::keep();
    AnyDevice::Cpu(Cpu::default())
}

/// What unwinds where a device failed and the operation has no way to say so.
struct Failure(String);

/// Ends the work that [`caught`] began: the device has failed at `what`.
pub(crate) fn failed(what: &str, error: &dyn std::fmt::Debug) -> ! {
    resume_unwind(Box::new(Failure(format!("{what}: {error:?}"))))
}

/// Does work that needs a device, whose operations cannot say that it failed.
///
/// # Errors
/// [`Error::Failed`] where the device fails, as when its memory is full. Other panics go on.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| match failure(&*panic) {
        Some(message) => Error::Failed(message),
        None => resume_unwind(panic),
    })
}

/// What a panic says of a device, if it is about one: ours, or that of an operation of dfdx.
pub fn failure(panic: &(dyn Any + Send)) -> Option<String> {
    if let Some(Failure(message)) = panic.downcast_ref() {
        return Some(message.clone());
    }
    let text = panic.downcast_ref::<String>()?;
    let error = text.strip_prefix("called `Result::unwrap()` on an `Err` value: ")?;
    let kinds = [
        "OutOfMemory",
        "Cpu(OutOfMemory",
        "Driver(",
        "Blas(",
        "Cudnn(",
    ];
    let known = kinds.iter().any(|kind| error.starts_with(kind));
    known.then(|| error.to_owned())
}

/// What helps where CUDA was asked for in vain, whatever the reason.
fn no_cuda(reason: String, help: &str) -> Error {
    Error::Device {
        asked: "cuda".into(),
        reason,
        help: format!("{help}, or say `device: cpu` or `device: auto`"),
    }
}

#[cfg(feature = "cuda")]
fn open_cuda() -> Result<AnyDevice, Error> {
    match dfdx::tensor::Cuda::try_seed_from_u64(0) {
        Ok(device) => Ok(AnyDevice::Cuda(device)),
        Err(error) => Err(no_cuda(
            format!("no CUDA device answers ({error:?})"),
            "see that `nvidia-smi` lists one",
        )),
    }
}

#[cfg(not(feature = "cuda"))]
fn open_cuda() -> Result<AnyDevice, Error> {
    Err(no_cuda(
        "this build has no CUDA".into(),
        "build with `--features cuda`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_always_finds_a_device() {
        let device = DeviceChoice::named("auto").expect("a known name").open();
        assert!(["cpu", "cuda"].contains(&device.expect("auto never fails").name()));
    }

    #[test]
    fn a_device_without_room_is_an_error_and_a_bug_is_a_panic() {
        // As dfdx's operations do.
        let full = || -> Result<(), _> { Err(dfdx::tensor::CpuError::OutOfMemory) };
        let error = caught(|| full().unwrap()).expect_err("there is no room");
        assert!(error.to_string().contains("OutOfMemory"), "{error}");
        let error = caught(|| failed("a gradient", &"OutOfMemory"));
        assert!(matches!(error, Err(Error::Failed(_))));
        let bug = catch_unwind(|| caught(|| panic!("called with the wrong shape")));
        assert!(bug.is_err());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn cuda_without_the_feature_says_what_to_do() {
        let error = DeviceChoice::Cuda
            .open()
            .expect_err("no CUDA in this build");
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }
}
