//! Components to bytes and back: the one place where any model is saved, opened or summarised.

use super::Component;
use super::TrainingError;
use crate::nn::Backend;
use crate::nn::Header;
use crate::nn::checkpoint;
use crate::nn::checkpoint::Part;
use crate::nn::params;

/// The components without their optimisers, with the configuration that opens them again: a
/// safetensors file.
///
/// # Errors
/// Where two parameters have one name.
pub fn to_bytes<B: Backend>(
    iteration: u64,
    config: &serde_json::Value,
    components: &[&mut Component<B>],
) -> Result<Vec<u8>, TrainingError> {
    let header = Header {
        iteration,
        config: config.clone(),
    };
    let parts: Vec<Part<'_, B>> = components
        .iter()
        .map(|component| Part {
            params: component.params(),
            optimizers: &[],
        })
        .collect();
    Ok(checkpoint::parts_to_bytes(&header, &parts)?)
}

/// Takes over the parameters that [`to_bytes`] wrote.
///
/// # Errors
/// Where they are not those of these components; nothing is changed then.
pub fn open<B: Backend>(
    bytes: &[u8],
    components: &mut [&mut Component<B>],
) -> Result<(), TrainingError> {
    let saved = checkpoint::Saved::read(bytes)?;
    let values = components
        .iter()
        .map(|component| saved.values(component.params()))
        .collect::<Result<Vec<_>, _>>()?;
    for (component, values) in components.iter_mut().zip(values) {
        values.set(component.params_mut())?;
    }
    Ok(())
}

/// A table of all parameters.
pub fn summary<B: Backend>(components: &[&mut Component<B>]) -> String {
    let all: Vec<_> = components.iter().map(|c| c.params()).collect();
    params::summary(&all)
}

/// The name of the first parameter with a number that is not finite.
pub fn not_finite<B: Backend>(components: &[&mut Component<B>]) -> Option<String> {
    let mut all = components.iter().flat_map(|component| {
        let params = component.params();
        params
            .names()
            .enumerate()
            .map(move |(index, name)| (params, index, name))
    });
    let wrong = all.find(|(params, index, _)| {
        let values = params.values(*index);
        !values.iter().all(|value| value.is_finite())
    });
    wrong.map(|(_, _, name)| name.to_owned())
}
