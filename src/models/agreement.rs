//! Two estimates of one quantity, held against each other.

use super::Fitted;
use super::ModelError;
use super::Posterior;
use super::Posteriors;
use super::Rows;
use super::posteriors::log_priors;
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
    let gaussians = match posterior {
        Posterior::Points(_) => return Ok(None),
        Posterior::Gaussians(gaussians) => gaussians,
        Posterior::Flow(flow) => {
            let everyone: Vec<usize> = (0..x.len()).collect();
            let draws = flow.draw(&everyone, &noise)?;
            let logs = model.log_likelihood(x, &draws.z)?;
            let terms = logs
                .into_iter()
                .zip(log_priors(&draws.z))
                .zip(draws.log_density);
            return Ok(Some(terms.map(|((l, p), q)| l + p - q).collect()));
        }
    };
    let everyone: Vec<usize> = (0..x.len()).collect();
    let z = gaussians.sample(&everyone, &noise);
    let log_var = gaussians.log_var();
    let mut logs = model.log_likelihood(x, &z)?;
    for (at, e) in noise.iter().enumerate() {
        // ln p(z) − ln q(z|x): the constants of two Gaussians cancel.
        let [z, e, s] = [z.values[at], *e, log_var.values()[at]].map(f64::from);
        logs[at / latent] += 0.5 * (s + e * e - z * z);
    }
    Ok(Some(logs))
}
