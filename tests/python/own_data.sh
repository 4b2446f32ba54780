#!/usr/bin/env bash
# Own data as NumPy, pandas and Pillow write it: what a data set holds of it is compared with what was
# written. tests/python/own_data.sh [sweepline]: the program, else the debug build. Python packages go to a
# virtual environment in target/, or in $OWN_DATA_VENV where that is set; one that is there is used again.
set -euo pipefail
. "$(dirname "$0")/../program.sh" "${1:-}"

venv=${OWN_DATA_VENV:-$root/target/own-data-venv}
if ! "$venv/bin/python" -c 'import numpy, PIL, safetensors' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet numpy pillow safetensors
fi

"$venv/bin/python" "$root/tests/python/own_data.py" write "$scratch/project"
cd "$scratch/project"
"$program" run manifests/own.yaml --progress none
"$venv/bin/python" "$root/tests/python/own_data.py" check .
