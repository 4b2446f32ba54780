//! A device that this build lacks: said where the manifest asks for it, and the rest goes on.

use snapbox::assert_data_eq;
use snapbox::str;

use super::kit::*;
use crate::support::TestSpace;

/// The toy, whose trainings run where `device` says.
#[cfg(not(feature = "cuda"))]
fn toy_on_a_device() -> TestSpace {
    let space = toy();
    space.replace(
        "manifests/toy.yaml",
        "latent: 1,",
        "latent: 1, device: \"${device}\",",
    );
    space
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_is_not_there_is_said_at_its_value() {
    let space = toy_on_a_device();
    space.replace(
        "manifests/toy.yaml",
        "params: {epochs: 1}",
        "params: {epochs: 1, device: cuda}",
    );
    assert_data_eq!(
        said(&space, "check toy"),
        str![[r#"
-- stderr
warning: steps of `fit` will fail on this machine
  --> manifests/toy.yaml:14:95
   |
 2 | params: {epochs: 1, device: cuda}
   |                             ---- `device` has its value here
...
14 |     with: {samples: "${samples}", epochs: "${epochs}", seed: "${restart}", latent: 1, device: "${device}", hidden: [4], batch: 10}
   |                                                                                               ^^^^^^^^^^^ this build has no CUDA
   |
   = help: build with `--features cuda`, or say `device: cpu` or `device: auto`

`manifests/toy.yaml` is well formed: 23 steps in 5 stages

"#]]
    );
    // The data are made, the trainings fail, and what needs them is skipped.
    assert_data_eq!(
        said(
            &space,
            "run toy --seeds 1 --axis samples=5 --progress none --jobs 2"
        ),
        str![[r#"
-- stderr
warning: steps of `fit` will fail on this machine
  --> manifests/toy.yaml:14:95
   |
 2 | params: {epochs: 1, device: cuda}
   |                             ---- `device` has its value here
...
14 |     with: {samples: "${samples}", epochs: "${epochs}", seed: "${restart}", latent: 1, device: "${device}", hidden: [4], batch: 10}
   |                                                                                               ^^^^^^^^^^^ this build has no CUDA
   |
   = help: build with `--features cuda`, or say `device: cpu` or `device: auto`


failed 2 steps: device `cuda` cannot be used: this build has no CUDA; build with `--features cuda`, or say `device: cpu` or `device: auto`
  fit[name=circle,restart=0,samples=5], fit[name=clusters,restart=0,samples=5]
  --> manifests/toy.yaml:11:3
2 done, 2 failed, 5 skipped in [TIME]
`sweepline log manifests/toy.yaml --axis samples=5 --seeds 1 'fit[name=circle,restart=0,samples=5]'` prints a log, `run --failed` tries again
results in outputs/toy@54e0afa1
-- exit code 1

"#]]
    );
}

#[cfg(not(feature = "cuda"))]
#[test]
fn cells_on_other_devices_run() {
    let space = toy_on_a_device();
    space.replace(
        "manifests/toy.yaml",
        "samples: [5, 50]",
        "samples: [5]\n  device: [cpu, cuda]",
    );
    let run = said(
        &space,
        "run toy --seeds 1 --axis name=circle --progress none",
    );
    assert!(
        run.contains("fit[name=circle,restart=0,samples=5,device=cuda]"),
        "{run}"
    );
    let log =
        "log toy fit[name=circle,restart=0,samples=5,device=cpu] --seeds 1 --axis name=circle";
    assert_data_eq!(
        said(&space, log),
        str![[r#"
parameter                    shape       count
encoder.0.weight               4×2           8
encoder.0.bias                   4           4
encoder.1.weight               2×4           8
encoder.1.bias                   2           2
decoder.0.weight               4×1           4
decoder.0.bias                   4           4
decoder.1.weight               2×4           8
decoder.1.bias                   2           2
total                                       40
-- stderr
warning: steps of `fit` will fail on this machine
  --> manifests/toy.yaml:15:95
   |
 7 |   device: [cpu, cuda]
   |                 ---- `device` has its value here
...
15 |     with: {samples: "${samples}", epochs: "${epochs}", seed: "${restart}", latent: 1, device: "${device}", hidden: [4], batch: 10}
   |                                                                                               ^^^^^^^^^^^ this build has no CUDA
   |
   = help: build with `--features cuda`, or say `device: cpu` or `device: auto`

attempt 1 of run [RUN]: made after [TIME]

"#]]
    );
}
