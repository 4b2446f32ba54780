//! Which device a step trains on: `auto`, `cpu` or `cuda`.

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
}

#[cfg(feature = "cuda")]
fn open_cuda() -> Result<AnyDevice, Error> {
    match dfdx::tensor::Cuda::try_seed_from_u64(0) {
        Ok(device) => Ok(AnyDevice::Cuda(device)),
        Err(error) => Err(Error::Device {
            asked: "cuda".into(),
            reason: format!("no CUDA device answers ({error:?}); use `device: cpu` or `auto`"),
        }),
    }
}

#[cfg(not(feature = "cuda"))]
fn open_cuda() -> Result<AnyDevice, Error> {
    Err(Error::Device {
        asked: "cuda".into(),
        reason: "this build has no CUDA; build with `--features cuda`, or use `device: cpu` or \
                 `auto`"
            .into(),
    })
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
