//! Whose turn it is: updates of every system, gradients that do not leak, and resumption.

use super::ring;
use super::settings;
use super::systems;
use super::train;
use crate::data::Array;
use crate::data::Dataset;
use crate::data::Split;
use crate::models::ModelError;
use crate::models::adversarial::aae::Aae;
use crate::models::adversarial::adversarial_vb;
use crate::models::adversarial::adversarial_vb::AdversarialVb;
use crate::models::adversarial::dcgan::Dcgan;
use crate::models::adversarial::draws::Observed;
use crate::models::adversarial::fit::Game;
use crate::models::adversarial::layers::JointSizes;
use crate::models::adversarial::layers::Output;
use crate::models::adversarial::losses::as_real;
use crate::models::adversarial::players::Player;
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
use crate::models::networks::NetworkKind;
use crate::models::observation::ObservationModel;
use crate::models::observation::SigmaScope;
use crate::nn::Algorithm;
use crate::nn::Backend;
use crate::nn::Cpu;
use crate::nn::Matrix;
use crate::random::Seed;
use crate::registry::Entry;
use crate::registry::Value;
use crate::training::LearningRate;
use crate::training::TrainingLoop;
use crate::training::tests::Session;

#[test]
fn networks_are_updated_in_the_paper_s_order_and_number() {
    let data = ring(64);
    for (kind, own) in systems() {
        let (iterations, critic_updates) = (4u64, 3);
        let mut given = own.clone();
        given.extend([
            ("iterations", Value::Int(4)),
            ("critic_updates", Value::Int(3)),
        ]);
        let values = settings(kind, &given);
        let (config, game, rates) = kind.configure(&data, &values).expect("it fits");
        let device = Cpu::default();
        let mut game = Game::new(&device, &config, &data, (&game, &rates)).expect("it fits");
        let session = Session::default();
        let training = TrainingLoop::new(&config, &session).expect("plain JSON");
        let trained = training.run(&mut game).expect("it trains");
        // A loss is reported when its update is due: the columns stand in the order of the updates.
        let name = kind.name();
        let order: &[&str] = match name {
            "dcgan" => &["discriminator", "generator"],
            "wgan-gp" => &["critic", "distance", "generator"],
            "aae" => &["autoencoder", "code_discriminator"],
            "veegan" => &["discriminator", "generator", "encoder"],
            "vgh" => &[
                "encoder",
                "generator",
                "discriminator",
                "code_discriminator",
            ],
            _ => &["loss", "discriminator"],
        };
        let columns = trained.curve.names.iter();
        let reported: Vec<&str> = columns.filter_map(|c| c.strip_prefix("train_")).collect();
        assert_eq!(reported, order, "{name}");
        for component in game.system.components() {
            let wanted = match (name, component.name()) {
                ("wgan-gp", "discriminator") => critic_updates * iterations,
                _ => iterations,
            };
            assert_eq!(component.updates(), wanted, "{name} {}", component.name());
        }
    }
}

#[test]
fn every_system_goes_on_where_it_was_interrupted() {
    let data = ring(64);
    for (kind, own) in systems() {
        let name = format!("{} {own:?}", kind.name());
        let mut given = own.clone();
        given.extend([
            ("iterations", Value::Int(6)),
            ("critic_updates", Value::Int(3)),
        ]);
        let whole = train(kind, &data, &given, &mut Session::default()).expect("it trains");
        for stop in [1, 4] {
            let mut session = Session::stopping_after(stop);
            let stopped = train(kind, &data, &given, &mut session);
            assert!(matches!(stopped, Err(ModelError::Cancelled)), "{name}");
            let mut session = session.next_attempt(None);
            let resumed = train(kind, &data, &given, &mut session).expect("it goes on");
            let log = session.log.take();
            let place = format!("going on after iteration {stop}\n");
            assert!(log.contains(&place), "{name}: {log}");
            assert!(resumed.weights == whole.weights, "{name}: {stop}");
            assert_eq!(resumed.curve, whole.curve, "{name}: {stop}");
        }
    }
}

#[test]
fn a_loss_that_leaves_the_numbers_is_told_with_its_iteration() {
    let data = ring(64);
    for (kind, own) in systems() {
        let mut given = own.clone();
        given.extend([("iterations", Value::Int(40)), ("lr", Value::Float(1e30))]);
        let trained = train(kind, &data, &given, &mut Session::default()).expect("a result");
        let how = trained.diverged.expect("no such rate works");
        let told = how.contains("iteration") || how.contains("weights") || how.contains("valid");
        assert!(told, "{}: {how}", kind.name());
    }
}

/// Small pictures, with batch norm in every network that has it.
fn config() -> Config {
    Config {
        model: "dcgan".to_owned(),
        shape: vec![1, 8, 8],
        latent: 3,
        network: Architecture {
            kind: NetworkKind::ColorMnist,
            maps: 8,
            ..Architecture::mlp_of(Vec::new(), HiddenActivation::Relu)
        },
        system: SystemConfig::Dcgan {
            output: Output::Sigmoid,
        },
    }
}

fn x() -> Matrix<Cpu> {
    let values = Seed::new(1).stream(0).uniform(6 * 64, 0.0, 1.0);
    Cpu::default().matrix(values, 6, 64)
}

fn z(number: u64) -> Matrix<Cpu> {
    let values = Seed::new(2).stream(number).normal(6 * 3);
    Cpu::default().matrix(values, 6, 3)
}

fn observed() -> Observed<Cpu> {
    Observed {
        seen: x(),
        weighed: x(),
    }
}

/// Every number of a system, running statistics included, by the component.
fn numbers(system: &mut impl System<Cpu>) -> Vec<(&'static str, Vec<u32>)> {
    let components = system.components().into_iter();
    components
        .map(|component| {
            let params = component.params();
            let all = (0..params.len()).flat_map(|index| params.values(index));
            (component.name(), all.map(f32::to_bits).collect())
        })
        .collect()
}

/// Which components an update changes: those that are named, and no bit of another.
fn changes<S: System<Cpu>>(system: &mut S, wanted: &[&str], update: impl FnOnce(&mut S)) {
    for component in system.components() {
        component.optimise(Algorithm::adam(0.5, 0.9), LearningRate::constant(1e-3));
    }
    let before = numbers(system);
    update(system);
    let after = numbers(system).into_iter();
    let moved = after.zip(before).filter(|(after, before)| after != before);
    let moved: Vec<&str> = moved.map(|((name, _), _)| name).collect();
    assert_eq!(moved, wanted);
}

fn take<N>(player: &mut Player<Cpu, N>, step: Step<Cpu>) {
    player.update(step).expect("it has an optimiser");
}

#[test]
fn one_network_is_updated_and_no_bit_of_another_changes() {
    let (config, device, seed) = (config(), Cpu::default(), Seed::new(3));
    let (output, density) = (
        Output::Sigmoid,
        (ObservationModel::Bernoulli, SigmaScope::Pixel),
    );
    let pairs = JointSizes {
        features: 4,
        hidden: vec![5],
    };

    let mut gan = Dcgan::new(&config, output, &device, seed);
    changes(&mut gan, &["discriminator"], |gan| {
        let step = gan.discriminator_step(x(), z(0));
        take(&mut gan.discriminator, step);
    });
    changes(&mut gan, &["generator"], |gan| {
        let step = gan.generator_step(z(0));
        take(&mut gan.generator, step);
    });

    let mut gan = WganGp::new(&config, output, (5, 10.0), &device, seed);
    changes(&mut gan, &["discriminator"], |gan| {
        let alpha = device.vector(vec![0.5; 6]);
        let (step, _) = gan.critic_step(x(), z(0), alpha);
        take(&mut gan.critic, step);
    });
    changes(&mut gan, &["generator"], |gan| {
        let step = gan.generator_step(z(0));
        take(&mut gan.generator, step);
    });

    let mut aae = Aae::new(&config, density, &[5], &device, seed);
    changes(&mut aae, &["encoder", "decoder"], |aae| {
        let (by_encoder, by_decoder) = aae.autoencoder_step(observed(), z(0));
        take(&mut aae.encoder, by_encoder);
        take(&mut aae.decoder, by_decoder);
    });
    changes(&mut aae, &["code_discriminator"], |aae| {
        let step = aae.code_step(x(), z(0), z(1));
        take(&mut aae.codes, step);
    });

    let mut gan = Veegan::new(&config, output, &pairs, &device, seed);
    changes(&mut gan, &["discriminator"], |gan| {
        let step = gan.joint_step(x(), z(0));
        take(&mut gan.joint, step);
    });
    changes(&mut gan, &["generator", "encoder"], |gan| {
        let (by_generator, by_reconstructor, _) = gan.generator_step(z(0));
        take(&mut gan.generator, by_generator);
        take(&mut gan.reconstructor, by_reconstructor);
    });

    for variant in [Variant::Vgh, Variant::VghPlusPlus] {
        let terms = vgh::Terms {
            variant,
            encoder_weight: 1.0,
            generator_weight: 1.0,
        };
        let mut hybrid = Vgh::new(&config, output, &terms, &[5], &device, seed);
        changes(&mut hybrid, &["encoder"], |hybrid| {
            let step = hybrid.encoder_step(x(), z(0));
            take(&mut hybrid.encoder, step);
        });
        changes(&mut hybrid, &["generator"], |hybrid| {
            let step = hybrid.generator_step(x(), z(0), z(1));
            take(&mut hybrid.generator, step);
        });
        changes(&mut hybrid, &["discriminator"], |hybrid| {
            let step = hybrid.discriminator_step(x(), z(0), z(1));
            take(&mut hybrid.discriminator, step);
        });
        changes(&mut hybrid, &["code_discriminator"], |hybrid| {
            let step = hybrid.code_step(z(0), z(1));
            take(&mut hybrid.codes, step);
        });
    }

    for contrast_draws in [0, 2] {
        let terms = adversarial_vb::Terms {
            noise: 3,
            features: 4,
            adversary: pairs.clone(),
            contrast_draws,
        };
        let mut avb = AdversarialVb::new(&config, density, &terms, &device, seed);
        let contrast = |avb: &AdversarialVb<Cpu>| {
            let noise = (0..contrast_draws).map(|draw| z(10 + draw as u64));
            AdversarialVb::contrast(&avb.encoder.waits(), x(), noise.collect())
        };
        changes(&mut avb, &["encoder", "decoder"], |avb| {
            let (by_encoder, by_decoder) = avb.primal_step(observed(), z(0), contrast(avb));
            take(&mut avb.encoder, by_encoder);
            take(&mut avb.decoder, by_decoder);
        });
        changes(&mut avb, &["discriminator"], |avb| {
            let step = avb.adversary_step(x(), z(0), z(1), contrast(avb));
            take(&mut avb.adversary, step);
        });
    }
}

#[test]
fn a_network_that_waits_has_no_gradient() {
    let gan = Dcgan::new(&config(), Output::Sigmoid, &Cpu::default(), Seed::new(3));
    let (g, d) = (gan.generator.learns(), gan.discriminator.waits());
    let loss = as_real(d.of(g.of(z(0))));
    let mut gradients = loss.backward();
    let waiting = d.pass.take_gradients(&mut gradients);
    let count = gan.discriminator.component.params().len();
    assert!((0..count).all(|index| waiting.at(index).is_none()));
    // The loss came through it all the same.
    let own = g.pass.take_gradients(&mut gradients);
    let moved = own.at(0).expect("it is recorded");
    assert!(moved.iter().any(|gradient| *gradient != 0.0));
}

#[test]
fn every_network_kind_trains_samples_and_opens_again() {
    let split = |n: usize, seed: u64| {
        let grey = Seed::new(seed).stream(0).uniform(n * 64, 0.0, 1.0);
        let levels = grey.into_iter().map(|x| (x * 255.0).round() / 255.0);
        Split::new().with("x", Array::new(&[n, 1, 8, 8], levels.collect::<Vec<f32>>()))
    };
    let meta = serde_json::json!({ "name": "pictures", "shape": [1, 8, 8] });
    let data = Dataset::new(split(20, 1), split(5, 2), split(5, 3), meta);
    for (kind, own) in systems() {
        for network in ["mlp", "color-mnist", "dcgan"] {
            for visible in ["bernoulli", "quantized-normal"] {
                let densities = kind.params().iter().any(|param| param.name == "visible");
                if visible != "bernoulli" && !densities {
                    continue;
                }
                let mut given = own.clone();
                given.extend([
                    ("network", network.into()),
                    ("visible", visible.into()),
                    ("output", "sigmoid".into()),
                    ("maps", Value::Int(8)),
                    ("batch", Value::Int(8)),
                    ("critic_updates", Value::Int(2)),
                    ("epochs", Value::Int(2)),
                ]);
                let name = format!("{} {own:?} {network} {visible}", kind.name());
                let trained = train(kind, &data, &given, &mut Session::default());
                let trained = trained.expect("it trains");
                assert!(trained.diverged.is_none(), "{name}: {:?}", trained.diverged);
                assert_eq!(trained.curve.rows.len(), 2, "{name}");
                let model = crate::models::open(&trained.weights, crate::nn::DeviceChoice::Cpu);
                let model = model.expect("its own weights");
                let samples = model
                    .sample(3, &mut Seed::new(1).stream(0))
                    .expect("finite");
                let samples = samples.into_rows();
                assert_eq!((samples.len(), samples.columns), (3, 64), "{name}");
                let bounded = visible == "bernoulli";
                let inside = samples.values.iter().all(|x| (0.0..=1.0).contains(x));
                assert!(!bounded || inside, "{name}");
            }
        }
    }
}
