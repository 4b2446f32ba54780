//! The Wasserstein GAN with a gradient penalty: Gulrajani et al. 2017.

use super::Config;
use super::System;
use super::draws::Draws;
use super::draws::Round;
use super::layers::Discriminator;
use super::layers::Generator;
use super::layers::Output;
use super::made::Made;
use super::players::Player;
use super::players::Step;
use crate::models::LearnsBy;
use crate::nn::Backend;
use crate::nn::Matrix;
use crate::nn::Vector;
use crate::nn::layers::points;
use crate::nn::layers::rows;
use crate::nn::penalty;
use crate::random::Seed;
use crate::training::Component;
use crate::training::TrainingError;

pub(super) struct WganGp<B: Backend> {
    pub generator: Player<B, Generator>,
    /// f, without batch norm.
    pub critic: Player<B, Discriminator>,
    /// Updates of the critic for one of the generator.
    critic_updates: u64,
    /// λ
    penalty: f32,
}

impl<B: Backend> WganGp<B> {
    pub(super) fn new(
        config: &Config,
        output: Output,
        (critic_updates, penalty): (u64, f32),
        device: &B,
        seed: Seed,
    ) -> Self {
        let (network, shape) = (&config.network, &config.shape);
        WganGp {
            generator: Player::declare("generator", device, seed, |builder| {
                Generator::declare(builder, network, config.latent, shape, output)
            }),
            critic: Player::declare("discriminator", device, seed, |builder| {
                Discriminator::of_observations(builder, network, shape, false)
            }),
            critic_updates,
            penalty,
        }
    }

    /// Gulrajani et al. 2017, equation 3:
    /// L_D = E f(G(z)) − E f(x) + λ E (‖∇f(x̂)‖ − 1)², x̂ = x + α (G(z) − x);
    /// beside it the estimate of the distance, E f(x) − E f(G(z)).
    pub(super) fn critic_step(
        &self,
        x: Matrix<B>,
        z: Matrix<B>,
        alpha: Vector<B>,
    ) -> (Step<B>, f64) {
        let (g, f) = (self.generator.waits(), self.critic.learns());
        let fake = g.of(z);
        let between = rows(penalty::interpolates(
            points(x.clone()),
            points(fake.clone()),
            alpha,
        ));
        let critic = f.layers.network.stack();
        let penalty = penalty::gradient_penalty(&critic, &f.pass, points(between), self.penalty);
        let gap = f.of(fake).mean() - f.of(x).mean();
        let distance = -f64::from(gap.value());
        (f.step(gap + penalty), distance)
    }

    /// L_G = −E f(G(z))
    pub(super) fn generator_step(&self, z: Matrix<B>) -> Step<B> {
        let (g, f) = (self.generator.learns(), self.critic.waits());
        let loss = -f.of(g.of(z)).mean();
        g.step(loss)
    }
}

impl<B: Backend> System<B> for WganGp<B> {
    fn components(&mut self) -> Vec<&mut Component<B>> {
        vec![&mut self.generator.component, &mut self.critic.component]
    }

    fn learns_by(&self) -> Vec<LearnsBy> {
        vec![
            LearnsBy::of("L_G = −E f(G(z))"),
            LearnsBy {
                updates: self.critic_updates,
                ..LearnsBy::of("L_D = E f(G(z)) − E f(x) + λ E (‖∇f(x̂)‖ − 1)²")
            },
        ]
    }

    fn batches_per_iteration(&self) -> u64 {
        self.critic_updates
    }

    fn iterate(&mut self, round: &mut Round<'_, '_, B>) -> Result<(), TrainingError> {
        let mut n = 0;
        for _ in 0..self.critic_updates {
            let x = round.batch();
            n = x.rows();
            let (z, alpha) = (round.draws.prior(n), round.draws.uniform(n));
            let (step, distance) = self.critic_step(x, z, alpha);
            round.report("critic", step.loss, n);
            round.report("distance", distance, n);
            self.critic.update(step)?;
        }
        let step = self.generator_step(round.draws.prior(n));
        round.report("generator", step.loss, n);
        self.generator.update(step)
    }

    fn validate(&self, x: Matrix<B>, draws: &mut Draws<B>) -> Vec<(&'static str, f64)> {
        let (g, f) = (self.generator.rests(), self.critic.rests());
        let z = draws.prior(x.rows());
        let distance = f.of(x).mean() - f.of(g.of(z)).mean();
        vec![("valid_distance", f64::from(distance.value()))]
    }

    fn make(&self, z: Matrix<B>) -> Made<B> {
        Made::Values(self.generator.rests().of(z))
    }
}
