#!/usr/bin/env bash
# Trains every model with every density p(x|z), scores them, and recomputes the scores in NumPy.
# tests/python/scores.sh [sweepline]: the program, else the debug build. Python packages go to a
# virtual environment in target/, or in $SCORES_VENV where that is set; one that is there is used again.
set -euo pipefail
. "$(dirname "$0")/../program.sh" "${1:-}"

venv=${SCORES_VENV:-$root/target/scores-venv}
if ! "$venv/bin/python" -c 'import numpy, safetensors' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy safetensors
fi

cd "$scratch"
mkdir manifests
"$venv/bin/python" "$root/tests/python/scores.py" --data "$scratch/bits.safetensors"
experiment() {
    cat > "manifests/$1.yaml" <<YAML
experiment: $1
axes:
  model: [vae, iwae, mapa]
stages:
  data:
$2
  fit:
    uses: train/\${model}
    in: {data: data}
    with: {latent: 1, visible: $3, hidden: [10], activation: tanh, epochs: 40, lr: 1e-2, recovery_epochs: 50, kernel: $3, samples: 5, seed: 1}
  score:
    uses: evaluate/test-kl
    in: {model: fit, data: data}
  bound:
    uses: evaluate/iwae-bound
    in: {model: fit, data: data}
  elbo:
    uses: evaluate/elbo
    in: {model: fit, data: data}
    with: {samples: 100}
    when: model != 'mapa'
  marginal:
    uses: evaluate/marginal-kl
    in: {model: fit, data: data}
    when: model != 'mapa'
  active:
    uses: evaluate/active-units
    in: {model: fit, data: data}
YAML
}
experiment bits "    uses: command
    in: {bits: {file: bits.safetensors}}
    with: {run: [cp, '\${in.bits}', '\${out.data}'], out: {data: {file: data.safetensors, type: dataset}}}" bernoulli
experiment plane "    uses: dataset/synthetic
    with: {name: circle, points: 400, test: 300, valid: 200}" gaussian
touch Cargo.toml
"$program" run manifests/bits.yaml --progress none
"$program" run manifests/plane.yaml --progress none
"$venv/bin/python" "$root/tests/python/scores.py" "$scratch"
