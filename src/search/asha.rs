//! Methods that give most trials a part of the budget.

use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::ParamError;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;

use super::Ask;
use super::Halving;
use super::Method;
use super::Proposal;
use super::halton::Halton;
use super::random::Random;
use super::sobol::Sobol;
use super::tpe::Tpe;

choices! {
    /// What proposes the points.
    enum Sampler {
        /// Independent ones.
        Random = "random",
        /// Owen-scrambled Sobol points.
        Sobol = "sobol",
        /// Scrambled Halton points.
        Halton = "halton",
        /// From the trials before.
        Tpe = "tpe",
    }
}

impl Sampler {
    fn method(self) -> &'static dyn Method {
        match self {
            Sampler::Random => &Random,
            Sampler::Sobol => &Sobol,
            Sampler::Halton => &Halton,
            Sampler::Tpe => &Tpe,
        }
    }
}

params! {
    /// What `asha` may be given.
    struct AshaParams {
        /// the budget of the lowest rung
        min: u64, min(1);
        /// the whole budget
        max: u64, min(1);
        /// one trial in so many is promoted, to so many times the budget
        factor: usize = 4, min(2);
        /// trials over which promotions are decided together [default: as many as leave one with the whole budget]
        group: Option<usize>, min(2);
        /// what proposes the points
        sampler: Sampler = "random";
    }
}

params! {
    /// What `hyperband` may be given.
    struct HyperbandParams {
        /// the least budget
        min: u64, min(1);
        /// the whole budget
        max: u64, min(1);
        /// one trial in so many is promoted, to so many times the budget
        factor: usize = 3, min(2);
        /// what proposes the points
        sampler: Sampler = "random";
    }
}

/// `asha`.
pub(super) struct Asha;

impl Entry for Asha {
    fn name(&self) -> &'static str {
        "asha"
    }

    fn summary(&self) -> &'static str {
        "successive halving: all trials get a small budget, the best of them more"
    }

    fn docs(&self) -> &'static str {
        "Successive halving in its variant with promotions (Li et al., MLSys 2020, \
         arXiv:1810.05934): all trials are trained for the budget `min`; of each group one in `factor` \
         goes on to `factor` times as much, and so on up to `max`. A promoted trial continues its \
         training. A group is fixed beforehand, and its promotions are decided when all of it has \
         ended at a rung: the same trials are promoted whatever the order of ending, where \
         asynchronous halving promotes by what is there at the time. Groups do not wait for each \
         other. Trials that failed, diverged or gave no number are not promoted; of equal ones the \
         earlier is better."
    }

    fn params(&self) -> Vec<Param> {
        AshaParams::params()
    }
}

impl Method for Asha {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        propose(AshaParams::read(ask.params)?.sampler, ask)
    }

    fn learns(&self) -> bool {
        true
    }

    fn looks_back(&self, params: &Values, _k: usize) -> bool {
        AshaParams::read(params).is_ok_and(|params| params.sampler.method().learns())
    }

    fn halving(&self, params: &Values) -> Result<Option<Halving>, ParamError> {
        let AshaParams {
            min,
            max,
            factor,
            group,
            ..
        } = AshaParams::read(params)?;
        let halving = Halving::asha(min, max, factor, group);
        halving
            .map(Some)
            .map_err(|(name, error)| ParamError::new(name, error.to_string()))
    }
}

/// `hyperband`.
pub(super) struct Hyperband;

impl Entry for Hyperband {
    fn name(&self) -> &'static str {
        "hyperband"
    }

    fn summary(&self) -> &'static str {
        "successive halving from several first budgets, in turn"
    }

    fn docs(&self) -> &'static str {
        "Hyperband (Li et al., JMLR 18-185, 2018): brackets of successive halving, from many trials \
         that begin with the least budget to few that are given all of it at once, in turn and over \
         again. Within a bracket, as `asha`."
    }

    fn params(&self) -> Vec<Param> {
        HyperbandParams::params()
    }
}

impl Method for Hyperband {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        propose(HyperbandParams::read(ask.params)?.sampler, ask)
    }

    fn learns(&self) -> bool {
        true
    }

    fn looks_back(&self, params: &Values, _k: usize) -> bool {
        HyperbandParams::read(params).is_ok_and(|params| params.sampler.method().learns())
    }

    fn halving(&self, params: &Values) -> Result<Option<Halving>, ParamError> {
        let HyperbandParams {
            min, max, factor, ..
        } = HyperbandParams::read(params)?;
        let halving = Halving::hyperband(min, max, factor);
        halving
            .map(Some)
            .map_err(|(name, error)| ParamError::new(name, error.to_string()))
    }
}

fn propose(sampler: Sampler, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
    let params = &Values::new();
    sampler.method().propose(&Ask { params, ..*ask })
}
