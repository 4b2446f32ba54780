//! Two estimates of one quantity, held against each other.

use super::Draws;
use super::Fitted;
use super::ModelError;
use super::Rows;
use super::posterior::log_prior;
use crate::random::Stream;

/// Standard errors that chance explains: it goes beyond in one of three million cases.
const ERRORS: f64 = 5.0;

/// Nats that single precision explains.
const SLACK: f64 = 1e-3;

/// Whether a difference that cannot be negative is so by more than its standard error explains.
pub fn is_negative(difference: f64, standard_error: f64) -> bool {
    difference < -(ERRORS * standard_error + SLACK)
}

/// Bounds of log p(x) from one draw of z each, log p(x, z) − log q(z|x), whose mean is the ELBO; none
/// where the model gives no density q(z|x).
pub fn elbo_draws(
    model: &dyn Fitted,
    x: &Rows,
    stream: &mut Stream,
) -> Result<Option<Vec<f64>>, ModelError> {
    let posterior = match model.encode(x) {
        Ok(posterior) => posterior,
        Err(ModelError::Unsupported(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let latent = model.latent();
    let noise = stream.normal(x.len() * latent);
    if posterior.flow.is_some() {
        let everyone: Vec<usize> = (0..x.len()).collect();
        let Draws {
            z,
            log_density: log_q,
        } = posterior.sample(&everyone, &noise)?;
        let logs = model.log_likelihood(x, &z)?;
        let terms = logs.into_iter().zip(log_prior(&z)).zip(log_q);
        return Ok(Some(terms.map(|((l, p), q)| l + p - q).collect()));
    }
    let Some(log_var) = posterior.log_var else {
        return Ok(None);
    };
    let means = posterior.mean.values.iter().enumerate();
    let z = means.map(|(at, mean)| mean + log_var.sigma(at) * noise[at]);
    let z = Rows::new(latent, z.collect());
    let mut logs = model.log_likelihood(x, &z)?;
    for (at, e) in noise.iter().enumerate() {
        // ln p(z) − ln q(z|x): the constants of two Gaussians cancel.
        let [z, e, s] = [z.values[at], *e, log_var.values()[at]].map(f64::from);
        logs[at / latent] += 0.5 * (s + e * e - z * z);
    }
    Ok(Some(logs))
}
