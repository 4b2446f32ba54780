//! The fitted model on its device.

use super::Content;
use super::Inference;
use super::Networks;
use super::Observed;
use super::Refinement;
use super::Representation;
use super::SemiAmortized;
use super::Settings;
use super::Start;
use super::networks::Draws;
use super::networks::Lambda;
use super::networks::Objective;
use super::networks::Terms;
use crate::data::Dataset;
use crate::models::DiagonalGaussians;
use crate::models::Fitted;
use crate::models::ModelError;
use crate::models::Rows;
use crate::models::observation::Decoded;
use crate::models::observation::LogVariances;
use crate::nn::ClippedStep;
use crate::nn::Differences;
use crate::nn::Matrix;
use crate::nn::Pass;
use crate::nn::Statistics;
use crate::nn::backend::Backend;
use crate::nn::losses;
use crate::random::Seed;
use crate::random::Stream;
use crate::training::weights;

/// Networks that were trained, with what reads observations for them.
pub struct FittedSemiAmortized<B: Backend, X> {
    shape: Vec<usize>,
    method: Inference,
    settings: Settings,
    networks: Networks<B, X>,
    representation: Box<dyn Representation<X>>,
}

impl<B: Backend, X> FittedSemiAmortized<B, X> {
    /// With the weights that a training left, of observations of this shape, which is empty for
    /// sequences.
    ///
    /// # Errors
    /// Where the weights do not fit, or the settings were damaged.
    pub fn open(
        bytes: &[u8],
        mut networks: Networks<B, X>,
        shape: Vec<usize>,
        settings: Settings,
        representation: impl Representation<X> + 'static,
    ) -> Result<Box<dyn Fitted>, ModelError>
    where
        B: 'static,
        X: 'static,
    {
        weights::open(bytes, &mut networks.components())?;
        Ok(Box::new(FittedSemiAmortized {
            shape,
            method: settings.method()?,
            settings,
            networks,
            representation: Box::new(representation),
        }))
    }

    fn z(&self, z: &Rows, n: usize) -> Result<Option<Matrix<B>>, ModelError> {
        let latent = self.networks.latent;
        match latent {
            0 => Ok(None),
            _ if z.columns == latent && z.len() == n => {
                let device = self.networks.device();
                Ok(Some(device.matrix(z.values.clone(), n, latent)))
            }
            _ => Err(ModelError::Data(format!(
                "{n} observations need as many latent variables of {latent} numbers, given are {} of {}",
                z.len(),
                z.columns
            ))),
        }
    }

    /// −log p(x_t | x_<t, z), `[n, T]`.
    fn parts(&self, pass: &Pass<'_, B>, x: &X, z: Option<Matrix<B>>) -> Matrix<B> {
        self.networks.decoder.network.parts(pass, x, z, None)
    }
}

/// The terms of the bound at λ_K, with β = 1 and without dropout: one draw of z for log p(x|z), the KL in
/// closed form; without z −log p(x) itself. The last step of refinement draws ε_K.
pub(super) fn bound<B: Backend, X>(
    networks: &Networks<B, X>,
    settings: &Settings,
    x: &X,
    n: usize,
    noise: Seed,
) -> Result<Terms<B>, ModelError> {
    let decoder = &networks.decoder;
    let pass = decoder.component.constant();
    if networks.latent == 0 {
        return Ok(Terms {
            nll: decoder.network.nll(&pass, x, None, None),
            kl: networks.device().full(0.0, (n,)),
        });
    }
    let points = infer(networks, &settings.refinement, x, n, noise)?;
    let last = points.len() - 1;
    Ok(evaluation(networks, x, &Draws::of(noise)).terms(&pass, &points[last], last))
}

fn evaluation<'a, B: Backend, X>(
    networks: &'a Networks<B, X>,
    x: &'a X,
    draws: &'a Draws,
) -> Objective<'a, B, X> {
    Objective {
        decoder: &*networks.decoder.network,
        x,
        beta: 1.0,
        draws,
    }
}

/// λ_0 … λ_K, as constants.
fn infer<B: Backend, X>(
    networks: &Networks<B, X>,
    how: &Refinement,
    x: &X,
    n: usize,
    noise: Seed,
) -> Result<Vec<Vec<Matrix<B>>>, ModelError> {
    let latent = networks.latent;
    if latent == 0 {
        let what = "the model has no latent variable to infer".to_owned();
        return Err(ModelError::Unsupported(what));
    }
    let start = start(networks, how.start, x, n, noise)?;
    let inner = how.inner(Differences::default(), ClippedStep::Exact);
    let draws = Draws::of(noise);
    let objective = evaluation(networks, x, &draws);
    let f = |pass: &Pass<'_, B>, lambda: &[Matrix<B>], k: usize| objective.value(pass, lambda, k);
    let steps = inner.run(networks.decoder.component.params(), &start, &f);
    Ok(steps.points)
}

fn start<B: Backend, X>(
    networks: &Networks<B, X>,
    start: Start,
    x: &X,
    n: usize,
    noise: Seed,
) -> Result<Lambda<B>, ModelError> {
    let (device, count) = (networks.device(), n * networks.latent);
    let drawn = |purpose: &str, deviation: f32| {
        let mut values = noise.derive(purpose).stream(0).normal(count);
        values.iter_mut().for_each(|value| *value *= deviation);
        device.matrix(values, n, networks.latent)
    };
    match (start, &networks.encoder) {
        (Start::Encoder, Some(encoder)) => {
            let pass = encoder.component.constant();
            Ok(encoder.encode(&pass, x, &Statistics::Running))
        }
        (Start::Encoder, None) => Err(ModelError::Unsupported(
            "the model has no encoder to start from: it was trained with `inference: svi`; start at \
             zeros or at random"
                .to_owned(),
        )),
        (Start::Zeros, _) => Ok(["mean", "log_var"].map(|part| drawn(part, 0.0))),
        (Start::Random(deviation), _) => Ok(["mean", "log_var"].map(|part| drawn(part, deviation))),
    }
}

impl<B: Backend, X> Fitted for FittedSemiAmortized<B, X> {
    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn latent(&self) -> usize {
        self.networks.latent
    }

    fn semi_amortized(&self) -> Option<&dyn SemiAmortized> {
        Some(self)
    }

    fn decode(&self, _z: &Rows) -> Result<Decoded, ModelError> {
        Err(ModelError::Unsupported(
            "p(x|z) is autoregressive: it has no parameters but those given the parts of x before"
                .to_owned(),
        ))
    }
}

impl<B: Backend, X> SemiAmortized for FittedSemiAmortized<B, X> {
    fn method(&self) -> Inference {
        self.method
    }

    fn latent(&self) -> usize {
        self.networks.latent
    }

    fn has_encoder(&self) -> bool {
        self.networks.encoder.is_some()
    }

    fn refinement(&self) -> Refinement {
        self.settings.refinement
    }

    fn batches(&self, data: &Dataset, split: &str) -> Result<Vec<Observed>, ModelError> {
        let content = self.representation.read(data, split)?;
        Ok(content.in_batches(self.settings.batch))
    }

    fn predicted(&self, x: &Content) -> Vec<usize> {
        self.representation.predicted(x)
    }

    fn infer(
        &self,
        x: &Content,
        how: &Refinement,
        noise: Seed,
    ) -> Result<Vec<DiagonalGaussians>, ModelError> {
        let batch = self.representation.batch(x, None)?;
        let points = infer(&self.networks, how, &batch, x.len(), noise)?;
        let rows = |matrix: &Matrix<B>| -> Result<Rows, ModelError> {
            let values = finite("λ", matrix.to_vec())?;
            Ok(Rows::new(self.networks.latent, values))
        };
        let gaussians = |point: Vec<Matrix<B>>| -> Result<DiagonalGaussians, ModelError> {
            let log_var = LogVariances::new(rows(&point[1])?);
            Ok(DiagonalGaussians::new(rows(&point[0])?, log_var))
        };
        points.into_iter().map(gaussians).collect()
    }

    fn log_likelihood(&self, x: &Content, z: &Rows) -> Result<Vec<f64>, ModelError> {
        let batch = self.representation.batch(x, None)?;
        let z = self.z(z, x.len())?;
        let decoder = &self.networks.decoder;
        let pass = decoder.component.constant();
        let nll = decoder.network.nll(&pass, &batch, z, None).to_vec();
        let nll = finite("log p(x|z)", nll)?;
        Ok(nll.into_iter().map(|nll| -f64::from(nll)).collect())
    }

    fn log_likelihood_by_part(&self, x: &Content, z: &Rows) -> Result<Rows, ModelError> {
        let batch = self.representation.batch(x, None)?;
        let z = self.z(z, x.len())?;
        let pass = self.networks.decoder.component.constant();
        let parts = self.parts(&pass, &batch, z);
        let values = finite("log p(x|z)", parts.to_vec())?
            .into_iter()
            .map(|nll| -nll);
        Ok(Rows::new(parts.columns(), values.collect()))
    }

    fn output_gradients(&self, x: &Content, z: &Rows) -> Result<Vec<Rows>, ModelError> {
        let batch = self.representation.batch(x, None)?;
        let Some(z) = self.z(z, x.len())? else {
            let what = "the model has no latent variable to look at".to_owned();
            return Err(ModelError::Unsupported(what));
        };
        let params = self.networks.decoder.component.params();
        let mut all = Vec::new();
        let mut count = 1;
        while all.len() < count {
            let pass = params.record_inputs();
            let z = z.watched(pass.tape());
            let parts = self.parts(&pass, &batch, Some(z.clone()));
            count = parts.columns();
            let mut only = vec![0.0; count];
            only[all.len()] = -1.0;
            let loss = parts.times_row(pass.device().vector(only)).sum();
            let gradient = loss.backward().of(&z).to_vec();
            let gradient = finite("gradient of log p(x|z)", gradient)?;
            all.push(Rows::new(self.networks.latent, gradient));
        }
        Ok(all)
    }

    fn input_gradients(&self, x: &Content, noise: &Rows) -> Result<Vec<Rows>, ModelError> {
        let batch = self.representation.batch(x, None)?;
        let encoder = self.networks.encoder.as_ref().ok_or_else(|| {
            ModelError::Unsupported("the model has no encoder to look at".to_owned())
        })?;
        let n = x.len();
        let noise = self.z(noise, n)?.expect("an encoder has a latent variable");
        let pass = encoder.component.params().record_inputs();
        let inputs = encoder.network.inputs(&pass, &batch).watched(pass.tape());
        let running = Statistics::Running;
        let [mean, log_var] = encoder
            .network
            .encode(&pass, &batch, inputs.clone(), &running);
        let z = losses::gaussian_sample(mean, log_var, noise);
        // ‖z‖ per observation; where z is 0 there is no direction.
        let norms = (z.square().sum_rows() + 1e-12).sqrt();
        let gradient = norms.sum().backward().of(&inputs);
        let width = gradient.columns();
        let gradient = Rows::new(width, finite("gradient of z", gradient.to_vec())?);
        let parts = gradient.len() / n.max(1);
        let of_part = |part: usize| {
            let rows: Vec<usize> = (0..n).map(|i| i * parts + part).collect();
            Rows::new(width, gradient.gather(&rows))
        };
        Ok((0..parts).map(of_part).collect())
    }

    fn generate(&self, z: &Rows, count: usize, stream: &mut Stream) -> Result<Content, ModelError> {
        let z = (self.networks.latent > 0).then_some(z);
        let count = z.map_or(count, Rows::len);
        if let Some(z) = z {
            self.z(z, count)?;
        }
        let decoder = &self.networks.decoder;
        let pass = decoder.component.constant();
        decoder.network.generate(&pass, z, count, stream)
    }
}

/// No number that is not finite comes out of a model.
fn finite(what: &str, values: Vec<f32>) -> Result<Vec<f32>, ModelError> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => Err(ModelError::Diverged(format!("its {what} is {value}"))),
        None => Ok(values),
    }
}
