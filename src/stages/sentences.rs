//! `sample/sentences`: sentences drawn from a model of sequences, from its prior or near others.

use serde_json::Value as Json;

use super::Stage;
use super::artifacts;
use super::capabilities;
use super::fitted;
use super::measured;
use crate::data::Dataset;
use crate::data::SplitName;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::inferred;
use crate::models::DiagonalGaussians;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::SemiAmortized;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::choices;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;

/// The optional slot.
const BESIDE: &str = "beside";

/// A row per token.
pub(super) struct Sentences;

choices! {
    /// Where z comes from.
    enum Origin {
        Posterior = "posterior",
        Prior = "prior",
    }
}

params! {
    /// What `sample/sentences` may be given.
    struct SentencesParams {
        /// where z comes from
        from: Origin = Origin::Posterior;
        /// the split of the sentences whose posteriors are drawn from
        split: SplitName = SplitName::Test;
        /// places in the split of those sentences, or, from the prior, as many draws; those of `beside` where
        /// that is given
        sentences: Vec<usize> = [0], each_min(0);
        /// sentences drawn for each
        count: usize = 2, min(1);
        /// which draws
        seed: Seed;
    }
}

impl Entry for Sentences {
    fn name(&self) -> &'static str {
        "sample/sentences"
    }

    fn summary(&self) -> &'static str {
        "sentences drawn from a model of sequences, near given ones or from its prior"
    }

    fn docs(&self) -> &'static str {
        "A row per token, to stand under the sentences of `table/saliency` in `figure/text`:\n\
         `sentence` is the place of the sentence whose q(z|x) at λ_K z is drawn from, `what` is\n\
         `sample 1`, `sample 2`, …, `place` counts tokens from 1. Tokens are drawn from p(x_t | x_<t, z)\n\
         one after another, to `</s>`, which is left out. With `from: prior` z is drawn from N(0, I), and a\n\
         language model, which has no z, can be asked.\n\
         `beside` is a table of `table/saliency`: the sentences are then those that it has.\n\
         \n\
         Source: figure 3 of Kim, Wiseman, Miller, Sontag and Rush 2018, arXiv 1802.02550."
    }

    fn params(&self) -> Vec<Param> {
        SentencesParams::params()
    }
}

impl StageKind for Sentences {
    fn inputs(&self) -> Vec<Slot> {
        let mut slots = measured::SLOTS.to_vec();
        let beside = Slot::new(BESIDE, &[ArtifactType::Table], "which sentences");
        slots.push(beside.optional());
        slots
    }

    fn outputs(&self) -> Outputs {
        measured::TABLE
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        measured::columns(&empty())
    }

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        capabilities::check(
            &[Capability::PosteriorRefinement, Capability::Sequences],
            reads,
        )?;
        let from = SentencesParams::read(params).map(|params| params.from);
        if matches!(from, Ok(Origin::Posterior)) {
            let has_posterior = capabilities::check(&[Capability::PosteriorSamples], reads);
            has_posterior.map_err(|mut misfit| {
                misfit.help += "; `from: prior` needs none";
                misfit
            })?;
        }
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Sentences {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let mut params = SentencesParams::read(&job.step.params)?;
        if !job.items(BESIDE).is_empty() {
            params.sentences = places(&artifacts::read_table(artifacts::only(job, BESIDE)?)?)?;
        }
        let none = || measured::left(&empty());
        fitted::unless_diverged(none, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Cpu)?;
            Ok(measured::left(&table(&*model, &data, &params)?))
        })
    }
}

/// The sentences of a table, each once, in its order.
fn places(table: &Table) -> Result<Vec<usize>, JobError> {
    let column = table.column("sentence").ok_or_else(|| {
        JobError::failed("the table of `beside` has no column `sentence`")
            .hint("`table/saliency` leaves one")
    })?;
    let mut places: Vec<usize> = Vec::new();
    for row in &table.rows {
        let place = row[column]
            .as_u64()
            .and_then(|place| usize::try_from(place).ok());
        let place = place.ok_or_else(|| {
            let found = &row[column];
            JobError::failed(format!(
                "`sentence` of `beside` is {found}, which is no place in a split"
            ))
        })?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

fn empty() -> Table {
    Table {
        columns: ["sentence", "what", "place", "token"]
            .map(Column::axis)
            .to_vec(),
        rows: Vec::new(),
    }
}

fn table(
    model: &dyn Fitted,
    data: &Dataset,
    params: &SentencesParams,
) -> Result<Table, ModelError> {
    let model = inferred::refining(model)?;
    let seed = params.seed.derive("sample/sentences");
    let count = params.count;
    let words = data.vocabulary();
    let mut table = empty();
    let q = match params.from {
        Origin::Prior => None,
        Origin::Posterior => Some(posteriors(model, data, params, &seed)?),
    };
    for (i, &sentence) in params.sentences.iter().enumerate() {
        let noise = seed
            .derive("z")
            .stream(i as u64)
            .normal(count * model.latent());
        let z = match &q {
            None => Rows::new(model.latent(), noise),
            Some(q) => q.sample(&vec![i; count], &noise),
        };
        let mut stream = seed.derive("tokens").stream(i as u64);
        let Content::Sequences(drawn) = model.generate(&z, count, &mut stream)? else {
            let what = "the model draws images, not sentences".to_owned();
            return Err(ModelError::Unsupported(what));
        };
        for (d, sequence) in drawn.iter().enumerate() {
            let words = sequence.iter().map(|token| words.get(*token as usize));
            let words = words.map(|word| word.copied().unwrap_or("<unk>"));
            let words = words.filter(|word| !["<s>", "</s>"].contains(word));
            for (place, word) in words.enumerate() {
                table.rows.push(vec![
                    sentence.into(),
                    format!("sample {}", d + 1).into(),
                    (place + 1).into(),
                    Json::from(word),
                ]);
            }
        }
    }
    Ok(table)
}

/// q at λ_K of the wanted sentences, in the order that they are asked for.
fn posteriors(
    model: &dyn SemiAmortized,
    data: &Dataset,
    params: &SentencesParams,
    seed: &Seed,
) -> Result<DiagonalGaussians, ModelError> {
    let split = params.split.name();
    let batches = model.batches(data, split)?;
    let mut found: Option<DiagonalGaussians> = None;
    for &wanted in &params.sentences {
        let at = inferred::batch_with(&batches, wanted);
        let (i, batch, row) = at.ok_or_else(|| {
            ModelError::Data(format!(
                "there is no sentence {wanted} in `{split}`, counted from 0"
            ))
        })?;
        let q = inferred::last(model, batch, inferred::noise_of(seed, i))?;
        let one = q.gather(&[row]);
        found = Some(match found {
            None => one,
            Some(all) => all.followed_by(one),
        });
    }
    found.ok_or_else(|| ModelError::Data("no sentence is asked for".to_owned()))
}
