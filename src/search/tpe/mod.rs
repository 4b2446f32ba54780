//! The tree-structured Parzen estimator.

mod groups;
mod normal;
mod parzen;
mod split;

#[cfg(test)]
mod tests;

use crate::random::Stream;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::ParamError;
use crate::registry::params;

use super::Ask;
use super::Method;
use super::Proposal;
use super::history::History;
use super::history::fresh;
use super::space::Row;
use super::space::Space;
use parzen::Parzen;
use parzen::Side;
use split::Split;

/// How often a whole set of candidates is drawn again when a trial has each of them already.
const ROUNDS: usize = 4;

params! {
    /// What `tpe` may be given.
    struct TpeParams {
        /// trials at random before it, counted when they have ended
        startup: usize = 10, min(1);
        /// points drawn from the better trials' density, of which the best is proposed
        candidates: usize = 24, min(1);
        /// one density over all parameters that occur together, not one for each parameter [default: with one objective]
        multivariate: Option<bool>;
    }
}

/// `tpe`.
pub(super) struct Tpe;

impl Entry for Tpe {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn summary(&self) -> &'static str {
        "points that the better trials make likelier than the others do"
    }

    fn docs(&self) -> &'static str {
        "The tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011; Watanabe, \
         arXiv:2304.11127) as Optuna 5.0.0 releases it with `multivariate` and `group`. Of the n \
         trials that have ended, the better min(⌈0.1 n⌉, 25) give a density l, all others a density \
         g: mixtures of one product kernel per trial and one as wide as the space. Candidates are \
         drawn from l, and the one of largest l/g is proposed. Trials that are not known yet count \
         in g, so that those of one batch keep apart; so do trials that failed, diverged or gave no \
         number, which Optuna leaves out. Parameters with conditions are split into groups that \
         occur together, with densities of their own. With several objectives the better trials are \
         those of the first ranks of non-domination, the last of these ranks reduced to the subset \
         of largest hypervolume, and each parameter has its own density. A candidate that is there \
         already gives way to the next best."
    }

    fn params(&self) -> Vec<Param> {
        TpeParams::params()
    }
}

impl Method for Tpe {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        let params = TpeParams::read(ask.params)?;
        let history = History::new(ask);
        let split = Split::new(&history.trials);
        if split.ended < params.startup {
            return Ok(fresh(ask, None));
        }
        let multivariate = params.multivariate.unwrap_or(split.objectives <= 1);
        let groups = groups::of(ask.space, &history.trials, multivariate);
        let densities: Vec<Densities> = groups
            .into_iter()
            .map(|group| Densities::new(ask.space, group, &split))
            .collect();
        let mut stream = ask.seed.derive("tpe").stream(ask.k as u64);
        let rounds = (0..ROUNDS).flat_map(|_| {
            let ranked: Vec<Vec<Vec<f64>>> = densities
                .iter()
                .map(|densities| densities.ranked(params.candidates, &mut stream))
                .collect();
            (0..params.candidates).map(move |rank| {
                let at_rank = ranked.iter().map(|candidates| candidates[rank].clone());
                at_rank.collect::<Vec<_>>()
            })
        });
        let rows = rounds.map(|numbers| row(ask.space, &densities, &numbers));
        Ok(fresh(ask, rows))
    }

    fn learns(&self) -> bool {
        true
    }
}

/// The densities of the better and of the other trials over some of the parameters.
struct Densities {
    group: Vec<usize>,
    better: Parzen,
    others: Parzen,
}

impl Densities {
    fn new(space: &Space, group: Vec<usize>, split: &Split<'_>) -> Densities {
        let side = if split.objectives <= 1 {
            Side::Ramped
        } else {
            Side::Even
        };
        Densities {
            better: Parzen::new(space, &group, &split.better, side),
            others: Parzen::new(space, &group, &split.others, Side::Ramped),
            group,
        }
    }

    /// So many candidates, best first.
    fn ranked(&self, candidates: usize, stream: &mut Stream) -> Vec<Vec<f64>> {
        let drawn = self.better.sample(candidates, stream);
        let better = self.better.log_density(&drawn);
        let others = self.others.log_density(&drawn);
        let gain = |i: usize| better[i] - others[i];
        let mut order: Vec<usize> = (0..drawn.len()).collect();
        // Stable, so that the first of equal ones is first.
        order.sort_by(|&i, &j| gain(j).total_cmp(&gain(i)));
        order.into_iter().map(|i| drawn[i].clone()).collect()
    }
}

/// The point that the groups' numbers make; a parameter of one value has that.
fn row(space: &Space, densities: &[Densities], numbers: &[Vec<f64>]) -> Row {
    let mut all = vec![None; space.parameters().len()];
    for (densities, numbers) in densities.iter().zip(numbers) {
        for (&parameter, &number) in densities.group.iter().zip(numbers) {
            all[parameter] = Some(number);
        }
    }
    let single = |i: usize| space.parameters()[i].domain.at(0.0);
    space.build(|i| all[i].unwrap_or_else(|| single(i)))
}
