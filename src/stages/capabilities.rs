//! What a stage needs of a model against what the model can do.

use crate::models;
use crate::registry::Capability;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::text::list_of;

/// The slot that all stages call so which read a model.
const SLOT: &str = "model";

/// Whether the model in the slot `model` can do all of this, as far as it is known.
///
/// # Errors
/// What it lacks, and the models that have it.
pub fn check(needs: &[Capability], reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
    let model = reads(SLOT);
    let Some(lacking) = model.lacks(needs) else {
        return Ok(());
    };
    let has = |capability| model.lacks(&[capability]).is_none();
    let message = match lacking {
        Capability::PosteriorSamples
        | Capability::PosteriorDensity
        | Capability::DiagonalPosterior
            if has(Capability::Codes) && !has(Capability::PosteriorDensity) =>
        {
            "its encoder is a function: q(z|x) has no density".to_owned()
        }
        lacking => format!("the model has not {lacking}"),
    };
    let all = models::ALL.iter();
    let able = all.filter(|other| other.capabilities().contains(&lacking));
    let able: Vec<String> = able
        .map(|other| format!("train/{}", other.name()))
        .collect();
    let help = match able.is_empty() {
        true => format!("no model of this version has {lacking}"),
        false => format!(
            "{lacking} comes with {}",
            list_of(able.iter().map(String::as_str))
        ),
    };
    Err(Misfit {
        slot: SLOT,
        message,
        help,
    })
}
