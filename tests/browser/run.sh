#!/usr/bin/env bash
# Looks at the report page in headless Chromium: tests/browser/run.sh [page.html] [screenshots]
# Without a page it renders the fixture of examples/report_fixture.rs, whose contents the driver
# knows; of any other page it checks what holds for all. Installs Debian's chromium and
# chromium-driver where they are missing and it may. Whatever cannot be had is a failure.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if ! command -v chromium >/dev/null || ! command -v chromedriver >/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "tests/browser: chromium and chromedriver are needed (Debian: chromium, chromium-driver)" >&2
        exit 1
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium chromium-driver fonts-dejavu-core
fi
if ! command -v python3 >/dev/null; then
    echo "tests/browser: python3 is needed" >&2
    exit 1
fi

if [ $# -ge 1 ]; then
    page=$(realpath "$1")
    kind=any
else
    page=$scratch/report.html
    kind=fixture
    (cd "$root" && cargo run --locked --quiet --example report_fixture -- "$page")
fi
shots=${2:-$scratch/shots}
mkdir -p "$shots"
python3 "$root/tests/browser/drive.py" "$kind" "$page" "$shots"
