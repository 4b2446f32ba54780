"""Overhead per step through Slurm: sweepline, in arrays, beside Snakemake's Slurm executor, on one cluster.

    python slurm.py SWEEPLINE [STEPS [GROUP]]

A graph of so many equal steps (200) that each write one small file, GROUP of them in a job where that is said; both start from nothing, then are called again
with nothing to do. Needs a Slurm that answers `squeue` (SLURM_CONF), and `pip install snakemake
snakemake-executor-plugin-slurm` for the peer, which is left out with a word where it is not there; its jobs look for Slurm's settings in their
usual place alone (/etc/slurm/slurm.conf). The peer runs in arrays and with a job a step. Prints wall seconds,
and how often Slurm's commands were called: both are counted by wrappers that stand first on PATH.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

program = Path(sys.argv[1]).resolve()
steps = int(sys.argv[2]) if len(sys.argv) > 2 else 200
group = sys.argv[3] if len(sys.argv) > 3 else None

MANIFEST = f"""experiment: o
axes:
  x: {{range: [0, {steps - 1}]}}
stages:
  gen:
    uses: command
    resources: {{memory: 100MiB, time: 5min}}
    with:
      run: 'echo "${{x}}" > "${{out.n}}"'
      out: {{n: n.txt}}
"""

SNAKEFILE = f"""rule all:
    input: expand("n/{{x}}.txt", x=range({steps}))

rule gen:
    output: "n/{{x}}.txt"
    resources: mem_mb=100, runtime=5
    shell: "echo {{wildcards.x}} > {{output}}"
"""

COMMANDS = ["sbatch", "squeue", "scancel", "scontrol", "sacct"]


def counted(folder):
    """A PATH on which every command of Slurm adds a line to a file before it is called."""
    bin = folder / "bin"
    bin.mkdir()
    for name in COMMANDS:
        real = shutil.which(name)
        if real:
            wrapper = bin / name
            wrapper.write_text(f'#!/bin/sh\necho {name} >> "{folder}/calls"\nexec {real} "$@"\n')
            wrapper.chmod(0o755)
    return {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}"}


def measure(name, folder, command, result):
    environment = counted(folder)
    for what in ["from nothing", "nothing to do"]:
        (folder / "calls").unlink(missing_ok=True)
        begun = time.monotonic()
        ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        took = time.monotonic() - begun
        if ended.returncode != 0:
            sys.exit(f"{name}: {ended.stderr[-2000:]}")
        found = len(list(folder.glob(result)))
        calls = (folder / "calls").read_text().split() if (folder / "calls").exists() else []
        calls = ", ".join(f"{calls.count(name)} {name}" for name in COMMANDS if name in calls)
        print(f"{name}, {what}: {took:.1f} s, {1000 * took / steps:.0f} ms a step, {found} files; {calls or 'no calls'}", flush=True)


def sweepline(folder):
    (folder / "manifests").mkdir()
    (folder / "manifests/o.yaml").write_text(MANIFEST)
    grouping = f"group = {group}\n" if group else ""
    (folder / "sweepline.toml").write_text(f"[slurm.here]\n{grouping}")
    run = [program, "run", "manifests/o.yaml", "--executor", "slurm", "--progress", "none"]
    measure("sweepline", folder, run, "outputs/store/objects-v1/*/*")


def snakemake(folder, arrays):
    if not shutil.which("snakemake"):
        return print("snakemake is not on the path: not measured")
    (folder / "Snakefile").write_text(SNAKEFILE)
    run = ["snakemake", "--executor", "slurm", "--jobs", str(steps), "--latency-wait", "5", "--quiet"]
    run += ["--default-resources", "slurm_partition=main"]
    # Without accounting `sacct` answers nothing; both ways of asking are the plugin's own.
    run += ["--slurm-no-account", "--slurm-status-command=squeue", "--slurm-init-seconds-before-status-checks=2"]
    if arrays:
        # Without a limit the steps of an array are too long for a command line, and what the plugin sends
        # instead fails: "--slurm-jobstep-array-execs: not found".
        run += ["--slurm-array-jobs=all", "--slurm-array-limit=50"]
    measure(f"snakemake, {'in arrays' if arrays else 'a job a step'}", folder, run, "n/*.txt")


for tool in [sweepline, partial(snakemake, arrays=True), partial(snakemake, arrays=False)]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("SHARED_FOLDER")) as folder:
        tool(Path(folder))
