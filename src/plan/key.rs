//! Keys name results by what they depend on.

use crate::registry::Values;

use super::From;
use super::Step;

/// A short digest of parameters, for finding equal ones within one plan.
pub(super) fn fingerprint(values: &Values) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    // Writing into a hasher cannot fail, and values have no keys but texts.
    let _ = serde_json::to_writer(&mut hasher, values);
    short(&hasher)
}

fn short(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut short = [0; 16];
    hasher.finalize_xof().fill(&mut short);
    short
}

/// What makes steps of one plan equal: kind, parameters and inputs.
pub(super) struct Fingerprint;

impl Fingerprint {
    pub fn of(step: &Step) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(step.kind.name().as_bytes());
        // Equal parameters are held once, so that their address stands for them.
        hasher.update(&(std::sync::Arc::as_ptr(&step.params) as usize).to_le_bytes());
        for input in &step.inputs {
            hasher.update(&[1, u8::from(input.reduced), u8::from(input.missing_allowed)]);
            text(&mut hasher, &input.slot);
            for item in &input.items {
                match &item.from {
                    From::Step { step, output } => {
                        hasher.update(&[2]);
                        hasher.update(&step.0.to_le_bytes());
                        text(&mut hasher, output.as_deref().unwrap_or_default());
                    }
                    From::File { path } => {
                        hasher.update(&[3]);
                        text(&mut hasher, &path.to_string_lossy());
                    }
                }
                if input.reduced {
                    for (axis, value) in item.cell.iter() {
                        text(&mut hasher, axis);
                        let _ = serde_json::to_writer(&mut hasher, value);
                    }
                }
            }
        }
        short(&hasher)
    }
}

fn text(hasher: &mut blake3::Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}
