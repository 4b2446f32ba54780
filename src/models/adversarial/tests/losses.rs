//! The losses that a system tells of itself.

use super::ring;
use super::settings;
use super::systems;
use super::train;
use crate::models;
use crate::nn::Cpu;
use crate::random::Seed;
use crate::registry::Entry;
use crate::registry::Value;
use crate::training::tests::Session;

/// Without the brackets that mark what one variant alone has, and with single spaces.
fn plain(docs: &str) -> String {
    let text = docs.replace(['[', ']'], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_system_tells_the_losses_of_its_documentation_and_the_sizes_of_its_weights() {
    let data = ring(64);
    for (kind, own) in systems() {
        let mut given = own.clone();
        given.extend([
            ("iterations", Value::Int(1)),
            ("critic_updates", Value::Int(3)),
        ]);
        let trained = train(kind, &data, &given, &mut Session::default()).expect("it trains");
        let model = models::model_of(&trained.weights).expect("its own weights");
        assert_eq!(model.name(), kind.name());
        let networks = model.networks(&trained.weights).expect("it tells");
        let (config, ..) = kind
            .configure(&data, &settings(kind, &given))
            .expect("it fits");
        let mut system = config.system(&Cpu::default(), Seed::new(0));
        let components = system.components();
        assert_eq!(networks.len(), components.len(), "{}", kind.name());
        for (network, component) in networks.iter().zip(components) {
            let what = format!("{} {own:?} {}", kind.name(), network.name);
            assert_eq!(network.name, component.name(), "{what}");
            assert!(network.parameters > 0, "{what}");
            assert_eq!(network.parameters, component.params().count(), "{what}");
            let critic = kind.name() == "wgan-gp" && network.name == "discriminator";
            assert_eq!(network.learns.updates, if critic { 3 } else { 1 }, "{what}");
            // All that VGH++ loses is what VGH does and what stands in brackets.
            let loss = plain(network.learns.loss);
            assert!(plain(kind.docs()).contains(&loss), "{what}: {loss}");
        }
    }
}
