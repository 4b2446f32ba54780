use super::*;
use crate::metrics::Estimate;
use crate::metrics::Marginal;
use crate::metrics::MarginalKl;
use crate::models::DiagonalGaussians;
use crate::models::Rows;
use crate::models::observation::LogVariances;
use crate::nn::Cpu;
use crate::nn::Params;
use crate::random::Seed;
use crate::training::TrainingLoop;
use crate::training::tests::Session;

fn params(density: Family, iterations: u64) -> DensityParams {
    DensityParams {
        density,
        components: 3,
        blocks: 2,
        hidden: vec![16],
        units: 12,
        iterations,
        batch: 100,
        lr: 1e-2,
    }
}

const FAMILIES: [Family; 3] = [Family::Gmm, Family::Maf, Family::Lstm];

#[test]
fn every_density_integrates_to_one_in_two_dimensions() {
    for family in FAMILIES {
        let mut all = Params::new(&Cpu::default());
        let density = Density::new(&mut all.builder(Seed::new(1)), &params(family, 1), 2);
        // Weights far from those at the start, so that the scales depend on what came before.
        for index in 0..all.len() {
            let mut values = all.values(index);
            let moved = Seed::new(2).stream(index as u64).normal(values.len());
            for (value, moved) in values.iter_mut().zip(moved) {
                *value += 0.3 * moved;
            }
            all.set(index, values).expect("as many");
        }
        let (limit, n) = (16.0_f32, 641);
        let step = 2.0 * limit / (n - 1) as f32;
        let axis: Vec<f32> = (0..n).map(|i| -limit + i as f32 * step).collect();
        let mut total = 0.0;
        for first in &axis {
            let points = axis.iter().flat_map(|second| [*first, *second]).collect();
            let z = Cpu::default().matrix(points, n, 2);
            let logs = density.log_density(&all.eval(), z).to_vec();
            total += logs.iter().map(|log| f64::from(*log).exp()).sum::<f64>();
        }
        let integral = total * f64::from(step).powi(2);
        // Beyond ±16 next to nothing lies; the rule is far better than this for such densities.
        assert!(
            (integral - 1.0).abs() < 2e-3,
            "{} {integral}",
            family.name()
        );
    }
}

#[test]
fn a_mixture_has_the_density_of_its_formula() {
    let mut all = Params::new(&Cpu::default());
    let mixture = GaussianMixture::new(&mut all.builder(Seed::new(1)), 2, 1);
    all.set(0, vec![0.0, 3f32.ln()]).expect("two weights");
    all.set(1, vec![-1.0, 2.0]).expect("two means");
    all.set(2, vec![0.0, 0.25f32.ln()]).expect("two variances");
    let z = [-1.5f32, 0.0, 2.25];
    let found = mixture.log_density(&all.eval(), Cpu::default().matrix(z.to_vec(), 3, 1));
    for (z, found) in z.iter().zip(found.to_vec()) {
        let normal = |m: f64, v: f64| {
            (-0.5 * (f64::from(*z) - m).powi(2) / v).exp() / (std::f64::consts::TAU * v).sqrt()
        };
        let exact = (0.25 * normal(-1.0, 1.0) + 0.75 * normal(2.0, 0.25)).ln();
        assert!((f64::from(found) - exact).abs() < 1e-5, "{found} {exact}");
    }
}

/// Three separate posteriors in the plane.
fn marginal() -> Marginal<'static> {
    let mean = vec![-2.0, 0.0, 2.0, 0.5, 0.0, 2.0];
    let log_var = vec![-1.0, -1.5, -2.0, -1.0, -1.0, -2.0];
    Marginal::of_posteriors(DiagonalGaussians::new(
        Rows::new(2, mean),
        LogVariances::new(Rows::new(2, log_var)),
    ))
}

/// KL(q‖p_ψ) after a training, with its standard error, and the first row of its curve.
fn gap(family: Family, iterations: u64) -> (Estimate, f64, f64) {
    let marginal = marginal();
    let seed = Seed::new(3);
    let held_out = marginal
        .sample(3000, seed.derive("held-out"))
        .expect("finite");
    let exact = MarginalKl::of(&marginal, &held_out).expect("finite");
    let start = marginal
        .sample(500, seed.derive("start"))
        .expect("finite")
        .z;
    let draws = |update: u64| {
        let own = marginal.sample(100, seed.derive(&update.to_string()));
        Ok(own.expect("finite").z)
    };
    let bound = Estimate::of(&exact.log_q).mean;
    let held_out = (held_out.z, bound);
    let params = params(family, iterations);
    let mut training = DensityTraining::new(
        &Cpu::default(),
        &params,
        seed,
        &start,
        Box::new(draws),
        held_out,
    );
    let session = Session::default();
    let trained = TrainingLoop::new(&"density", &session)
        .expect("plain")
        .run(&mut training);
    let trained = trained.expect("it trains");
    let logs = training.log_densities();
    let gaps: Vec<f64> = exact.log_q.iter().zip(logs).map(|(q, p)| q - p).collect();
    let first = bound - trained.curve.rows[0].scores[trained.curve.names.len() - 2];
    (
        Estimate::of(&gaps),
        first,
        bound - trained.curve.last("log_density").expect("a row"),
    )
}

#[test]
fn a_mixture_finds_a_mixture() {
    let (gap, _, last) = gap(Family::Gmm, 300);
    let error = gap.standard_error.expect("many draws");
    // q is in the family: what is left is chance and the noise of the last updates.
    assert!(gap.mean.abs() < 4.0 * error + 0.02, "{gap:?}");
    assert!((gap.mean - last).abs() < 1e-9);
}

#[test]
fn what_is_no_mixture_comes_near_from_below() {
    for family in [Family::Maf, Family::Lstm] {
        let (gap, first, _) = gap(family, 400);
        let error = gap.standard_error.expect("many draws");
        assert!(gap.mean > -4.0 * error, "{} {gap:?}", family.name());
        // Two Gaussians in a row cannot be three groups, but they leave less than one Gaussian
        // does, and than they do at the start.
        assert!(
            gap.mean < 0.9 && gap.mean < first,
            "{} {gap:?} {first}",
            family.name()
        );
    }
}
