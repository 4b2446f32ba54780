//! The steps of the methods against an unrolled reference in double precision, and against each other.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::nn::Cpu;

use super::gradients;
use super::gradients::Step;
use super::inference::Curvature;
use super::networks::Objective;
use super::networks::Randomness;
use super::*;
use crate::data::Array;
use crate::data::arrays_from_bytes;
use crate::models::ModelError;
use crate::models::Rows;
use crate::nn::Activation;
use crate::nn::Backend;
use crate::nn::ClippedStep;
use crate::nn::InnerLoop;
use crate::nn::Matrix;
use crate::nn::Mlp;
use crate::nn::Params;
use crate::nn::Pass;
use crate::nn::Statistics;
use crate::nn::losses;
use crate::random::Seed;
use crate::random::Stream;
use crate::training::Component;

/// x is its own input; λ_0 is what a network makes of it.
struct ToyEncoder(Mlp);

impl Encoder<Cpu, Matrix<Cpu>> for ToyEncoder {
    fn inputs(&self, _pass: &Pass<'_, Cpu>, x: &Matrix<Cpu>) -> Matrix<Cpu> {
        x.clone()
    }

    fn encode(
        &self,
        pass: &Pass<'_, Cpu>,
        _x: &Matrix<Cpu>,
        inputs: Matrix<Cpu>,
        _statistics: &Statistics<Cpu>,
    ) -> Lambda<Cpu> {
        let (mean, log_var) = losses::split_columns(self.0.forward(pass, inputs), 2);
        [mean, log_var]
    }
}

/// Independent dimensions; notes the first bits of the masks that it is given.
struct ToyDecoder {
    network: Mlp,
    /// Of a Gaussian; Bernoulli without.
    variance: Option<f32>,
    masks: RefCell<Vec<Option<u64>>>,
}

impl Decoder<Cpu, Matrix<Cpu>> for &'static ToyDecoder {
    fn parts(
        &self,
        pass: &Pass<'_, Cpu>,
        x: &Matrix<Cpu>,
        z: Option<Matrix<Cpu>>,
        masks: Option<&mut Stream>,
    ) -> Matrix<Cpu> {
        self.masks.borrow_mut().push(masks.map(Stream::bits));
        let decoded = self.network.forward(pass, z.expect("the toy has a z"));
        let (n, d) = x.shape();
        let [decoded, x] = [decoded, x.clone()].map(|all| all.reshape((n * d, 1)));
        let parts = match self.variance {
            None => losses::bernoulli_nll(decoded, x),
            Some(variance) => losses::gaussian_nll_fixed(x, decoded, variance.sqrt()),
        };
        parts.reshape((n, d))
    }

    fn generate(
        &self,
        _pass: &Pass<'_, Cpu>,
        _z: Option<&Rows>,
        _count: usize,
        _stream: &mut Stream,
    ) -> Result<Content, ModelError> {
        unreachable!("no test asks for it")
    }
}

/// Noise that was given, and masks numbered by the step.
struct Given(Vec<f32>);

impl Randomness for Given {
    fn noise(&self, k: usize, count: usize) -> Vec<f32> {
        self.0[k * count..][..count].to_vec()
    }

    fn masks(&self, k: usize) -> Option<Stream> {
        Some(Seed::new(7).stream(k as u64))
    }
}

/// A case of `tests/reference`.
struct Case {
    arrays: BTreeMap<String, Array>,
    networks: Networks<Cpu, Matrix<Cpu>>,
    decoder: &'static ToyDecoder,
    x: Matrix<Cpu>,
    noise: Given,
    inner: InnerLoop,
}

impl Case {
    fn of(visible: &str, steps: usize) -> Case {
        let file = format!("tests/reference/savae_{visible}_K{steps}.safetensors");
        let bytes = std::fs::read(&file).expect("the references are there");
        let arrays = arrays_from_bytes(&bytes).expect("they are safetensors");
        let network = |part: &str| {
            let mut params = Params::new(&Cpu::default());
            let mut builder = params.builder(Seed::new(0));
            let dims = |layer: usize| arrays[&format!("{part}.{layer}.weight")].shape().to_vec();
            let [first, last] = [0, 1].map(dims);
            let widths = [first[1], first[0], last[0]];
            let network = Mlp::new(&mut builder.part(part), &widths, Activation::Tanh);
            let names: Vec<String> = params.names().map(str::to_owned).collect();
            for (index, name) in names.iter().enumerate() {
                params.set(index, arrays[name].to_f32()).expect("one shape");
            }
            (params, network)
        };
        let (encoder, encodes) = network("enc");
        let (decoder, decodes) = network("dec");
        let toy: &'static ToyDecoder = Box::leak(Box::new(ToyDecoder {
            network: decodes,
            variance: (visible == "gaussian").then_some(VARIANCE),
            masks: RefCell::default(),
        }));
        let x = &arrays["x"];
        Case {
            x: Cpu::default().matrix(x.to_f32(), x.shape()[0], x.shape()[1]),
            noise: Given(arrays["eps"].to_f32()),
            networks: Networks {
                latent: 2,
                encoder: Some(Encoding {
                    component: Component::new("encoder", encoder),
                    network: Box::new(ToyEncoder(encodes)),
                }),
                decoder: Decoding {
                    component: Component::new("decoder", decoder),
                    network: Box::new(toy),
                },
            },
            decoder: toy,
            inner: InnerLoop {
                steps,
                step_size: if visible == "gaussian" { 0.3 } else { 1.0 },
                momentum: 0.5,
                clip: None,
                clipped_step: ClippedStep::Exact,
                back_clip: None,
                differences: Curvature::Central.differences(),
            },
            arrays,
        }
    }

    fn step(&self, method: Inference, steps: usize) -> Step<Cpu> {
        let inner = InnerLoop {
            steps,
            ..self.inner
        };
        let objective = Objective {
            decoder: &*self.networks.decoder.network,
            x: &self.x,
            beta: 1.0,
            draws: &self.noise,
        };
        let zeros = || Cpu::default().full(0.0, (self.x.rows(), 2));
        gradients::step(
            &self.networks,
            method,
            &inner,
            &objective,
            &[zeros(), zeros()],
        )
    }

    /// Gradients by name: of the encoder where there are some, then of the decoder.
    fn gradients(&self, step: &Step<Cpu>) -> BTreeMap<String, Vec<f32>> {
        let encoder = self.networks.encoder.as_ref().map(|e| e.component.params());
        let mut all = BTreeMap::new();
        let decoder = self.networks.decoder.component.params();
        let sides = [
            (encoder, step.encoder.as_ref()),
            (Some(decoder), Some(&step.decoder)),
        ];
        for (params, gradients) in sides {
            if let (Some(params), Some(gradients)) = (params, gradients) {
                for (index, name) in params.names().enumerate() {
                    let gradient = gradients.at(index).expect("all are learned");
                    all.insert(name.to_owned(), gradient);
                }
            }
        }
        all
    }
}

/// Of the Gaussian cases, as their index says.
const VARIANCE: f32 = 0.5;

/// Largest distance, as a share of the largest magnitude of `want`.
fn error(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(0.0_f32, |most, w| most.max(w.abs()));
    let distances = got.iter().zip(want).map(|(g, w)| (g - w).abs());
    distances.fold(0.0_f32, f32::max) / largest
}

/// The references are derivatives of the unrolled steps in double precision; ours are differences of
/// single-precision gradients, which reach 1e-3 of a tensor's largest magnitude.
#[test]
fn a_step_of_sa_vae_has_the_gradients_of_the_unrolled_reference() {
    for visible in ["bernoulli", "gaussian"] {
        for steps in [1, 2, 5] {
            let case = Case::of(visible, steps);
            let step = case.step(Inference::SaVae, steps);
            let elbo = f64::from(case.arrays["elbo"].to_f32()[0]);
            assert!(
                (step.loss + elbo).abs() < 1e-4 * elbo.abs(),
                "{}",
                step.loss
            );
            let gradients = case.gradients(&step);
            assert_eq!(gradients.len(), 8);
            for (name, got) in gradients {
                let want = case.arrays[&format!("grad.{name}")].to_f32();
                let error = error(&got, &want);
                assert!(error < 1e-3, "{visible} K={steps} {name}: {error}");
            }
        }
    }
}

/// What VAE+SVI's decoder learns from is known as well: λ_K is held constant.
#[test]
fn without_backpropagation_the_decoder_has_the_direct_gradients() {
    let case = Case::of("bernoulli", 5);
    for method in [Inference::VaeSvi, Inference::VaeSviKl] {
        let step = case.step(method, 5);
        for (name, got) in case.gradients(&step) {
            let want = case.arrays.get(&format!("grad_direct.{name}"));
            if name.starts_with("dec") {
                let want = want.expect("it is there").to_f32();
                // Both are single-precision sums of the same terms.
                assert!(error(&got, &want) < 1e-4, "{name}");
            }
        }
    }
    // The encoder of VAE+SVI learns from the bound at λ_0, which is what VAE's does.
    let [amortised, refined] = [(Inference::Vae, 0), (Inference::VaeSvi, 5)]
        .map(|(method, steps)| case.gradients(&case.step(method, steps)));
    let of_encoder = refined.iter().filter(|(name, _)| name.starts_with("enc"));
    for (name, got) in of_encoder {
        assert_eq!(got, &amortised[name], "{name}");
    }
}

#[test]
fn no_steps_are_a_vae_whatever_the_method() {
    let case = Case::of("gaussian", 2);
    let vae = case.step(Inference::Vae, 0);
    for method in [Inference::SaVae, Inference::VaeSvi] {
        let other = case.step(method, 0);
        assert_eq!(other.loss, vae.loss);
        assert_eq!(case.gradients(&other), case.gradients(&vae));
    }
    // SVI has no encoder: its decoder is a VAE's whose encoder says where SVI starts.
    let mut case = Case::of("gaussian", 2);
    let encoder = case.networks.encoder.as_mut().expect("it has one");
    let params = encoder.component.params_mut();
    for index in 0..params.len() {
        let zeros = vec![0.0; params.values(index).len()];
        params.set(index, zeros).expect("as many");
    }
    let vae = case.step(Inference::Vae, 0);
    case.networks.encoder = None;
    let svi = case.step(Inference::Svi, 0);
    assert_eq!((svi.loss, svi.kl), (vae.loss, vae.kl));
    assert_eq!(svi.kl, 0.0);
    let of_svi = case.gradients(&svi);
    for (name, gradient) in &of_svi {
        let index = case.networks.decoder.component.params().index_of(name);
        let index = index.expect("the decoder's");
        assert_eq!(Some(gradient), vae.decoder.at(index).as_ref(), "{name}");
    }
    assert_eq!(of_svi.len(), 4);
}

/// A method's KL to λ_K pulls the encoder towards λ_K: the closed form of its derivative.
#[test]
fn the_encoder_of_vae_svi_kl_learns_from_the_divergence_to_the_refined_posterior() {
    let case = Case::of("gaussian", 5);
    let step = case.step(Inference::VaeSviKl, 5);
    let got = &case.gradients(&step)["enc.1.bias"];
    let [mu, log_var] = ["mu", "log_var"].map(|name| case.arrays[name].to_f32());
    let n = case.x.rows();
    let at = |values: &[f32], k: usize, i: usize, j: usize| f64::from(values[(k * n + i) * 2 + j]);
    let mut want = [0.0; 4];
    for i in 0..n {
        for j in 0..2 {
            let precision = (-at(&log_var, 5, i, j)).exp();
            let moved = at(&mu, 0, i, j) - at(&mu, 5, i, j);
            want[j] += moved * precision / n as f64;
            let ratio = (at(&log_var, 0, i, j) - at(&log_var, 5, i, j)).exp();
            want[2 + j] += 0.5 * (ratio - 1.0) / n as f64;
        }
    }
    let want = want.map(|value| value as f32);
    // λ_K of the reference is that of ours to 1e-4.
    assert!(error(got, &want) < 1e-3, "{got:?} is not {want:?}");
}

#[test]
fn a_step_has_the_same_masks_forward_and_backward() {
    let case = Case::of("bernoulli", 2);
    case.decoder.masks.borrow_mut().clear();
    case.step(Inference::SaVae, 2);
    let of_step = |k: usize| case.noise.masks(k).map(|mut stream| stream.bits());
    // Forward, the loss at λ_K, then two gradients for each step going back.
    let wanted = [0, 1, 2, 1, 1, 0, 0].map(of_step);
    assert_eq!(*case.decoder.masks.borrow(), wanted);
    assert_ne!(wanted[0], wanted[1]);
}
