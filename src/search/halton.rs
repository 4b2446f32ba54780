//! Points that fill the space evenly, for any number of trials.

use crate::registry::Entry;
use crate::registry::ParamError;

use super::Ask;
use super::Method;
use super::Proposal;
use super::history::fresh;
use super::space::Row;

/// `halton`.
pub(super) struct Halton;

impl Entry for Halton {
    fn name(&self) -> &'static str {
        "halton"
    }

    fn summary(&self) -> &'static str {
        "points of a scrambled Halton sequence, which fill the space evenly"
    }

    fn docs(&self) -> &'static str {
        "The Halton sequence with random permutations of its digits (Owen, arXiv:1706.02808), drawn \
         from the seed. The i-th parameter has the i-th prime as its base; one that is absent for a \
         trial leaves its number unused. It has no length that is better than others; with many \
         parameters, and so large bases, `sobol` fills better. A point that is there already, or that \
         conditions leave out, is drawn at random instead."
    }
}

impl Method for Halton {
    fn propose(&self, ask: &Ask<'_>) -> Result<Proposal, ParamError> {
        Ok(fresh(ask, Some(row(ask))))
    }

    fn learns(&self) -> bool {
        false
    }
}

fn row(ask: &Ask<'_>) -> Row {
    let bases = primes(ask.space.parameters().len());
    let seed = ask.seed.derive("halton");
    let unit = |(parameter, &base): (usize, &usize)| {
        let mut left = ask.k;
        let mut weight = 1.0;
        let mut unit = 0.0;
        // All digits that a float can hold: the zeros behind the last are permuted too.
        for place in 0.. {
            weight /= base as f64;
            if weight < f64::EPSILON / 4.0 {
                break;
            }
            let mut stream = seed.stream(((parameter as u64) << 8) + place);
            let digits = stream.permutation(base);
            unit += digits[left % base] as f64 * weight;
            left /= base;
        }
        unit.min(1.0 - f64::EPSILON)
    };
    let units: Vec<f64> = bases.iter().enumerate().map(unit).collect();
    ask.space.at(&units)
}

/// The first `n` primes.
fn primes(n: usize) -> Vec<usize> {
    let mut primes: Vec<usize> = Vec::with_capacity(n);
    let mut candidates = 2..;
    while primes.len() < n {
        let is_prime = |candidate: &usize| {
            let small = primes
                .iter()
                .take_while(|prime| *prime * *prime <= *candidate);
            small
                .into_iter()
                .all(|prime| !candidate.is_multiple_of(*prime))
        };
        primes.extend(candidates.find(is_prime));
    }
    primes
}
