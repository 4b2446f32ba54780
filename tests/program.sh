# What scripts of tests begin with, sourced with their first argument: `root`, a folder `scratch` that goes with
# the script, and `program`, the one that was given, else the debug build.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

program=${1:-}
if [ -z "$program" ]; then
    (cd "$root" && cargo build --locked --quiet)
    program=$root/target/debug/sweepline
fi
program=$(realpath "$program")
