//! What another framework needs to repeat the first steps of a case: first values, batch and noise,
//! and the losses to expect. `benches/peers/run.py` has every peer repeat them before it is timed.

use std::path::Path;

use sweepline::nn::{Cpu, Params};

use super::adversarial::Adversarial;
use super::gan::Gan;
use super::sa_vae::SaVae;
use super::tensors;
use super::tensors::Tensor;
use super::text_vae::{BATCH, TextVae};
use super::vae::Vae;

/// How many steps a record covers.
const STEPS: u64 = 5;

pub(crate) type Tensors = Vec<Tensor>;

/// A case of the bench.
pub(crate) trait Case {
    /// How many numbers the step updates.
    fn count(&self) -> usize;
    /// One step of training; the loss before its update.
    fn step(&mut self) -> f32;
    /// One step where several losses are to be compared.
    fn losses(&mut self) -> Vec<f32> {
        vec![self.step()]
    }
    /// The parameters as they are now, the batch, and the noise of the first steps.
    fn tensors(&self) -> Tensors;
}

/// Writes the record of a case that has not been stepped yet.
pub(crate) fn write(
    mut case: Box<dyn Case>,
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut tensors = case.tensors();
    let losses: Vec<f32> = (0..STEPS).flat_map(|_| case.losses()).collect();
    let each = losses.len() / STEPS as usize;
    tensors.push(("losses".into(), vec![STEPS as usize, each], losses));
    tensors::write(&tensors, path)
}

pub(crate) fn parameters(prefix: &str, params: &Params<Cpu>) -> Tensors {
    let names = params.names().enumerate();
    names
        .map(|(i, name)| {
            let name = format!("parameters/{prefix}{name}");
            (name, params.shape(i).to_vec(), params.values(i))
        })
        .collect()
}

fn indices(name: &str, words: &[usize], batch: usize) -> (String, Vec<usize>, Vec<f32>) {
    let shape = vec![words.len() / batch, batch];
    let words = words.iter().map(|w| *w as f32).collect();
    (name.into(), shape, words)
}

pub(crate) fn noise(
    name: &str,
    row: &[usize],
    draw: impl Fn(u64) -> Vec<f32>,
) -> (String, Vec<usize>, Vec<f32>) {
    let shape = [&[STEPS as usize], row].concat();
    (name.into(), shape, (0..STEPS).flat_map(draw).collect())
}

impl Case for Vae {
    fn count(&self) -> usize {
        self.params.count()
    }

    fn step(&mut self) -> f32 {
        self.step()
    }

    fn tensors(&self) -> Tensors {
        let (rows, columns) = self.x.shape();
        let mut tensors = parameters("", &self.params);
        tensors.push(("batch".into(), vec![rows, columns], self.x.to_vec()));
        tensors.push(noise("noise", &[rows, self.latent], |i| self.noise(i)));
        tensors
    }
}

impl Case for TextVae {
    fn count(&self) -> usize {
        self.params.count()
    }

    fn step(&mut self) -> f32 {
        self.step()
    }

    fn tensors(&self) -> Tensors {
        let mut tensors = parameters("", &self.params);
        tensors.push(indices("given", &self.given, BATCH));
        tensors.push(indices("target", &self.target, BATCH));
        let latent = TextVae::noise(0).len() / BATCH;
        tensors.push(noise("noise", &[BATCH, latent], TextVae::noise));
        tensors
    }
}

impl Case for SaVae {
    fn count(&self) -> usize {
        self.encoder.count() + self.decoder.count()
    }

    fn step(&mut self) -> f32 {
        self.step()
    }

    fn tensors(&self) -> Tensors {
        let mut tensors = parameters("encoder.", &self.encoder);
        tensors.extend(parameters("decoder.", &self.decoder));
        tensors.push(indices("fed", &self.fed, self.batch()));
        tensors.push(indices("target", &self.target, self.batch()));
        tensors.push(noise("noise", &self.noise_shape(), |i| self.noise(i)));
        tensors
    }
}

impl Case for Gan {
    fn count(&self) -> usize {
        self.count()
    }

    fn step(&mut self) -> f32 {
        self.step()
    }

    fn tensors(&self) -> Tensors {
        let (n, c, h, w) = self.x.shape();
        let mut tensors = parameters("generator.", &self.generator.params);
        tensors.extend(parameters("discriminator.", &self.discriminator.params));
        tensors.push(("batch".into(), vec![n, c, h, w], self.x.to_vec()));
        let latent = self.noise(0).len() / n;
        tensors.push(noise("noise", &[n, latent], |i| self.noise(i)));
        tensors.push(noise("alpha", &[n], |i| self.alpha(i)));
        tensors
    }
}

impl Case for Adversarial {
    fn count(&self) -> usize {
        self.count
    }

    fn step(&mut self) -> f32 {
        self.losses().into_iter().sum()
    }

    fn losses(&mut self) -> Vec<f32> {
        self.step()
    }

    fn tensors(&self) -> Tensors {
        let mut tensors = self.first.clone();
        tensors.push(("batch".into(), Self::shape().to_vec(), self.x.clone()));
        for (at, (name, shape, _)) in self.drawn(0).iter().enumerate() {
            tensors.push(noise(name, shape, |i| self.drawn(i).swap_remove(at).2));
        }
        tensors
    }
}
