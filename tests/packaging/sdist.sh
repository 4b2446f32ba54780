#!/usr/bin/env bash
# The source distribution has all that the program is built of: every file of src/, the lock file, the licences.
# Builds nothing. Ends with 77 where maturin cannot be had.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
maturin=$(command -v maturin || echo target/maturin-venv/bin/maturin)
[ -x "$maturin" ] || exit 77

"$maturin" sdist --out "$scratch" > "$scratch/said" 2>&1 || { cat "$scratch/said"; exit 1; }
tar -tzf "$scratch"/sweepline-*.tar.gz | sed 's|^[^/]*/||' | sort > "$scratch/has"
git ls-files src Cargo.toml Cargo.lock pyproject.toml README.md LICENSE-APACHE LICENSE-MIT | sort > "$scratch/needs"
if lacks=$(comm -13 "$scratch/has" "$scratch/needs") && [ -n "$lacks" ]; then
    echo "the source distribution lacks:" "$lacks"
    exit 1
fi
echo "$(wc -l < "$scratch/needs") files are in it"
