//! Every loss and every network's gradient against double precision: `tests/python/adversarial.py`.

use std::collections::BTreeMap;

use crate::data::Array;
use crate::data::arrays_from_bytes;
use crate::models::adversarial::aae::Aae;
use crate::models::adversarial::adversarial_vb;
use crate::models::adversarial::adversarial_vb::AdversarialVb;
use crate::models::adversarial::dcgan::Dcgan;
use crate::models::adversarial::draws::Observed;
use crate::models::adversarial::layers::JointSizes;
use crate::models::adversarial::layers::Output;
use crate::models::adversarial::players::Step;
use crate::models::adversarial::system::Config;
use crate::models::adversarial::system::System;
use crate::models::adversarial::system::SystemConfig;
use crate::models::adversarial::veegan::Veegan;
use crate::models::adversarial::vgh;
use crate::models::adversarial::vgh::Variant;
use crate::models::adversarial::vgh::Vgh;
use crate::models::adversarial::wgan_gp::WganGp;
use crate::models::networks::Architecture;
use crate::models::networks::HiddenActivation;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
use crate::nn::Backend;
use crate::nn::Cpu;
use crate::nn::Matrix;
use crate::random::Seed;
use crate::training::Component;

const CODE_HIDDEN: [usize; 2] = [5, 4];

/// A file of references.
struct Case(BTreeMap<String, Array>);

impl Case {
    fn of(name: &str) -> Self {
        let file = format!("tests/reference/adversarial/{name}.safetensors");
        let bytes = std::fs::read(&file).expect("the references are there");
        Case(arrays_from_bytes(&bytes).expect("they are safetensors"))
    }

    fn config(&self) -> Config {
        Config {
            model: "dcgan".to_owned(),
            shape: vec![4],
            latent: 2,
            network: Architecture::mlp_of(vec![6], HiddenActivation::Relu),
            // Its own part is given to the system directly.
            system: SystemConfig::Dcgan {
                output: Output::Sigmoid,
            },
        }
    }

    fn matrix(&self, name: &str) -> Matrix<Cpu> {
        let array = &self.0[name];
        Cpu::default().matrix(array.to_f32(), array.shape()[0], array.shape()[1])
    }

    /// Gives the system the parameters of the case: all of them, and no other.
    fn fill(&self, system: &mut impl System<Cpu>) {
        let mut filled = 0;
        for component in system.components() {
            let params = component.params_mut();
            let names: Vec<String> = params.names().map(str::to_owned).collect();
            for (index, name) in names.iter().enumerate() {
                assert_eq!(params.shape(index), self.0[name].shape(), "{name}");
                params.set(index, self.0[name].to_f32()).expect("one shape");
            }
            filled += names.len();
        }
        let given = self.0.keys().filter(|name| {
            let learned = name.ends_with(".weight") || name.ends_with(".bias");
            learned && !name.starts_with("grad.")
        });
        assert_eq!(filled, given.count());
    }

    /// Loss and gradients of one player, within what single precision leaves of them.
    fn check(&self, loss: &str, step: &Step<Cpu>, component: &Component<Cpu>) {
        self.check_gradients(loss, step, component);
        let wanted = f64::from(self.0[&format!("loss.{loss}")].to_f32()[0]);
        let error = (step.loss - wanted).abs();
        assert!(
            error < 2e-6 * (1.0 + wanted.abs()),
            "{loss}: {} {wanted}",
            step.loss
        );
    }

    fn check_gradients(&self, loss: &str, step: &Step<Cpu>, component: &Component<Cpu>) {
        for (index, name) in component.params().names().enumerate() {
            let wanted = self.0[&format!("grad.{loss}.{name}")].to_f32();
            let got = step.gradients.at(index).expect("it learns");
            let size = wanted.iter().fold(0.0f32, |size, w| size.max(w.abs()));
            for (got, wanted) in got.iter().zip(&wanted) {
                let error = (got - wanted).abs();
                assert!(error < 1e-7 + 2e-5 * size, "{loss} {name}: {got} {wanted}");
            }
        }
    }
}

#[test]
fn dcgan() {
    let case = Case::of("dcgan");
    let mut gan = Dcgan::new(
        &case.config(),
        Output::Sigmoid,
        &Cpu::default(),
        Seed::new(0),
    );
    case.fill(&mut gan);
    let step = gan.discriminator_step(case.matrix("x"), case.matrix("z"));
    case.check("discriminator", &step, &gan.discriminator.component);
    let step = gan.generator_step(case.matrix("z"));
    case.check("generator", &step, &gan.generator.component);
}

#[test]
fn wgan_gp() {
    let case = Case::of("wgan_gp");
    let (device, terms) = (Cpu::default(), (5, 10.0));
    let mut gan = WganGp::new(
        &case.config(),
        Output::Identity,
        terms,
        &device,
        Seed::new(0),
    );
    case.fill(&mut gan);
    let alpha = device.vector(case.0["alpha"].to_f32());
    let (step, distance) = gan.critic_step(case.matrix("x"), case.matrix("z"), alpha);
    case.check("discriminator", &step, &gan.critic.component);
    let step = gan.generator_step(case.matrix("z"));
    case.check("generator", &step, &gan.generator.component);
    // −E f(G(z)) is known, so E f(x) is what is left.
    let f = gan.critic.waits();
    let real = f64::from(f.of(case.matrix("x")).mean().value());
    assert!((distance - (real + step.loss)).abs() < 1e-6);
}

#[test]
fn aae() {
    let case = Case::of("aae");
    let density = (ObservationModel::Bernoulli, SigmaScope::Pixel);
    let device = Cpu::default();
    let mut aae = Aae::new(&case.config(), density, &CODE_HIDDEN, &device, Seed::new(0));
    case.fill(&mut aae);
    let x = Observed {
        seen: case.matrix("x"),
        weighed: case.matrix("x"),
    };
    let (by_encoder, by_decoder) = aae.autoencoder_step(x, case.matrix("eps"));
    case.check("autoencoder", &by_encoder, &aae.encoder.component);
    case.check("autoencoder", &by_decoder, &aae.decoder.component);
    let step = aae.code_step(case.matrix("x"), case.matrix("eps"), case.matrix("z"));
    case.check("code_discriminator", &step, &aae.codes.component);
}

fn pairs() -> JointSizes {
    JointSizes {
        features: 3,
        hidden: vec![5],
    }
}

#[test]
fn veegan() {
    let case = Case::of("veegan");
    let (output, device) = (Output::Identity, Cpu::default());
    let mut gan = Veegan::new(&case.config(), output, &pairs(), &device, Seed::new(0));
    case.fill(&mut gan);
    let step = gan.joint_step(case.matrix("x"), case.matrix("z"));
    case.check("discriminator", &step, &gan.joint.component);
    let (by_generator, by_reconstructor, of_codes) = gan.generator_step(case.matrix("z"));
    case.check("generator", &by_generator, &gan.generator.component);
    // By the sum of both terms, and yet those of the second one alone.
    case.check_gradients("encoder", &by_reconstructor, &gan.reconstructor.component);
    let wanted = f64::from(case.0["loss.encoder"].to_f32()[0]);
    assert!((of_codes - wanted).abs() < 1e-5, "{of_codes} {wanted}");
}

#[test]
fn vgh_and_vgh_plus_plus() {
    for (name, variant) in [
        ("vgh", Variant::Vgh),
        ("vgh_plus_plus", Variant::VghPlusPlus),
    ] {
        let case = Case::of(name);
        let terms = vgh::Terms {
            variant,
            encoder_weight: 5.0,
            generator_weight: 10.0,
        };
        let (config, device) = (case.config(), Cpu::default());
        let (output, seed) = (Output::Sigmoid, Seed::new(0));
        let mut hybrid = Vgh::new(&config, output, &terms, &CODE_HIDDEN, &device, seed);
        case.fill(&mut hybrid);
        let [x, prior, codes] = ["x", "z", "z2"].map(|name| case.matrix(name));
        let step = hybrid.encoder_step(x.clone(), case.matrix("eps"));
        case.check("encoder", &step, &hybrid.encoder.component);
        let step = hybrid.generator_step(x.clone(), codes.clone(), prior.clone());
        case.check("generator", &step, &hybrid.generator.component);
        let step = hybrid.discriminator_step(x, codes.clone(), prior.clone());
        case.check("discriminator", &step, &hybrid.discriminator.component);
        let step = hybrid.code_step(codes, prior);
        case.check("code_discriminator", &step, &hybrid.codes.component);
    }
}

#[test]
fn adversarial_vb_with_and_without_adaptive_contrast() {
    for (name, draws) in [("adversarial_vb", 0), ("adversarial_vb_adaptive", 4)] {
        let case = Case::of(name);
        let terms = adversarial_vb::Terms {
            noise: 3,
            features: 3,
            adversary: pairs(),
            contrast_draws: draws,
        };
        let density = (ObservationModel::Bernoulli, SigmaScope::Pixel);
        let (config, device) = (case.config(), Cpu::default());
        let mut avb = AdversarialVb::new(&config, density, &terms, &device, Seed::new(0));
        case.fill(&mut avb);
        let moments = case.0["moments"].to_f32();
        let each = moments.chunks_exact(moments.len() / 4).take(draws);
        let noise = each.map(|noise| device.matrix(noise.to_vec(), noise.len() / 3, 3));
        let contrast =
            AdversarialVb::contrast(&avb.encoder.waits(), case.matrix("x"), noise.collect());
        let x = Observed {
            seen: case.matrix("x"),
            weighed: case.matrix("x"),
        };
        let (by_encoder, by_decoder) = avb.primal_step(x, case.matrix("noise"), contrast.clone());
        case.check("loss", &by_encoder, &avb.encoder.component);
        case.check("loss", &by_decoder, &avb.decoder.component);
        let [x, prior] = ["x", "z"].map(|name| case.matrix(name));
        let step = avb.adversary_step(x, case.matrix("noise"), prior, contrast);
        case.check("discriminator", &step, &avb.adversary.component);
    }
}
