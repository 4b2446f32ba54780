//! LSTMs over sequences of words, with a latent variable that is amortised, refined or both; and
//! without one: the LSTM language model.
//!
//! Kim, Wiseman, Miller, Sontag and Rush 2018, arXiv 1802.02550, sections 4.1 and 4.2. How λ is inferred
//! and what learns from what is in [`super::semi_amortized`]; here are the networks and the sequences.

mod config;
mod networks;
mod sequences;
#[cfg(test)]
mod tests;

use config::Config;
use config::DecoderSource;
use config::LstmVaeParams;
use networks::LstmDecoder;
use networks::LstmEncoder;
use sequences::SequenceRepresentation;
use sequences::Sequences;

use super::ExtraInput;
use super::ExtraInputs;
use super::Fitted;
use super::Model;
use super::ModelError;
use super::NetworkFacts;
use super::semi_amortized;
use super::semi_amortized::FittedSemiAmortized;
use super::semi_amortized::Inference;
use super::semi_amortized::Networks;
use crate::data::Array;
use crate::data::Dataset;
use crate::nn::Cpu;
use crate::nn::Params;
use crate::nn::backend::Backend;
use crate::nn::device::DeviceChoice;
use crate::nn::device::on_device;
use crate::random::Seed;
use crate::registry::ArtifactType;
use crate::registry::Capability;
use crate::registry::Entry;
use crate::registry::Facts;
use crate::registry::InvalidParam;
use crate::registry::Measure;
use crate::registry::Misfit;
use crate::registry::Param;
use crate::registry::ParamValue;
use crate::registry::Slot;
use crate::registry::Values;
use crate::training::Component;
use crate::training::Monitor;
use crate::training::Trained;
use crate::training::weights;

/// The one slot beside the data.
const LANGUAGE_MODEL: &str = "language-model";

/// `train/lstm-vae`
pub(super) struct LstmVae;

impl Entry for LstmVae {
    fn name(&self) -> &'static str {
        "lstm-vae"
    }

    fn summary(&self) -> &'static str {
        "LSTM over sequences with a latent variable: VAE, SVI, SA-VAE and others; or a language model"
    }

    fn docs(&self) -> &'static str {
        "p(x|z) is an LSTM that reads the words before; `inference: none` is that LSTM without z, a\n\
         language model. Encoders are LSTMs whose last state gives λ_0 = (μ, ln σ²). With\n\
         \n\
         ```text\n\
         f(λ; k) = −log p(x|μ + σ ε_k) + β KL(N(μ, σ²) || N(0, I)),   averaged over the batch\n\
         v ← momentum · v − clipped ∇_λ f(λ_k; k),   λ_{k+1} = λ_k + α v,   K = `steps`\n\
         ```\n\
         \n\
         decoder θ and encoder φ learn from\n\
         \n\
         | `inference` | θ | φ |\n\
         | --- | --- | --- |\n\
         | `vae` | ∇f(λ_0) | ∇f(λ_0) |\n\
         | `svi` | ∇f(λ_K), λ_0 = 0 | no encoder |\n\
         | `vae+svi` | ∇f(λ_K) with λ_K held constant | ∇f(λ_0) |\n\
         | `vae+svi+kl` | ∇f(λ_K) with λ_K held constant | ∇KL(q_λ0 \\|\\| q_λK) with λ_K held constant |\n\
         | `sa-vae` | the derivative of f(λ_K) through all steps | the same |\n\
         | `none` | −∇log p(x) | no encoder |\n\
         \n\
         The noise ε_k and the dropout masks of a step are the same forward and backward. Batches have\n\
         sequences of one length. The rate is multiplied by `decay` after every epoch once the\n\
         validation bound has failed to improve from epoch `decay_from` on; the weights of the best\n\
         epoch are what is left. `valid_bound` is −log p(x|z) + KL at λ_K with β = 1 and one draw of z;\n\
         the perplexity divides by all predicted tokens, `</s>` among them.\n\
         \n\
         The defaults are those for text. For sequences of `dataset/oracle-lstm`: `conditioning: output`,\n\
         `decoder: generator` or `learned`, `dropout: 0`, `latent: 2`.\n\
         \n\
         Source: Kim, Wiseman, Miller, Sontag and Rush 2018, *Semi-amortized variational autoencoders*,\n\
         arXiv 1802.02550, algorithm 1, sections 4.1 and 4.2; Bowman et al. 2016, arXiv 1511.06349, for\n\
         dropped words."
    }

    fn params(&self) -> Vec<Param> {
        LstmVaeParams::params()
    }
}

impl Model for LstmVae {
    fn capabilities(&self) -> &'static [Capability] {
        &[
            Capability::Codes,
            Capability::PosteriorSamples,
            Capability::PosteriorDensity,
            Capability::DiagonalPosterior,
            Capability::PosteriorRefinement,
            Capability::Sequences,
        ]
    }

    fn capabilities_with(&self, params: &Values) -> &'static [Capability] {
        match LstmVaeParams::read(params) {
            // No latent variable: what is left is the likelihood, asked for as the bound is.
            Ok(params) if params.inference.inference == Inference::None => {
                &[Capability::PosteriorRefinement, Capability::Sequences]
            }
            _ => self.capabilities(),
        }
    }

    fn measures(&self) -> &'static [Measure] {
        semi_amortized::MEASURES
    }

    fn slots(&self) -> &'static [Slot] {
        const SLOTS: &[Slot] = &[Slot::new(
            LANGUAGE_MODEL,
            &[ArtifactType::Model],
            "a language model (`inference: none`) with whose embedding and LSTM the encoder starts",
        )
        .optional()];
        SLOTS
    }

    fn check(&self, params: &Values) -> Result<(), InvalidParam> {
        match LstmVaeParams::read(params).map(|params| params.conflict()) {
            Ok(Some(wrong)) => Err(wrong),
            // The types of the parameters say what is wrong with single ones.
            _ => Ok(()),
        }
    }

    fn foresee(&self, params: &Values, reads: &dyn Fn(&str) -> Facts) -> Result<(), Misfit> {
        let given = reads(LANGUAGE_MODEL);
        let Ok(params) = LstmVaeParams::read(params) else {
            // The types of the parameters say what is wrong with single ones.
            return Ok(());
        };
        let method = params.inference.inference;
        let (message, help) = if given.capabilities.is_none() {
            return Ok(());
        } else if !method.has_encoder() {
            (
                format!(
                    "`inference: {}` has no encoder to start with it",
                    method.name()
                ),
                "leave the slot out, or choose a method with an encoder, such as `vae`",
            )
        } else if given.lacks(&[Capability::Sequences]).is_some() {
            (
                "the model is not of sequences".to_owned(),
                "give it a `train/lstm-vae` with `inference: none`",
            )
        } else {
            return Ok(());
        };
        Err(Misfit {
            slot: LANGUAGE_MODEL,
            message,
            beside: None,
            help: help.to_owned(),
        })
    }

    fn train(
        &self,
        data: &Dataset,
        extra: &ExtraInputs,
        values: &Values,
        monitor: &dyn Monitor,
    ) -> Result<Trained, ModelError> {
        let params = LstmVaeParams::read(values)?;
        let config = Config::new(self.name(), data, &params)?;
        on_device!(params.training.device, |device| {
            let mut networks = networks(&device, &config, params.training.seed)?;
            if params.decoder == DecoderSource::Generator {
                know(&mut networks.decoder.component, data)?;
            }
            if let Some(ExtraInput::Model(weights)) = extra.get(LANGUAGE_MODEL) {
                start_with(&device, &mut networks, &config, weights)?;
            }
            let representation = SequenceRepresentation(config.clone());
            let inference = &params.inference;
            let recipe = params.training.recipe();
            semi_amortized::train(
                &config,
                networks,
                &representation,
                data,
                inference,
                recipe,
                monitor,
            )
        })
    }

    fn networks(&self, weights: &[u8]) -> Result<Vec<NetworkFacts>, ModelError> {
        let config: Config = super::config(weights)?;
        let mut networks = networks(&Cpu::default(), &config, Seed::new(0))?;
        Ok(networks.facts(config.inference.method()?))
    }

    fn open(&self, weights: &[u8], device: DeviceChoice) -> Result<Box<dyn Fitted>, ModelError> {
        let config: Config = super::config(weights)?;
        on_device!(device, |device| {
            let networks = networks(&device, &config, Seed::new(0))?;
            let settings = config.inference.clone();
            let representation = SequenceRepresentation(config);
            FittedSemiAmortized::open(weights, networks, Vec::new(), settings, representation)
        })
    }
}

fn networks<B: Backend>(
    device: &B,
    config: &Config,
    seed: Seed,
) -> Result<Networks<B, Sequences>, ModelError> {
    let mut networks = Networks::declare(
        device,
        &config.inference,
        seed,
        |builder| LstmEncoder::new(builder, config),
        |builder| LstmDecoder::new(builder, config),
    )?;
    if DecoderSource::of(&config.decoder.as_str().into()) == Some(DecoderSource::Generator) {
        let component = &mut networks.decoder.component;
        *component = Component::new("decoder", component.params().clone().frozen());
    }
    Ok(networks)
}

/// Gives an encoder the embedding and the LSTM of a language model.
fn start_with<B: Backend>(
    device: &B,
    networks: &mut Networks<B, Sequences>,
    config: &Config,
    bytes: &[u8],
) -> Result<(), ModelError> {
    let wrong = |why: String| Err(ModelError::Data(format!("the language model {why}")));
    let Some(encoder) = &mut networks.encoder else {
        return wrong("finds no encoder to start: leave its slot out".to_owned());
    };
    let given = match super::config::<Config>(bytes) {
        Ok(given) if given.inference.latent == 0 => given,
        _ => return wrong("is none: give a `train/lstm-vae` with `inference: none`".to_owned()),
    };
    for (what, its, ours) in [
        ("a vocabulary of", given.vocabulary, config.vocabulary),
        ("an `embedding` of", given.embedding, config.embedding),
        ("`hidden` units:", given.hidden, config.hidden),
    ] {
        if its != ours {
            return wrong(format!("has {what} {its}, this model of {ours}"));
        }
    }
    if given.words.is_some() && given.words != config.words {
        return wrong("has learned other words than those of the data".to_owned());
    }
    let mut language_model = self::networks(device, &given, Seed::new(0))?;
    weights::open(bytes, &mut language_model.components())?;
    let from = language_model.decoder.component.params();
    let to = encoder.component.params_mut();
    for part in [
        "embedding.weight",
        "lstm.weight_ih_l0",
        "lstm.weight_hh_l0",
        "lstm.bias_ih_l0",
        "lstm.bias_hh_l0",
    ] {
        let index = |params: &Params<B>, side: &str| {
            let name = format!("{side}.{part}");
            let found = params.index_of(&name);
            found.ok_or_else(|| ModelError::Weights(format!("there is no `{name}`")))
        };
        let place = index(to, "encoder")?;
        let mut values = from.values(index(from, "decoder")?);
        // The decoder of unmarked sequences has one row more, for the beginning.
        values.truncate(to.shape(place).iter().product());
        to.set(place, values)?;
    }
    Ok(())
}

/// Gives a decoder the weights of the generator that made the data.
fn know<B: Backend>(decoder: &mut Component<B>, data: &Dataset) -> Result<(), ModelError> {
    let of = |name: &str| {
        let array = data.generator.get(name).map(Array::to_f32);
        array.ok_or_else(|| config::no_generator(data))
    };
    let (by_state, by_z) = (of("output_h")?, of("output_z")?);
    let words = of("output_bias")?.len();
    let [hidden, latent] = [by_state.len() / words, by_z.len() / words];
    let rows = by_state.chunks(hidden).zip(by_z.chunks(latent));
    let output: Vec<f32> = rows.flat_map(|(h, z)| [h, z].concat()).collect();
    for (name, values) in [
        ("decoder.embedding.weight", of("embedding")?),
        ("decoder.lstm.weight_ih_l0", of("weight_ih")?),
        ("decoder.lstm.weight_hh_l0", of("weight_hh")?),
        ("decoder.lstm.bias_ih_l0", of("bias_ih")?),
        ("decoder.lstm.bias_hh_l0", of("bias_hh")?),
        ("decoder.output.weight", output),
        ("decoder.output.bias", of("output_bias")?),
    ] {
        let params = decoder.params_mut();
        let index = params.index_of(name).ok_or_else(|| {
            let what = "`decoder: generator` reads z as that does: `conditioning: output`";
            ModelError::Data(what.to_owned())
        })?;
        params.set(index, values)?;
    }
    Ok(())
}
