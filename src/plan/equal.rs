//! Which steps of one plan are equal: same kind, same parameters, same inputs. Equal steps are one.

use std::sync::Arc;

use foldhash::HashSet;

use crate::registry::Values;

use super::From;
use super::Step;

/// Enough of a digest that two different things never share it.
pub(super) type Fingerprint = [u8; 16];

/// Parameters that are equal, held once.
#[derive(Default)]
pub(super) struct Interner {
    known: HashSet<Arc<Values>>,
}

impl Interner {
    /// Makes room for so many more.
    pub(super) fn expect(&mut self, more: usize) {
        self.known.reserve(more);
    }

    pub(super) fn intern(&mut self, values: Values) -> Arc<Values> {
        if let Some(known) = self.known.get(&values) {
            return Arc::clone(known);
        }
        let kept = Arc::new(values);
        self.known.insert(Arc::clone(&kept));
        kept
    }
}

/// What makes a step equal to others of its plan. Its parameters come from a [`Interner`].
pub(super) fn fingerprint(step: &Step, buffer: &mut Vec<u8>) -> Fingerprint {
    buffer.clear();
    text(buffer, step.kind.name());
    // Equal parameters are held once, so that their address stands for them.
    buffer.extend_from_slice(&(Arc::as_ptr(&step.params) as usize).to_le_bytes());
    for input in &step.inputs {
        buffer.extend_from_slice(&[1, u8::from(input.reduced), u8::from(input.missing_allowed)]);
        text(buffer, &input.slot);
        for item in &input.items {
            match &item.from {
                From::Step { step, output } => {
                    buffer.push(2);
                    buffer.extend_from_slice(&step.0.to_le_bytes());
                    text(buffer, output.as_deref().unwrap_or_default());
                }
                From::File { path } => {
                    buffer.push(3);
                    text(buffer, &path.to_string_lossy());
                }
            }
            if input.reduced {
                for (axis, value) in item.cell.iter() {
                    text(buffer, axis);
                    let _ = serde_json::to_writer(&mut *buffer, value);
                }
            }
        }
    }
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(buffer).as_bytes()[..16]);
    short
}

fn text(buffer: &mut Vec<u8>, text: &str) {
    buffer.extend_from_slice(&(text.len() as u32).to_le_bytes());
    buffer.extend_from_slice(text.as_bytes());
}
