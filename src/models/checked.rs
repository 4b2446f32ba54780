//! The one door to a fitted model: what does not fit it is refused with the numbers, and no number
//! that is not finite comes out of it, whatever stage or score asks.

use super::Draws;
use super::Fitted;
use super::ModelError;
use super::Posterior;
use super::Posteriors;
use super::Rows;
use super::observation::Decoded;
use super::observation::Means;
use super::semi_amortized::SemiAmortized;
use crate::data::Dataset;
use crate::nn::checkpoint;
use crate::registry::shape_text;

/// A fitted model whose every answer is checked.
pub(super) struct Checked(Box<dyn Fitted>);

impl Checked {
    /// # Errors
    /// [`ModelError::Diverged`] where a weight is not finite.
    pub(super) fn new(weights: &[u8], model: Box<dyn Fitted>) -> Result<Self, ModelError> {
        match checkpoint::not_finite(weights)? {
            Some(name) => Err(ModelError::Diverged(format!(
                "its weights `{name}` are not all finite"
            ))),
            None => Ok(Checked(model)),
        }
    }

    fn observations(&self, x: &Rows) -> Result<(), ModelError> {
        let wanted = self.0.shape().iter().product();
        columns(x, wanted, "an observation of the model")
    }

    fn latents(&self, z: &Rows) -> Result<(), ModelError> {
        columns(z, self.0.latent(), "a latent variable of the model")
    }
}

impl Fitted for Checked {
    fn shape(&self) -> &[usize] {
        self.0.shape()
    }

    fn latent(&self) -> usize {
        self.0.latent()
    }

    fn semi_amortized(&self) -> Option<&dyn SemiAmortized> {
        self.0.semi_amortized()
    }

    fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
        self.observations(x)?;
        let posterior = self.0.encode(x)?;
        finite("encoder", posterior.not_finite())?;
        Ok(posterior)
    }

    fn posteriors(&self, x: &Rows) -> Result<Box<dyn Posteriors + '_>, ModelError> {
        self.observations(x)?;
        Ok(Box::new(CheckedPosteriors(self.0.posteriors(x)?)))
    }

    fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
        self.latents(z)?;
        let decoded = self.0.decode(z)?;
        finite("decoder", decoded.not_finite())?;
        Ok(decoded)
    }

    fn means(&self, z: &Rows) -> Result<Means, ModelError> {
        self.latents(z)?;
        let means = self.0.means(z)?;
        finite("decoder", means.not_finite())?;
        Ok(means)
    }

    fn log_likelihood(&self, x: &Rows, z: &Rows) -> Result<Vec<f64>, ModelError> {
        self.observations(x)?;
        self.latents(z)?;
        if x.len() != z.len() {
            let (x, z) = (x.len(), z.len());
            return Err(ModelError::Data(format!(
                "{x} observations stand beside {z} latent variables"
            )));
        }
        let logs = self.0.log_likelihood(x, z)?;
        match logs.iter().find(|log| !log.is_finite()) {
            Some(log) => Err(ModelError::Diverged(format!("its log p(x|z) is {log}"))),
            None => Ok(logs),
        }
    }
}

/// Densities whose every answer is checked.
struct CheckedPosteriors<'a>(Box<dyn Posteriors + 'a>);

impl Posteriors for CheckedPosteriors<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn dimension(&self) -> usize {
        self.0.dimension()
    }

    fn draw(&self, index: &[usize], noise: &[f32]) -> Result<Draws, ModelError> {
        let draws = self.0.draw(index, noise)?;
        let densities = draws.log_density.iter().map(|log| *log as f32);
        let mut all = draws.z.values.iter().copied().chain(densities);
        finite("posterior", all.find(|value| !value.is_finite()))?;
        Ok(draws)
    }

    fn log_density(&self, index: &[usize], z: &Rows) -> Result<Vec<f64>, ModelError> {
        columns(z, self.dimension(), "a latent variable of the model")?;
        let logs = self.0.log_density(index, z)?;
        let narrowed = logs.iter().map(|log| *log as f32);
        finite("posterior", wrong_density(narrowed))?;
        Ok(logs)
    }

    fn log_densities(&self, z: &Rows) -> Result<Vec<f32>, ModelError> {
        columns(z, self.dimension(), "a latent variable of the model")?;
        let logs = self.0.log_densities(z)?;
        finite("posterior", wrong_density(logs.iter().copied()))?;
        Ok(logs)
    }

    fn kl_to_prior(&self) -> Option<Vec<f64>> {
        self.0.kl_to_prior()
    }
}

/// The first that no log density can be; −∞ is that of what lies far away.
fn wrong_density(mut logs: impl Iterator<Item = f32>) -> Option<f32> {
    logs.find(|log| log.is_nan() || *log == f32::INFINITY)
}

fn columns(rows: &Rows, wanted: usize, what: &str) -> Result<(), ModelError> {
    match rows.columns == wanted {
        true => Ok(()),
        false => Err(ModelError::Data(format!(
            "a row has {} numbers, {what} has {wanted}",
            rows.columns
        ))),
    }
}

fn finite(part: &str, wrong: Option<f32>) -> Result<(), ModelError> {
    match wrong {
        Some(value) => Err(ModelError::Diverged(format!("its {part} gives {value}"))),
        None => Ok(()),
    }
}

/// Whether a model is of observations such as a data set has.
///
/// # Errors
/// [`ModelError::Data`] with both shapes.
pub fn fits(model: &dyn Fitted, data: &Dataset) -> Result<(), ModelError> {
    let (own, given) = (model.shape(), data.shape());
    // Of sequences it is said elsewhere that they have no `x`.
    if given == own || data.train.get("x").is_none() {
        return Ok(());
    }
    Err(ModelError::Data(format!(
        "the model is of observations of {}, `{}` has observations of {}",
        shape_text(own),
        data.name(),
        shape_text(&given)
    )))
}

/// The entry of a configuration that has the digest of what the training data were scaled by.
const SCALED: &str = "scaled_by";

/// The weights with a word of what their training data were scaled by, if they were.
///
/// # Errors
/// Where they are no weights.
pub fn scaled_as(data: &Dataset, weights: Vec<u8>) -> Result<Vec<u8>, ModelError> {
    match data.scaling_digest() {
        None => Ok(weights),
        Some(digest) => Ok(checkpoint::with_entry(&weights, SCALED, digest.into())?),
    }
}

/// Whether data are scaled by the numbers of those that the weights have learned from, where both say so:
/// weights of unscaled data do not, nor do data that a program has scaled.
///
/// # Errors
/// [`ModelError::Data`] where they are scaled by others.
pub fn fits_scale(weights: &[u8], data: &Dataset) -> Result<(), ModelError> {
    let header = checkpoint::header(weights)?;
    let own = header.config[SCALED].as_str();
    match (own, data.scaling_digest()) {
        (Some(own), Some(given)) if own != given => Err(ModelError::Data(format!(
            "the columns of `{}` are scaled by other numbers than those that the model has learned from: give it \
             the data of its training; one data set that reads further files scales them alike",
            data.name()
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Array;
    use crate::data::Split;
    use crate::models::observation::LogVariances;
    use crate::models::observation::ObservationModel;
    use crate::nn::Cpu;
    use crate::nn::Params;

    /// Doubles what it is given; overflows beyond single precision.
    struct Double;

    impl Fitted for Double {
        fn shape(&self) -> &[usize] {
            &[2]
        }

        fn latent(&self) -> usize {
            2
        }

        fn encode(&self, x: &Rows) -> Result<Posterior, ModelError> {
            let mean = Rows::new(2, x.values.iter().map(|x| 2.0 * x).collect());
            Ok(Posterior::diagonal(mean, LogVariances::new(x.clone())))
        }

        fn decode(&self, z: &Rows) -> Result<Decoded, ModelError> {
            let rows = Rows::new(2, z.values.iter().map(|z| 2.0 * z).collect());
            Ok(Decoded::new(
                ObservationModel::Gaussian { sigma: 1.0 },
                rows,
            ))
        }

        fn log_likelihood(&self, x: &Rows, _z: &Rows) -> Result<Vec<f64>, ModelError> {
            Ok(vec![f64::NAN; x.len()])
        }
    }

    #[test]
    fn no_number_that_is_not_finite_comes_out() {
        let model = Checked(Box::new(Double));
        let large = Rows::new(2, vec![1.0, f32::MAX]);
        for diverged in [model.decode(&large).err(), model.encode(&large).err()] {
            assert!(matches!(diverged, Some(ModelError::Diverged(_))));
        }
        let rows = Rows::new(2, vec![1.0, 2.0]);
        assert!(model.decode(&rows).is_ok());
        let log = model.log_likelihood(&rows, &rows);
        assert!(matches!(log, Err(ModelError::Diverged(_))));
    }

    #[test]
    fn rows_of_another_size_are_refused_with_both_numbers() {
        let model = Checked(Box::new(Double));
        let pictures = Rows::new(784, vec![0.0; 784]);
        for refused in [model.decode(&pictures).err(), model.encode(&pictures).err()] {
            let said = refused.expect("it is of two numbers").to_string();
            assert!(said.contains("784") && said.contains("has 2"), "{said}");
        }
    }
    /// Data of two columns that were scaled by these numbers, if they were.
    fn data(by: Option<[f64; 2]>) -> Dataset {
        let split = || Split::new().with("x", Array::new(&[1, 2], vec![0.0f32; 2]));
        let mut meta = serde_json::json!({"name": "mine"});
        if let Some(width) = by {
            meta["scaled_by"] = serde_json::json!({"shift": [0.0, 0.0], "width": width});
        }
        Dataset::new(split(), split(), split(), meta)
    }

    #[test]
    fn weights_know_what_their_data_were_scaled_by() {
        let header = checkpoint::Header {
            iteration: 7,
            config: serde_json::json!({"model": "vae"}),
        };
        let params = Params::new(&Cpu::default());
        let weights = checkpoint::to_bytes(&header, &params, &[]).expect("weights");
        let (plain, own, other) = (data(None), data(Some([1.0, 2.0])), data(Some([1.0, 3.0])));
        let unscaled = scaled_as(&plain, weights.clone()).expect("weights");
        assert_eq!(unscaled, weights);
        let scaled = scaled_as(&own, weights).expect("weights");
        let found = checkpoint::header(&scaled).expect("a header");
        assert_eq!(
            (found.iteration, &found.config["model"]),
            (7, &"vae".into())
        );
        fits_scale(&scaled, &own).expect("it is of its data");
        let said = fits_scale(&scaled, &other).expect_err("it is of others");
        assert!(said.to_string().contains("by other numbers"), "{said}");
        fits_scale(&scaled, &plain).expect("nobody knows");
        fits_scale(&unscaled, &own).expect("nobody knows");
    }
}
