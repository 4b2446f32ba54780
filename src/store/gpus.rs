//! The GPUs of this machine, as their driver tells of them: without a program, which may hang where a GPU does.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// A folder for each, with a file `information`.
const FOLDER: &str = "/proc/driver/nvidia/gpus";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Gpu {
    model: String,
    uuid: String,
}

/// The models of GPUs that `CUDA_VISIBLE_DEVICES` names so; of all where none is named. None where there is none.
pub fn gpu_models(visible: &[String]) -> Option<String> {
    static GPUS: OnceLock<Vec<Gpu>> = OnceLock::new();
    models(GPUS.get_or_init(|| gpus(Path::new(FOLDER))), visible)
}

/// In the order of their places on the bus.
fn gpus(folder: &Path) -> Vec<Gpu> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let gpu = |path: &Path| {
        let text = fs::read_to_string(path.join("information")).ok()?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim().to_owned())
        };
        Some(Gpu {
            model: field("Model:")?,
            uuid: field("GPU UUID:").unwrap_or_default(),
        })
    };
    paths.iter().filter_map(|path| gpu(path)).collect()
}

fn models(gpus: &[Gpu], visible: &[String]) -> Option<String> {
    let named = |name: &String| {
        let index = name.parse::<usize>().ok();
        let by_index = index.and_then(|index| gpus.get(index));
        by_index.or_else(|| gpus.iter().find(|gpu| gpu.uuid == *name))
    };
    let mut models: Vec<&str> = visible
        .iter()
        .filter_map(named)
        .map(|gpu| gpu.model.as_str())
        .collect();
    // Also where a name is of another sort: a part of a GPU, or an index that a container counts otherwise.
    if models.is_empty() {
        models = gpus.iter().map(|gpu| gpu.model.as_str()).collect();
    }
    models.sort_unstable();
    models.dedup();
    (!models.is_empty()).then(|| models.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_known_by_index_and_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |bus: &str| folder.path().join(bus);
        for (bus, model, uuid) in [
            ("0000:17:00.0", "NVIDIA H200", "GPU-1"),
            ("0000:65:00.0", "NVIDIA A40", "GPU-2"),
        ] {
            fs::create_dir(path(bus)).unwrap();
            let text = format!(
                "Model: \t\t {model}\nIRQ:   \t\t 16\nGPU UUID: \t {uuid}\nDevice Minor: \t 0\n"
            );
            fs::write(path(bus).join("information"), text).unwrap();
        }
        let all = gpus(folder.path());
        let told = |visible: &[&str]| {
            let visible: Vec<String> = visible.iter().map(|name| (*name).to_owned()).collect();
            models(&all, &visible)
        };
        assert_eq!(told(&["1"]).as_deref(), Some("NVIDIA A40"));
        assert_eq!(told(&["GPU-1"]).as_deref(), Some("NVIDIA H200"));
        let both = Some("NVIDIA A40 and NVIDIA H200");
        assert_eq!(told(&["0", "1"]).as_deref(), both);
        assert_eq!(told(&["MIG-x"]).as_deref(), both);
        assert_eq!(models(&[], &["0".to_owned()]), None);
        assert!(gpus(&path("nowhere")).is_empty());
    }
}
