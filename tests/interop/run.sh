#!/usr/bin/env bash
# Reads exports back with the programs they are for: TensorBoard, MLflow, pandas and polars.
# tests/interop/run.sh [sweepline]: the program, else the debug build. Python packages go to a
# virtual environment in target/, or in $INTEROP_VENV where that is set; one that is there is used
# again. Whatever cannot be had is a failure.
set -euo pipefail
. "$(dirname "$0")/../program.sh" "${1:-}"

venv=${INTEROP_VENV:-$root/target/interop-venv}
if ! "$venv/bin/python" -c 'import tensorboard, mlflow, sqlalchemy, pandas, pyarrow, polars' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet tensorboard mlflow pandas pyarrow polars
fi

cd "$scratch"
mkdir manifests
cat > manifests/small.yaml <<'YAML'
experiment: small
params: {epochs: 3}
axes:
  latent: [2, 4]
  seed: {seeds: 2}
stages:
  data:
    uses: dataset/mnist
    with: {train: 200, valid: 50, test: 50}
  fit:
    uses: train/vae
    in: {data: data}
    with: {latent: "${latent}", hidden: [16], epochs: "${epochs}", batch: 50, seed: "${seed}"}
  elbo:
    uses: evaluate/elbo
    in: {model: fit, data: data}
YAML
touch Cargo.toml
"$program" run manifests/small.yaml --progress none
for form in tensorboard mlflow csv arrow; do
    "$program" export manifests/small.yaml --to "$form" "$scratch/$form"
done
# As docs/export.md says: MLflow 3.17 shows no store of files.
MLFLOW_ENABLE_TELEMETRY=false "$venv/bin/mlflow" migrate-filestore --source "$scratch/mlflow" --target "sqlite:///$scratch/mlflow.db"
"$venv/bin/python" "$root/tests/interop/read.py" "$scratch"
