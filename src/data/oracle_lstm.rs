//! Sequences from a known recurrent generator: the synthetic data of semi-amortized VAEs.

use rayon::prelude::*;
use serde_json::json;

use super::Array;
use super::Context;
use super::DataError;
use super::DataSet;
use super::Dataset;
use super::Split;
use super::oracle::LATENT;
use super::oracle::Oracle;
use crate::random::Seed;
use crate::registry::Entry;
use crate::registry::Param;
use crate::registry::Property;
use crate::registry::Values;
use crate::registry::params;

/// `dataset/oracle-lstm`
pub(super) struct OracleLstm;

params! {
    /// What `dataset/oracle-lstm` may be given.
    struct OracleParams {
        /// tokens that can be drawn
        vocabulary: usize = 1000, min(2);
        /// units of the LSTM and size of an embedding
        hidden: usize = 100, min(1);
        /// tokens of a sequence
        length: usize = 5, min(1);
        /// sequences to train on
        train: usize = 5000, min(1);
        /// sequences to validate on
        valid: usize = 5000, min(1);
        /// sequences to test on
        test: usize = 5000, min(1);
        /// test sequences whose true likelihood is computed, about 50 ms each
        true_nll: usize = 200, min(0);
        /// which weights
        oracle: Seed;
        /// which sequences
        seed: Seed;
    }
}

impl Entry for OracleLstm {
    fn name(&self) -> &'static str {
        "oracle-lstm"
    }

    fn summary(&self) -> &'static str {
        "sequences from a random LSTM with a two-dimensional latent variable, true likelihood known"
    }

    fn docs(&self) -> &'static str {
        "z ~ N(0, I) in two dimensions, h_t = LSTM(h_{t−1}, x_{t−1}), p(x_t | x_{<t}, z) =\n\
         softmax(W [h_t; z] + b). Weights are U(−1, 1), the columns of W that read z U(−5, 5),\n\
         embeddings N(0, 1); x_0 is a start symbol with an embedding of its own (index\n\
         `vocabulary`), which is not stored.\n\
         \n\
         `tokens` and `lengths` as for text, without `<s>` and `</s>`; `z` is kept. `generator` has\n\
         the weights, and `true_nll`, −log p(x) in nats of the first test sequences by\n\
         two-dimensional quadrature; `meta.true_nll` is their mean, with its standard error and n.\n\
         \n\
         Source: Kim, Wiseman, Miller, Sontag and Rush 2018, *Semi-amortized variational\n\
         autoencoders*, arXiv 1802.02550, section 4.1. The start symbol and the embeddings'\n\
         distribution are our reading; the mean true likelihood fits theirs of 19.63 nats."
    }

    fn params(&self) -> Vec<Param> {
        OracleParams::params()
    }
}

impl DataSet for OracleLstm {
    fn has_sequences(&self) -> bool {
        true
    }

    fn range(&self, _params: &Values) -> Option<(f64, f64)> {
        None
    }

    fn lacks(&self, _params: &Values) -> Vec<Property> {
        vec![Property::Pictures, Property::Labels, Property::LogDensity]
    }

    fn load(&self, params: &Values, context: &Context<'_>) -> Result<Dataset, DataError> {
        let params = OracleParams::read(params)?;
        let weights = params.oracle.derive("data/oracle-lstm/weights");
        let oracle = Oracle::draw(params.vocabulary, params.hidden, weights);
        let seed = params.seed.derive("data/oracle-lstm");
        let split = |name, count| draw(&oracle, count, params.length, seed.derive(name));
        let train = split("train", params.train);
        let valid = split("valid", params.valid);
        let test = split("test", params.test);
        let scored = params.true_nll.min(test.len());
        (context.log)(&format!("integrating the likelihood of {scored} sequences"));
        let nll: Vec<f64> = test.sequences()[..scored]
            .par_iter()
            .map(|sequence| oracle.nll(sequence))
            .collect();
        // Sequences have no words; the tokens are their own names.
        let words: Vec<String> = (0..oracle.vocabulary).map(|i| i.to_string()).collect();
        let meta = json!({
            "name": self.name(),
            "vocabulary": words,
            "latent": LATENT,
            "true_nll": summary(&nll),
            "origin": "drawn; Kim et al. 2018, Semi-amortized variational autoencoders, arXiv 1802.02550",
            "licence": "none needed",
        });
        let mut data = Dataset::new(train, valid, test, meta);
        for (name, array) in oracle.arrays() {
            data.generator.insert(name.to_owned(), array);
        }
        data.generator
            .insert("true_nll".to_owned(), Array::column(nll));
        Ok(data)
    }
}

/// Row `i` draws from `seed.stream(i)`, whatever rows there are beside it.
fn draw(oracle: &Oracle, count: usize, length: usize, seed: Seed) -> Split {
    let rows: Vec<(Vec<u32>, [f64; LATENT])> = (0..count)
        .into_par_iter()
        .map(|row| oracle.sample(length, &mut seed.stream(row as u64)))
        .collect();
    let z: Vec<f32> = rows.iter().flat_map(|(_, z)| z.map(|z| z as f32)).collect();
    let tokens: Vec<u32> = rows.into_iter().flat_map(|(tokens, _)| tokens).collect();
    Split::new()
        .with("lengths", Array::column(vec![length as u32; count]))
        .with("tokens", Array::column(tokens))
        .with("z", Array::new(&[count, LATENT], z))
}

/// Mean, standard error and n; nothing without sequences.
fn summary(nll: &[f64]) -> serde_json::Value {
    let n = nll.len() as f64;
    if nll.is_empty() {
        return serde_json::Value::Null;
    }
    let mean = nll.iter().sum::<f64>() / n;
    let squares: f64 = nll.iter().map(|value| (value - mean).powi(2)).sum();
    let se = (n > 1.0).then(|| (squares / (n - 1.0) / n).sqrt());
    json!({"mean": mean, "se": se, "n": nll.len()})
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An independent simulation of the same process found 19.3 to 20.9 nats over three seeds; 40
    /// sequences have a standard error of about 0.5, and three seeds do not bound all seeds.
    #[test]
    fn the_true_likelihood_is_near_the_published_one() {
        let oracle = Oracle::draw(1000, 100, Seed::new(0));
        let test = draw(&oracle, 40, 5, Seed::new(1));
        let nll: Vec<f64> = test.sequences().iter().map(|x| oracle.nll(x)).collect();
        let mean = nll.iter().sum::<f64>() / 40.0;
        assert!((17.5..22.5).contains(&mean), "{mean}");
    }
}
