//! `table/saliency`: how much the latent variable has to do with each token of sentences.

use serde_json::Value as Json;

use super::Stage;
use super::capabilities;
use super::fitted;
use super::measured;
use crate::data::Dataset;
use crate::data::SplitName;
use crate::data::token_class;
use crate::engine::Job;
use crate::engine::JobError;
use crate::engine::StepOutput;
use crate::metrics::inferred;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::semi_amortized::Content;
use crate::models::semi_amortized::Observed;
use crate::models::semi_amortized::SemiAmortized;
use crate::nn::device::DeviceChoice;
use crate::random::Seed;
use crate::registry::Capability;
use crate::registry::Columns;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Outputs;
use crate::registry::Param;
use crate::registry::Slot;
use crate::registry::StageKind;
use crate::registry::Values;
use crate::registry::params;
use crate::table::Column;
use crate::table::Table;

/// A row per token and kind of saliency.
pub(super) struct Saliency;

params! {
    /// What `table/saliency` may be given.
    struct SaliencyParams {
        /// which sentences
        split: SplitName = SplitName::Test;
        /// at most how many, from the first [default: all]
        sentences: Option<usize>, min(1);
        /// tokens of the shortest sentence that is taken, with `</s>`
        shortest: usize = 1, min(1);
        /// tokens of the longest sentence that is taken, with `</s>`
        longest: usize = 1_000_000, min(1);
        /// draws of z per sentence
        samples: usize = 5, min(1);
        /// which noise
        seed: Seed;
    }
}

const SALIENCY: Measure = Measure::new("saliency", "saliency");

impl Entry for Saliency {
    fn name(&self) -> &'static str {
        "table/saliency"
    }

    fn summary(&self) -> &'static str {
        "how much the latent variable has to do with each token of sentences"
    }

    fn docs(&self) -> &'static str {
        "```text\n\
         output saliency of token t = ‖ E_q[∂ log p(x_t | x_<t, z) / ∂z] ‖₂\n\
         input saliency of token t  = ‖ E_q[∂ ‖z‖₂ / ∂w_t] ‖₂,   w_t: what the encoder reads at t\n\
         ```\n\
         \n\
         Expectations are means over `samples` draws of z, q is that at λ_K for the output and that of\n\
         the encoder for the input. A row per token and `what` (`output`, `input`), with `sentence` (its\n\
         place in the split), `place` from 1, `token`, its `class`, `frequency` (how often it comes in the\n\
         training sentences) and `log_frequency` (ln, from 1; rounded to halves, for groups). The class is that of a short list of English function words,\n\
         `content` where it is in none, `special` for `</s>` and `<unk>`; it is no tagger's part of\n\
         speech. `<s>` is left out; a model without an encoder has no `input`.\n\
         \n\
         Source: figures 3 and 4 of Kim, Wiseman, Miller, Sontag and Rush 2018, arXiv 1802.02550."
    }

    fn params(&self) -> Vec<Param> {
        SaliencyParams::params()
    }
}

impl StageKind for Saliency {
    fn inputs(&self) -> Vec<Slot> {
        measured::SLOTS.to_vec()
    }

    fn outputs(&self) -> Outputs {
        measured::TABLE
    }

    fn columns(&self, _output: &str, _params: &Values, _rows: &dyn Fn(&str) -> Columns) -> Columns {
        measured::columns(&empty())
    }

    fn measures(&self) -> Vec<Measure> {
        vec![SALIENCY]
    }

    fn foresee(&self, _params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<Facts, Misfit> {
        let needs = [
            Capability::PosteriorRefinement,
            Capability::PosteriorDensity,
            Capability::Sequences,
        ];
        capabilities::check(&needs, reads)?;
        Ok(Facts::default())
    }

    fn uses_numerics(&self) -> bool {
        true
    }
}

impl Stage for Saliency {
    fn run(&self, job: &Job<'_>) -> Result<StepOutput, JobError> {
        let params = SaliencyParams::read(&job.step.params)?;
        let none = || measured::left(&empty());
        fitted::unless_diverged(none, || {
            let (model, data) = fitted::with_data(job, DeviceChoice::Cpu)?;
            Ok(measured::left(&table(&*model, &data, &params)?))
        })
    }
}

fn empty() -> Table {
    let axes = ["sentence", "what", "place", "token", "class"].map(Column::axis);
    let numbers = ["frequency", "log_frequency", "saliency"].map(super::number_column);
    Table {
        columns: axes.into_iter().chain(numbers).collect(),
        rows: Vec::new(),
    }
}

/// Saliency of the tokens of one sentence.
struct Found {
    row: usize,
    what: &'static str,
    tokens: Vec<u32>,
    saliency: Vec<f64>,
}

fn table(model: &dyn Fitted, data: &Dataset, params: &SaliencyParams) -> Result<Table, ModelError> {
    let model = inferred::refining(model)?;
    let split = params.split.name();
    let seed = params.seed.derive("saliency");
    let mut found = Vec::new();
    for (i, chosen) in chosen(model, data, params)?.iter().enumerate() {
        let noise = inferred::noise_of(&seed, i);
        found.extend(outputs(model, chosen, params.samples, noise)?);
        if model.has_encoder() {
            found.extend(inputs(model, chosen, params.samples, noise)?);
        }
    }
    found.sort_by_key(|found| (found.row, found.what == "input"));
    let words = data.vocabulary();
    let mut counts = vec![0u64; words.len()];
    for token in data.train.sequences().into_iter().flatten() {
        if let Some(count) = counts.get_mut(*token as usize) {
            *count += 1;
        }
    }
    let mut table = empty();
    for found in found {
        let mut place = 0;
        for (token, saliency) in found.tokens.iter().zip(&found.saliency) {
            let word = words.get(*token as usize).copied().ok_or_else(|| {
                ModelError::Data(format!("`{split}` has a token {token} without a word"))
            })?;
            // It opens every sentence and is no word of any.
            if word == "<s>" {
                continue;
            }
            place += 1;
            let count = counts[*token as usize];
            let log = (2.0 * (count.max(1) as f64).ln()).round() / 2.0;
            table.rows.push(vec![
                found.row.into(),
                found.what.into(),
                place.into(),
                word.into(),
                token_class(word).into(),
                count.into(),
                log.into(),
                Json::from(*saliency),
            ]);
        }
    }
    Ok(table)
}

/// Sentences of a batch.
struct Chosen {
    /// As the model's refinement sees it.
    batch: Observed,
    /// Those that are asked for, by their places in it.
    kept: Vec<usize>,
    /// The same sentences alone.
    content: Content,
}

/// The sentences that are asked for, each in its batch, since its refinement depends on that.
fn chosen(
    model: &dyn SemiAmortized,
    data: &Dataset,
    params: &SaliencyParams,
) -> Result<Vec<Chosen>, ModelError> {
    let batches = model.batches(data, params.split.name())?;
    let fits = |n: &usize| (params.shortest..=params.longest).contains(n);
    let mut rows = Vec::new();
    for batch in &batches {
        let tokens = model.predicted(&batch.content);
        let own = batch.rows.iter().zip(tokens).filter(|(_, n)| fits(n));
        rows.extend(own.map(|(row, _)| *row));
    }
    rows.sort_unstable();
    rows.truncate(params.sentences.unwrap_or(usize::MAX));
    if rows.is_empty() {
        return Err(ModelError::Data(format!(
            "`{}` has no sentence of {} to {} tokens",
            params.split.name(),
            params.shortest,
            params.longest
        )));
    }
    let mut chosen = Vec::new();
    for batch in batches {
        let places = 0..batch.rows.len();
        let kept: Vec<usize> = places
            .filter(|&i| rows.binary_search(&batch.rows[i]).is_ok())
            .collect();
        if !kept.is_empty() {
            let content = batch.content.gather(&kept);
            chosen.push(Chosen {
                batch,
                kept,
                content,
            });
        }
    }
    Ok(chosen)
}

fn sequences(content: &Content) -> Result<&[Vec<u32>], ModelError> {
    match content {
        Content::Sequences(all) => Ok(all),
        Content::Images(_) => Err(ModelError::Unsupported(
            "saliency is of tokens, the model is of images".to_owned(),
        )),
    }
}

fn outputs(
    model: &dyn SemiAmortized,
    chosen: &Chosen,
    samples: usize,
    noise: Seed,
) -> Result<Vec<Found>, ModelError> {
    let q = inferred::last(model, &chosen.batch, noise)?.gather(&chosen.kept);
    let draws = noise.derive("output");
    let of_draw = |draw: usize| {
        let noise = draws.stream(draw as u64).normal(q.len() * q.dimension());
        model.output_gradients(&chosen.content, &inferred::draw(&q, &noise))
    };
    let norms = norms_of_means(samples, of_draw)?;
    // The last tokens are predicted; a first one that opens the sequence is not.
    found(chosen, "output", norms, |sequence, n| {
        sequence[sequence.len() - n..].to_vec()
    })
}

fn inputs(
    model: &dyn SemiAmortized,
    chosen: &Chosen,
    samples: usize,
    noise: Seed,
) -> Result<Vec<Found>, ModelError> {
    let draws = noise.derive("input");
    let of_draw = |draw: usize| {
        let n = chosen.content.len();
        let noise = draws.stream(draw as u64).normal(n * model.latent());
        model.input_gradients(&chosen.content, &Rows::new(model.latent(), noise))
    };
    let norms = norms_of_means(samples, of_draw)?;
    found(chosen, "input", norms, |sequence, n| sequence[..n].to_vec())
}

/// Per sentence, what stands in `norms`, a column per sentence.
fn found(
    chosen: &Chosen,
    what: &'static str,
    norms: Vec<Vec<f64>>,
    tokens: impl Fn(&[u32], usize) -> Vec<u32>,
) -> Result<Vec<Found>, ModelError> {
    let sentences = chosen.kept.iter().zip(sequences(&chosen.content)?);
    Ok(sentences
        .enumerate()
        .map(|(i, (&kept, sequence))| {
            let saliency: Vec<f64> = norms.iter().map(|at| at[i]).collect();
            Found {
                row: chosen.batch.rows[kept],
                what,
                tokens: tokens(sequence, saliency.len()),
                saliency,
            }
        })
        .collect())
}

/// Norms of mean gradients: per place of the sequence, per observation.
fn norms_of_means(
    samples: usize,
    of_draw: impl Fn(usize) -> Result<Vec<Rows>, ModelError>,
) -> Result<Vec<Vec<f64>>, ModelError> {
    let mut sums: Vec<(usize, Vec<f64>)> = Vec::new();
    for draw in 0..samples {
        let gradients = of_draw(draw)?;
        if sums.is_empty() {
            let zeros = gradients
                .iter()
                .map(|g| (g.columns, vec![0.0; g.values.len()]));
            sums = zeros.collect();
        }
        for ((_, sum), gradient) in sums.iter_mut().zip(&gradients) {
            for (sum, value) in sum.iter_mut().zip(&gradient.values) {
                *sum += f64::from(*value) / samples as f64;
            }
        }
    }
    let norm = |row: &[f64]| row.iter().map(|g| g * g).sum::<f64>().sqrt();
    let norms = sums
        .iter()
        .map(|(columns, sum)| sum.chunks_exact((*columns).max(1)).map(norm).collect());
    Ok(norms.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Array;
    use crate::data::Split;
    use crate::models::DiagonalGaussians;
    use crate::models::observation::Decoded;
    use crate::models::observation::LogVariances;
    use crate::models::semi_amortized::Inference;
    use crate::models::semi_amortized::Refinement;
    use crate::models::semi_amortized::Start;
    use crate::random::Stream;
    use crate::registry::declared::values;

    #[test]
    fn the_norm_is_of_the_mean_and_not_the_mean_of_norms() {
        // Two draws that cancel in the first dimension.
        let draws = [vec![1.0f32, 2.0], vec![-1.0, 2.0]];
        let of_draw = |draw: usize| Ok(vec![Rows::new(2, draws[draw].clone())]);
        assert_eq!(norms_of_means(2, of_draw).unwrap(), [[2.0]]);
    }

    /// The gradient of a predicted token is its number, that of a read one ten times its number.
    struct Numbers;

    fn tokens_of(x: &Content) -> &[Vec<u32>] {
        sequences(x).expect("they are sequences")
    }

    /// Per place, a row per sentence.
    fn by_place(x: &Content, from: usize, factor: f32) -> Vec<Rows> {
        let sequences = tokens_of(x);
        let row = |t: usize| -> Vec<f32> {
            let tokens = sequences.iter().map(|sequence| sequence[t]);
            tokens
                .flat_map(|token| [factor * token as f32, 0.0])
                .collect()
        };
        let places = from..sequences[0].len();
        places.map(|t| Rows::new(2, row(t))).collect()
    }

    impl Fitted for Numbers {
        fn shape(&self) -> &[usize] {
            &[]
        }

        fn latent(&self) -> usize {
            2
        }

        fn decode(&self, _z: &Rows) -> Result<Decoded, ModelError> {
            unreachable!("nobody asks for it")
        }

        fn semi_amortized(&self) -> Option<&dyn SemiAmortized> {
            Some(self)
        }
    }

    impl SemiAmortized for Numbers {
        fn method(&self) -> Inference {
            Inference::Vae
        }

        fn latent(&self) -> usize {
            2
        }

        fn has_encoder(&self) -> bool {
            true
        }

        fn refinement(&self) -> Refinement {
            Refinement {
                start: Start::Encoder,
                steps: 0,
                rate: 1.0,
                momentum: 0.0,
                clip: 0.0,
            }
        }

        fn batches(&self, data: &Dataset, split: &str) -> Result<Vec<Observed>, ModelError> {
            let split = data.split(split).expect("the split exists");
            let all = split.sequences().into_iter().map(<[u32]>::to_vec);
            Ok(Content::Sequences(all.collect()).in_batches(2))
        }

        fn predicted(&self, x: &Content) -> Vec<usize> {
            tokens_of(x)
                .iter()
                .map(|sequence| sequence.len() - 1)
                .collect()
        }

        fn infer(
            &self,
            x: &Content,
            _how: &Refinement,
            _noise: Seed,
        ) -> Result<Vec<DiagonalGaussians>, ModelError> {
            let zeros = Rows::new(2, vec![0.0; 2 * x.len()]);
            Ok(vec![DiagonalGaussians::new(
                zeros.clone(),
                LogVariances::new(zeros),
            )])
        }

        fn log_likelihood(&self, _x: &Content, _z: &Rows) -> Result<Vec<f64>, ModelError> {
            unreachable!("nobody asks for it")
        }

        fn log_likelihood_by_part(&self, _x: &Content, _z: &Rows) -> Result<Rows, ModelError> {
            unreachable!("nobody asks for it")
        }

        fn output_gradients(&self, x: &Content, z: &Rows) -> Result<Vec<Rows>, ModelError> {
            assert_eq!(x.len(), z.len());
            Ok(by_place(x, 1, 1.0))
        }

        fn input_gradients(&self, x: &Content, noise: &Rows) -> Result<Vec<Rows>, ModelError> {
            assert_eq!(x.len(), noise.len());
            Ok(by_place(x, 0, 10.0))
        }

        fn generate(
            &self,
            _z: &Rows,
            _count: usize,
            _stream: &mut Stream,
        ) -> Result<Content, ModelError> {
            unreachable!("nobody asks for it")
        }
    }

    #[test]
    fn every_number_stands_at_its_token_with_class_and_frequency() {
        let words = ["<pad>", "<unk>", "<s>", "</s>", "the", "cat"];
        let split = Split::new()
            .with("lengths", Array::column(vec![4u32, 3, 4]))
            .with(
                "tokens",
                Array::column(vec![2u32, 4, 5, 3, 2, 5, 3, 2, 1, 4, 3]),
            );
        let meta = serde_json::json!({"name": "mine", "vocabulary": words});
        let data = Dataset::new(split.clone(), split.clone(), split, meta);
        let given = [("sentences", crate::registry::Value::from(2))];
        let params = values(SaliencyParams::params(), &given);
        let params = SaliencyParams::read(&params).unwrap();
        let csv = table(&Numbers, &data, &params).unwrap().to_csv();
        // `the` comes twice, `cat` twice, `</s>` three times; ln 2 is 0.7, ln 3 is 1.1.
        assert_eq!(
            csv,
            "sentence,what,place,token,class,frequency,log_frequency,saliency\n\
             0,output,1,the,determiner,2,0.5,4.0\n\
             0,output,2,cat,content,2,0.5,5.0\n\
             0,output,3,</s>,special,3,1.0,3.0\n\
             0,input,1,the,determiner,2,0.5,40.0\n\
             0,input,2,cat,content,2,0.5,50.0\n\
             0,input,3,</s>,special,3,1.0,30.0\n\
             1,output,1,cat,content,2,0.5,5.0\n\
             1,output,2,</s>,special,3,1.0,3.0\n\
             1,input,1,cat,content,2,0.5,50.0\n\
             1,input,2,</s>,special,3,1.0,30.0\n"
        );
        let none = [("shortest", crate::registry::Value::from(9))];
        let params = values(SaliencyParams::params(), &none);
        let params = SaliencyParams::read(&params).unwrap();
        let error = table(&Numbers, &data, &params).unwrap_err().to_string();
        assert!(error.contains("no sentence of 9 to"), "{error}");
    }
}
