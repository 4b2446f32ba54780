#!/usr/bin/env bash
# The project of scikit-learn in examples/, by the lines of its README in a copy, with the profile `smoke`:
# tests/python/scikit_learn.sh [sweepline], else the debug build.
set -euo pipefail
. "$(dirname "$0")/../program.sh" "${1:-}"
mkdir "$scratch/bin"
ln -s "$program" "$scratch/bin/sweepline"

cp -r "$root/examples/scikit-learn" "$scratch/project"
cd "$scratch/project"
lines=$(sed -n '/^```sh$/,/^```$/p' README.md | grep -v '^```')
eval "export PATH=$scratch/bin:\$PATH; ${lines/--report/--report --profile smoke --progress lines}"

results=outputs/digits@smoke
grep -q '\*\*' $results/tables/scores.md            # the best in bold
grep -q 'accuracy (%) ↑' $results/tables/scores.md  # units and direction
ls $results/figures/confusion.pdf $results/figures/by-strength.pdf $results/report.html
grep -q 'svm-beats-logistic' $results/claims.md
