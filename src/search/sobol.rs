//! Points that fill the space evenly.

use crate::registry::Entry;
use crate::registry::ParamError;

use super::Ask;
use super::Method;
use super::Proposal;
use super::history::fresh;
use super::space::Row;

/// `sobol`.
pub(super) struct Sobol;

/// As many points as one scrambling has.
const POINTS: usize = 1 << 16;

impl Entry for Sobol {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn summary(&self) -> &'static str {
        "points of an Owen-scrambled Sobol sequence, which fill the space evenly"
    }

    fn docs(&self) -> &'static str {
        "The Sobol sequence with Owen's scrambling (Owen 1995; the hash of Burley, JCGT 2020), \
         scrambled by the seed. Parameters are its dimensions in the order in which they are \
         declared; one that is absent for a trial leaves its dimension unused. Powers of two are \
         good numbers of trials: every first 2^m points have the same number in each of 2^m equal \
         slices of each parameter. There are 65,536 points. Where two of them fall on one point of a \
         discrete space, the second is drawn at random instead; so is one that conditions leave out."
    }
}

impl Method for Sobol {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        Ok(fresh(ask, (ask.k < POINTS).then(|| row(ask))))
    }

    fn limit(&self) -> Option<usize> {
        Some(POINTS)
    }

    fn learns(&self) -> bool {
        false
    }
}

fn row(ask: &Ask<'_>) -> Row {
    let dimensions = sobol_burley::NUM_DIMENSIONS as usize;
    let seed = ask.seed.derive("sobol");
    let unit = |parameter: usize| {
        // Beyond its dimensions the sequence begins again, scrambled anew.
        let block = seed.stream((parameter / dimensions) as u64).bits();
        let dimension = (parameter % dimensions) as u32;
        f64::from(sobol_burley::sample(ask.k as u32, dimension, block as u32))
    };
    let units: Vec<f64> = (0..ask.space.parameters().len()).map(unit).collect();
    ask.space.at(&units)
}
