//! Which device a step trains on: `auto`, `cpu` or `cuda`.

use std::sync::OnceLock;

use dfdx::tensor::Cpu;

use super::error::Error;

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
            DeviceChoice::Cpu => Ok(AnyDevice::Cpu(Cpu::default())),
            DeviceChoice::Cuda => open_cuda(),
            DeviceChoice::Auto => Ok(open_cuda().unwrap_or(AnyDevice::Cpu(Cpu::default()))),
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

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn cuda_without_the_feature_says_what_to_do() {
        let error = DeviceChoice::Cuda
            .open()
            .expect_err("no CUDA in this build");
        assert!(error.to_string().contains("--features cuda"), "{error}");
    }
}
