//! What a stage needs of a model and of data against what these have.

use crate::data;
use crate::models;
use crate::registry::Capability;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::Property;
use crate::registry::Values;
use crate::text::list_of;

/// The slot that all stages call so which read a model.
const SLOT: &str = "model";

/// Whether the model in the slot `model` can do all of this, as far as it is known.
///
/// # Errors
/// What it lacks, and the models that have it.
pub(super) fn check(needs: &[Capability], reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
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
        lacking => format!("the model has no {}", lacking.noun()),
    };
    let all = models::ALL.iter();
    let able = all.filter(|other| other.capabilities().contains(&lacking));
    let able: Vec<String> = able
        .map(|other| format!("train/{}", other.name()))
        .collect();
    let help = match able.is_empty() {
        true => "no model of this version has that".to_owned(),
        false => format!(
            "that comes with {}",
            list_of(able.iter().map(String::as_str))
        ),
    };
    Err(Misfit {
        slot: SLOT,
        beside: None,
        message,
        help,
    })
}

/// Whether what is in a slot has all of this, as far as it is known.
///
/// # Errors
/// What it lacks, and the data sets that have it.
pub(super) fn check_data(
    slot: &'static str,
    needs: &[Property],
    reads: &dyn Fn(&str) -> Facts,
) -> Result<(), Misfit> {
    let given = reads(slot);
    let Some(lacking) = needs.iter().find(|need| given.lacking.contains(need)) else {
        return Ok(());
    };
    let usual = Values::default();
    let having = data::ALL
        .iter()
        .filter(|set| !set.lacks(&usual).contains(lacking));
    let having: Vec<String> = having
        .map(|set| format!("dataset/{}", set.name()))
        .collect();
    Err(Misfit {
        slot,
        message: lacking.lack().to_owned(),
        beside: None,
        help: format!(
            "that comes with {}",
            list_of(having.iter().map(String::as_str))
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(has: Option<&'static [Capability]>, needs: &[Capability]) -> Option<Misfit> {
        let facts = Facts {
            capabilities: has,
            ..Facts::default()
        };
        check(needs, &|_| facts.clone()).err()
    }

    #[test]
    fn what_is_lacking_is_named_with_the_models_that_have_it() {
        // As a generator without an encoder.
        let has: Option<&'static [Capability]> = Some(&[Capability::Samples]);
        assert_eq!(said(has, &[Capability::Samples]), None);
        let codes = said(has, &[Capability::Samples, Capability::Codes]).expect("none");
        assert_eq!(codes.slot, "model");
        assert_eq!(codes.message, "the model has no encoder");
        assert!(codes.help.contains("`train/vae`"), "{}", codes.help);
        let sequences = said(has, &[Capability::FlowPosterior]).expect("none");
        assert!(sequences.help.starts_with("no model"), "{}", sequences.help);
    }

    #[test]
    fn a_point_is_no_density_and_an_unknown_model_may_do_anything() {
        let needs = [Capability::DiagonalPosterior];
        let point = said(Some(Capability::POINT_AUTOENCODER), &needs).expect("none");
        assert!(
            point.message.contains("has no density"),
            "{}",
            point.message
        );
        assert_eq!(said(Some(Capability::DIAGONAL_AUTOENCODER), &needs), None);
        assert_eq!(said(None, &needs), None);
    }
}
