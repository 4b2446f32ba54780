//! Derivatives through inner steps against closed forms and brute force.

use dfdx::prelude::Cpu;

use super::*;
use crate::nn::{Activation, Backend, Init, Mlp, Param, Seed};

/// f(λ, θ) = ½ Σ a_j (λ_j − θ_j)²: every second derivative is known, and λ_K is linear in λ_0 and θ.
struct Quadratic {
    params: Params<Cpu>,
    theta: Param<(usize, usize)>,
    curvature: Vec<f32>,
}

impl Quadratic {
    fn new() -> Self {
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(Seed::new(1));
        let theta = builder.weight("theta", (1, 3), Init::Normal(1.0));
        Quadratic {
            params,
            theta,
            curvature: vec![0.2, 0.5, 0.9],
        }
    }

    fn loss(&self) -> impl Fn(&Pass<Cpu>, &[Matrix<Cpu>], usize) -> Scalar<Cpu> + '_ {
        |pass, lambda, _| {
            let distance = (lambda[0].clone() - pass.get(self.theta)).square();
            let curvature = pass.device().vector(self.curvature.clone());
            distance.times_row(curvature).sum() * 0.5
        }
    }
}

const SETTINGS: InnerLoop = InnerLoop {
    steps: 4,
    step_size: 0.7,
    momentum: 0.5,
    clip: None,
    clipped_step: ClippedStep::Exact,
    back_clip: None,
    differences: Differences::Central {
        distance: 0.05,
        order: Order::Second,
    },
};

fn close(got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (g, w) in got.iter().zip(want) {
        let error = (f64::from(*g) - w).abs();
        assert!(
            error <= tolerance * w.abs().max(0.1),
            "{got:?} is not {want:?}"
        );
    }
}

#[test]
fn on_a_quadratic_the_derivatives_are_those_of_the_recurrence() {
    let toy = Quadratic::new();
    let start = vec![1.0, -2.0, 0.5];
    let initial = Cpu::default().matrix(start.clone(), 1, 3);
    let trajectory = SETTINGS.run(&toy.params, &[initial], &toy.loss());
    let derivatives = trajectory.backward(&toy.params, &toy.loss());
    // e = λ − θ obeys e' = e + α v', v' = m v − a e: one number times e_0.
    let theta = toy.params.values(0);
    let (mut initial, mut total) = (Vec::new(), Vec::new());
    for j in 0..3 {
        let a = f64::from(toy.curvature[j]);
        let (mut e, mut v) = (1.0, 0.0);
        for _ in 0..SETTINGS.steps {
            v = f64::from(SETTINGS.momentum) * v - a * e;
            e += f64::from(SETTINGS.step_size) * v;
        }
        let slope = a * e * e * (f64::from(start[j]) - f64::from(theta[j]));
        initial.push(slope);
        total.push(-slope);
    }
    // Differences of a linear gradient have rounding errors alone.
    close(&derivatives.initial[0].to_vec(), &initial, 1e-4);
    let params = derivatives.params.get(toy.theta).expect("not frozen");
    close(&params, &total, 1e-4);
    assert_ne!(derivatives.direct.get(toy.theta), Some(params));
}

/// A smooth loss with two variational parameters and a network, different at every step.
struct Curved {
    params: Params<Cpu>,
    net: Mlp,
    x: Matrix<Cpu>,
}

impl Curved {
    fn new() -> Self {
        let mut params = Params::new(&Cpu::default());
        let mut builder = params.builder(Seed::new(2));
        let net = Mlp::new(&mut builder, &[2, 4, 3], Activation::Tanh);
        let x = Cpu::default().matrix(Seed::new(3).stream(0).normal(6), 2, 3);
        Curved { params, net, x }
    }

    fn loss(&self) -> impl Fn(&Pass<Cpu>, &[Matrix<Cpu>], usize) -> Scalar<Cpu> + '_ {
        |pass, lambda, k| {
            let noise = Seed::new(4).stream(k as u64).normal(4);
            let noise = pass.device().matrix(noise, 2, 2);
            let [mean, log_var] = [lambda[0].clone(), lambda[1].clone()];
            let kl = crate::nn::losses::kl_standard(mean.clone(), log_var.clone());
            let z = Cpu::gaussian_sample(mean, log_var, noise);
            let distance = (self.net.forward(pass, z) - self.x.clone()).square();
            (distance.sum_rows() * 2.0 + kl).mean()
        }
    }

    fn initial(&self) -> Vec<Matrix<Cpu>> {
        [5, 6]
            .map(|seed| Cpu::default().matrix(Seed::new(seed).stream(0).normal(4), 2, 2))
            .to_vec()
    }

    /// The loss after the inner loop, by running it.
    fn outcome(&self, settings: &InnerLoop, initial: &[Matrix<Cpu>]) -> f64 {
        let trajectory = settings.run(&self.params, initial, &self.loss());
        let pass = self.params.eval();
        f64::from(self.loss()(&pass, trajectory.last(), settings.steps).value())
    }
}

#[test]
fn derivatives_through_the_inner_loop_agree_with_brute_force() {
    agrees_with_brute_force(&SETTINGS);
}

/// In some steps the gradients of both, in some of one, and in some of neither.
#[test]
fn so_they_do_where_steps_are_clipped() {
    let settings = InnerLoop {
        clip: Some(0.8),
        ..SETTINGS
    };
    let toy = Curved::new();
    let run = settings.run(&toy.params, &toy.initial(), &toy.loss());
    assert!((2..7).contains(&run.clipped()), "{:?}", run.factors);
    agrees_with_brute_force(&settings);
}

fn agrees_with_brute_force(settings: &InnerLoop) {
    let toy = Curved::new();
    let derivatives = settings
        .run(&toy.params, &toy.initial(), &toy.loss())
        .backward(&toy.params, &toy.loss());
    let h = 5e-3_f32;
    for which in 0..2 {
        let gradient = derivatives.initial[which].to_vec();
        for (j, got) in gradient.iter().enumerate() {
            let at = |sign: f32| {
                let mut initial = toy.initial();
                let mut values = initial[which].to_vec();
                values[j] += sign * h;
                initial[which] = Cpu::default().matrix(values, 2, 2);
                toy.outcome(settings, &initial)
            };
            let want = (at(1.0) - at(-1.0)) / f64::from(2.0 * h);
            // float32 losses of size 1 differ by 1e-7 over 1e-2: 1e-4 covers rounding and h².
            assert!((f64::from(*got) - want).abs() < 5e-4, "{got} is not {want}");
        }
    }
    let weight = derivatives.params.at(0).expect("nothing is frozen");
    for (j, got) in weight.iter().enumerate() {
        let at = |sign: f32| {
            let mut toy = Curved::new();
            let mut values = toy.params.values(0);
            values[j] += sign * h;
            toy.params.set(0, values).expect("as many numbers");
            toy.outcome(settings, &toy.initial())
        };
        let want = (at(1.0) - at(-1.0)) / f64::from(2.0 * h);
        assert!((f64::from(*got) - want).abs() < 5e-4, "{got} is not {want}");
    }
}

#[test]
fn the_papers_differences_point_the_same_way_but_are_coarser() {
    let toy = Curved::new();
    let with = |differences| {
        let settings = InnerLoop {
            differences,
            ..SETTINGS
        };
        let run = settings.run(&toy.params, &toy.initial(), &toy.loss());
        let derivatives = run.backward(&toy.params, &toy.loss());
        derivatives.initial[0].to_vec()
    };
    let (paper, central) = (with(Differences::Paper), with(Differences::default()));
    let dot = |a: &[f32], b: &[f32]| -> f32 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let cosine = dot(&paper, &central) / (dot(&paper, &paper) * dot(&central, &central)).sqrt();
    assert!(cosine > 0.9, "{cosine}");
    assert_ne!(paper, central);
}

#[test]
fn clipping_bounds_every_step_and_can_be_a_constant_factor_going_back() {
    let toy = Quadratic::new();
    let initial = Cpu::default().matrix(vec![40.0, -30.0, 20.0], 1, 3);
    let settings = InnerLoop {
        clip: Some(1.0),
        clipped_step: ClippedStep::ConstantFactor,
        momentum: 0.0,
        steps: 1,
        ..SETTINGS
    };
    let trajectory = settings.run(&toy.params, std::slice::from_ref(&initial), &toy.loss());
    assert_eq!(trajectory.clipped(), 1);
    let moved = norm(&[trajectory.last()[0].clone() - initial]);
    assert!(
        (moved - f64::from(settings.step_size)).abs() < 1e-4,
        "{moved}"
    );
    let derivatives = trajectory.backward(&toy.params, &toy.loss());
    // dL/dλ_0 = (1 − α c a) a e_1 with the factor c held constant.
    let theta = toy.params.values(0);
    let factor = f64::from(trajectory.factors[0][0]);
    let want: Vec<f64> = (0..3)
        .map(|j| {
            let a = f64::from(toy.curvature[j]);
            let e = f64::from(trajectory.last()[0].to_vec()[j]) - f64::from(theta[j]);
            (1.0 - f64::from(settings.step_size) * factor * a) * a * e
        })
        .collect();
    close(&derivatives.initial[0].to_vec(), &want, 1e-4);
}

#[test]
fn what_a_step_passes_back_can_be_bounded() {
    let toy = Curved::new();
    let with = |back_clip| {
        let settings = InnerLoop {
            back_clip,
            ..SETTINGS
        };
        let run = settings.run(&toy.params, &toy.initial(), &toy.loss());
        run.backward(&toy.params, &toy.loss())
    };
    let (free, wide, narrow) = (with(None), with(Some(1e6)), with(Some(0.05)));
    let initial = |of: &Derivatives<Cpu>| of.initial[0].to_vec();
    assert_eq!(initial(&free), initial(&wide));
    assert_eq!(free.params.at(0), wide.params.at(0));
    assert!(norm(&free.initial) > 0.1, "it is bounded by nothing else");
    assert!(norm(&narrow.initial) < 0.0501);
    let mut through = narrow.params.clone();
    through.add(&narrow.direct, -1.0);
    let most = 0.05 * SETTINGS.steps as f64;
    assert!(
        through.global_norm() <= most * 1.001,
        "{}",
        through.global_norm()
    );
    assert!(through.global_norm() > 0.0);
}

#[test]
fn higher_orders_come_closer_at_the_same_distance() {
    let toy = Curved::new();
    let with = |distance, order| {
        let settings = InnerLoop {
            differences: Differences::Central { distance, order },
            ..SETTINGS
        };
        let run = settings.run(&toy.params, &toy.initial(), &toy.loss());
        run.backward(&toy.params, &toy.loss()).initial[0].to_vec()
    };
    let best = with(0.05, Order::Sixth);
    let error = |order| {
        let pairs = with(0.2, order).into_iter().zip(&best);
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    let errors = [Order::Second, Order::Fourth, Order::Sixth].map(error);
    assert!(
        errors[1] < 0.3 * errors[0] && errors[2] < errors[1],
        "{errors:?}"
    );
}
