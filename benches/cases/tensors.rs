//! What peers read.

use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};

/// Name, shape, and values, row-major.
pub(crate) type Tensor = (String, Vec<usize>, Vec<f32>);

/// Writes a file of tensors.
pub(crate) fn write(tensors: &[Tensor], path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(.., values)| values.iter().flat_map(|v| v.to_le_bytes()).collect())
        .collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|((name, shape, _), bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes)?;
            Ok((name.as_str(), view))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    Ok(std::fs::write(path, safetensors::serialize(views, None)?)?)
}
