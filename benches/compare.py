#!/usr/bin/env python3
"""Whether a commit made anything slower: measures two of them in turns and prints ratios with intervals.

    benches/compare.py [BASE [HEAD]] [--rounds 10] [--threads 1,2] [--cases A,B,…] [--most 1.03] [--keep FOLDER]

BASE (default `HEAD~1`) is a commit; without HEAD the working tree is compared with it. Both are built in folders of their own
(`--keep` names one that the next comparison builds on), then measured in turns, each first in half of the rounds, so that a
busy moment hits both. Cases: the training steps of `train_steps`, the sweep of `sweep_tiny`, and runs of the whole program with
nothing to do, with 100, 1,000 and 10,000 command cells.

The interval is that of the median over rounds of head / base, by 10,000 bootstrap resamples, 95 %. The exit code is 1 if a whole
interval lies above `--most`: the one thing that busy machines do not do by themselves. Python 3.9 and nothing else; Linux, to confine
processes to as many CPUs as they have threads.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STEPS = ["tiny-vae", "mlp-vae", "lstm-vae", "dcgan-32", "wgan-gp-32"]
SWEEP = "sweep-tiny"
NOTHING = {f"nothing-{n}": n for n in (100, 1_000, 10_000)}
CASES = [*STEPS, SWEEP, *NOTHING]

MANIFEST = """experiment: cells
axes:
  i: {{range: [0, {n}]}}
stages:
  cell:
    uses: command
    with: {{run: [touch, '${{out.mark}}', '${{i}}'], out: {{mark: mark}}}}
"""


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def built(source, target):
    """The programs of a source tree, by name."""
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    command = ["cargo", "build", "--release", "--locked", "--message-format", "json-render-diagnostics"]
    command += ["--bin", "sweepline", "--bench", "train_steps", "--bench", "sweep_tiny"]
    output = subprocess.run(command, cwd=source, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = (json.loads(line) for line in output.splitlines())
    return {m["target"]["name"]: m["executable"] for m in messages if m.get("executable")}


def output_of(command, cpus, folder=None):
    """Standard output and seconds of one process."""
    environment = os.environ | {"RAYON_NUM_THREADS": str(len(cpus))}
    began = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stderr}")
    return done.stdout, time.perf_counter() - began


def seconds(case, programs, cpus, folder):
    """One measurement."""
    if case in STEPS:
        line = json.loads(output_of([programs["train_steps"], case], cpus)[0])
        return line["us_per_step_median"] * 1e-6
    if case == SWEEP:
        return output_of([programs["sweep_tiny"], 32, 200], cpus)[1]
    command = [programs["sweepline"], "run", "cells.yaml", "--jobs", len(cpus)]
    return min(output_of(command, cpus, folder / case)[1] for _ in range(5))


def prepare(programs, cases, folder):
    """Results for the runs that have nothing to do: each program its own, since keys may differ."""
    for case in cases:
        if case in NOTHING:
            (folder / case).mkdir(parents=True)
            (folder / case / "cells.yaml").write_text(MANIFEST.format(n=NOTHING[case]))
            output_of([programs["sweepline"], "run", "cells.yaml"], sorted(os.sched_getaffinity(0)), folder / case)


def interval(ratios):
    """Median and its 95 % bootstrap interval."""
    stream = random.Random(0)
    medians = sorted(statistics.median(stream.choices(ratios, k=len(ratios))) for _ in range(10_000))
    return statistics.median(ratios), medians[250], medians[-251]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", nargs="?", default="HEAD~1")
    parser.add_argument("head", nargs="?")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--most", type=float, default=1.03)
    parser.add_argument("--keep", type=Path, help="where both are built [default: a temporary folder]")
    arguments = parser.parse_args()
    cases = arguments.cases.split(",")
    if unknown := set(cases) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    cpus = sorted(os.sched_getaffinity(0))
    threads = [int(n) for n in arguments.threads.split(",")]
    if max(threads) > len(cpus):
        parser.error(f"{max(threads)} threads want as many CPUs; here are {len(cpus)}")

    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        kept = (arguments.keep or scratch).resolve()
        sides = {}
        for name, commit in [("base", arguments.base), ("head", arguments.head)]:
            source = ROOT
            if commit:
                source = scratch / name
                git("worktree", "add", "--quiet", "--detach", str(source), git("rev-parse", "--verify", f"{commit}^{{commit}}"))
            try:
                programs = built(source, kept / f"target-{name}")
            finally:
                if commit:
                    git("worktree", "remove", "--force", str(source))
            sides[name] = programs, scratch / f"results-{name}"
            prepare(programs, cases, scratch / f"results-{name}")

        slower = []
        print("| case | threads | base | head | head / base | 95 % interval |\n| --- | --: | --: | --: | --: | --- |")
        for case in cases:
            for n in threads:
                times = {name: [] for name in sides}
                for round in range(arguments.rounds):
                    order = list(sides) if round % 2 else list(sides)[::-1]
                    for name in order:
                        programs, folder = sides[name]
                        times[name].append(seconds(case, programs, cpus[-n:], folder))
                middle, low, high = interval([h / b for h, b in zip(times["head"], times["base"])])
                shown = " | ".join(f"{statistics.median(times[name]) * 1e3:.4g} ms" for name in sides)
                print(f"| {case} | {n} | {shown} | {middle:.3f} | {low:.3f} to {high:.3f} |", flush=True)
                if low > arguments.most:
                    slower.append(f"{case} on {n}")
        print(f"\n{arguments.rounds} rounds; load average {os.getloadavg()[0]:.1f} at the end.")
        if slower:
            sys.exit(f"slower by more than {arguments.most - 1:.0%}: {', '.join(slower)}")


if __name__ == "__main__":
    main()
