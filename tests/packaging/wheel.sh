#!/usr/bin/env bash
# The wheel, installed into a bare environment and used: tests/packaging/wheel.sh [profile [target]], else
# `dev`, which takes what a debug build left in target/. Needs Python with venv, and maturin: on the path, or by
# pip. Ends with 77 where these cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
profile=${1:-dev} target=${2:+--target=$2}
# A static program is for any C library: its wheel is taken where there is glibc, and where there is musl.
case ${2:-} in *-musl) tags=(--compatibility manylinux_2_5 musllinux_1_1) ;; *) tags=() ;; esac
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

python3 -m venv "$scratch/venv" || exit 77
maturin=$(command -v maturin || echo target/maturin-venv/bin/maturin)
if ! [ -x "$maturin" ]; then
    python3 -m venv target/maturin-venv
    target/maturin-venv/bin/pip install --quiet "maturin>=1.9.4,<2" || exit 77
fi

"$maturin" build --quiet --profile "$profile" $target "${tags[@]}" --out "$scratch/wheels"
ls -l "$scratch"/wheels/*.whl

# Nothing of this environment, and no network: what the wheel lacks is missed.
bare() { env -i HOME="$scratch" PATH="$scratch/venv/bin:/usr/bin:/bin" "$@"; }
bare pip install --quiet --no-index --disable-pip-version-check "$scratch"/wheels/*.whl
bare pip show --files sweepline
case ${2:-} in *-musl)
    bare pip download --quiet --no-index --find-links "$scratch/wheels" --only-binary=:all: \
        --platform "musllinux_1_1_${2%%-*}" --dest "$scratch/alpine" sweepline ;;
esac
cd "$scratch"
[ "$(bare which sweepline)" = "$scratch/venv/bin/sweepline" ]
bare sweepline --version
for template in command sweep; do
    bare sweepline init --template $template "$scratch/$template"
    bare sweepline check "$scratch/$template/manifests/first.yaml"
done
[ -n "$(bare sweepline completions bash)" ]
bare sweepline man "$scratch/venv/share/man"
cd "$scratch/command"
bare sweepline run manifests/first.yaml --progress lines
bare sweepline run manifests/first.yaml --progress lines 2>&1 | tee "$scratch/again"
grep -q "up to date" "$scratch/again"
ls outputs/first/tables/*.csv outputs/first/figures/*.pdf
bare pip uninstall --quiet --yes sweepline
[ ! -e "$scratch/venv/bin/sweepline" ]
