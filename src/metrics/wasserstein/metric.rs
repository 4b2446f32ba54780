//! `evaluate/wasserstein-critic`

use serde_json::json;

use super::CriticParams;
use super::Critics;
use crate::metrics::Asked;
use crate::metrics::Metric;
use crate::metrics::Scores;
use crate::metrics::held_out::learned;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::networks::Architecture;
use crate::models::params;
use crate::nn::Cpu;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::Values;
use crate::registry::params;
use crate::training::TrainingError;

/// `evaluate/wasserstein-critic`
pub(crate) struct WassersteinCritic;

params! {
    /// What `evaluate/wasserstein-critic` may be given.
    struct WassersteinParams {
        critic: CriticParams;
        /// draws from the model on which the distances are measured and no critic learns
        samples: usize = 5000, min(2);
        /// which initialisation, batches and draws
        seed: Seed;
    }
}

const VALID: Measure = Measure::new("critic_valid", "Wasserstein critic, validation data").down();
const TRAIN: Measure = Measure::new("critic_train", "Wasserstein critic, training data").down();

impl Entry for WassersteinCritic {
    fn name(&self) -> &'static str {
        "wasserstein-critic"
    }

    fn summary(&self) -> &'static str {
        "distance of samples from validation and from training data by independent critics"
    }

    fn docs(&self) -> &'static str {
        "Trains two fresh critics f of WGAN-GP against samples of the finished model, new for every\n\
         update: one with the validation split, one with as many observations of the training split; of\n\
         the larger of the two those that `seed` chooses. Both start with the same weights and see the same\n\
         samples and the same places of their rows, so that of equal rows they are equal. Then\n\
         \n\
         ```text\n\
         E f(x) − E f(G(z))\n\
         ```\n\
         \n\
         over the critic's data and over `samples` draws that it never learnt from: `critic_valid` and\n\
         `critic_train`, with the standard errors of that difference. Lower is better. It is an estimate of the Wasserstein\n\
         distance from below, in units of the data, after a fixed number of updates: compare only values of\n\
         the same network and as many updates. A model that repeats its training data is nearer to\n\
         those than to the validation data: `critic_gap` is `critic_valid` less `critic_train`. A small\n\
         validation split is learnt by heart by its critic, which then finds any model far from it; so the other critic gets no\n\
         more.\n\
         \n\
         The critic is `network` with one output and without batch norm. The curve has both distances\n\
         over the training.\n\
         \n\
         Source: Danihelka et al. 2017, arXiv 1705.05263; Rosca, Lakshminarayanan and Mohamed 2018, arXiv 1802.06847,\n\
         section 5; Gulrajani et al. 2017, arXiv 1704.00028, equation 3. Number of updates and learning rate\n\
         are lost from the public text."
    }

    /// Since the second both critics have as many observations where the training split is the smaller;
    /// since the third they start with the same weights.
    fn revision(&self) -> u32 {
        3
    }

    fn params(&self) -> Vec<Param> {
        WassersteinParams::params()
    }
}

impl Metric for WassersteinCritic {
    fn measures(&self) -> &'static [Measure] {
        const MEASURES: &[Measure] = &[
            VALID,
            Measure::new("critic_valid_se", "standard error of critic_valid"),
            TRAIN,
            Measure::new("critic_train_se", "standard error of critic_train"),
            Measure::new("critic_gap", "critic on validation less on training data").down(),
        ];
        MEASURES
    }

    fn needs(&self) -> &'static [Capability] {
        &[Capability::Samples]
    }

    fn foresee(&self, values: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        let (Ok(params), Some(shape)) = (WassersteinParams::read(values), reads("data").shape)
        else {
            return Ok(());
        };
        let taken = Architecture::of(&params.critic.networks).check(&shape);
        taken.map_err(Misfit::of_data)
    }

    fn has_curve(&self) -> bool {
        true
    }

    fn score(&self, asked: &Asked<'_>) -> Result<Scores, ModelError> {
        let (model, data, monitor) = (asked.model, asked.data, asked.monitor);
        let params = WassersteinParams::read(asked.params)?;
        let shape = model.shape();
        let taken = Architecture::of(&params.critic.networks).check(shape);
        taken.map_err(|(what, help)| ModelError::Data(format!("{what}: {help}")))?;
        let seed = params.seed.derive("wasserstein-critic");
        let valid = params::observations(data, "valid")?;
        let train = params::observations(data, "train")?;
        let (valid, train) = as_many_of_both(valid, train, seed);
        let draws = |purpose: &str, number: u64, n: usize| {
            let mut stream = seed.derive(purpose).stream(number);
            Ok::<Rows, ModelError>(model.sample(n, &mut stream)?.into_rows())
        };
        let held_out = draws("held-out", 0, params.samples)?;
        let samples =
            |update: u64, n: usize| draws("samples", update, n).map_err(TrainingError::algorithm);
        let mut critics = Critics::new(
            &Cpu::default(),
            &params.critic,
            shape,
            vec![
                ("critic-of-valid", VALID.name, valid),
                ("critic-of-train", TRAIN.name, train),
            ],
            (Box::new(samples), held_out),
            seed,
        );
        let config = json!({ "critic": format!("{:?}", params.critic), "shape": shape });
        let curve = learned("critic", &config, &mut critics, monitor)?;
        let distances = critics.distances();
        let [(valid, valid_se), (train, train_se)] = distances[..] else {
            unreachable!("BUG: two critics have two distances")
        };
        let numbers = vec![valid, valid_se, train, train_se, valid - train];
        Ok(Scores {
            numbers,
            curve: Some(curve),
        })
    }
}

/// As many rows of both: of the larger split those that the seed chooses.
fn as_many_of_both(valid: Rows, train: Rows, seed: Seed) -> (Rows, Rows) {
    let count = valid.len().min(train.len());
    (
        as_many(valid, count, seed.derive("valid")),
        as_many(train, count, seed.derive("train")),
    )
}

/// So many of the rows, chosen by the seed; all as they are where that many are wanted.
fn as_many(rows: Rows, count: usize, seed: Seed) -> Rows {
    if rows.len() == count {
        return rows;
    }
    let mut chosen = seed.stream(0).permutation(rows.len());
    chosen.truncate(count);
    Rows::new(rows.columns, rows.gather(&chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_critics_get_as_many_whichever_split_is_the_smaller() {
        let rows = |n: usize| Rows::new(1, (0..n).map(|i| i as f32).collect());
        for (valid, train) in [(4, 9), (9, 4), (4, 4)] {
            let (valid, train) = as_many_of_both(rows(valid), rows(train), Seed::new(1));
            for rows in [valid, train] {
                let mut values = rows.values;
                values.sort_by(f32::total_cmp);
                values.dedup();
                assert_eq!(values.len(), 4, "{values:?}");
            }
        }
    }

    #[test]
    fn splits_of_one_size_stay_as_they_are() {
        let rows = || Rows::new(1, vec![3.0, 1.0, 2.0]);
        let (valid, train) = as_many_of_both(rows(), rows(), Seed::new(1));
        assert_eq!(
            (&valid.values, &train.values),
            (&rows().values, &rows().values)
        );
    }
}
