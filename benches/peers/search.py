#!/usr/bin/env python3
"""TPE beside Optuna's: regret after so many trials, and the time of a proposal. Prints Markdown tables.

    PYTHON=VENV/bin/python benches/peers/search.py [--seeds 30] [--bench PROGRAM] [--lines FILE]

PYTHON (default python3) has optuna 5.0.0: `python3 -m venv VENV && VENV/bin/pip install optuna==5.0.0 scipy`.
Both search the same problems (benches/search.rs has them too) with one trial at a time. The difference is that of the means of
log10 regret, with a 95 % bootstrap interval over seeds; the aim is an upper end below 0.2.
"""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
AFTER = [25, 50, 100, 200]
# Regrets below are equal: far below what matters, and the smallest difference of the recorded sweep.
FLOORS = {"branin": 1e-8, "hartmann6": 1e-8, "rosenbrock10": 1e-8, "conditional": 1e-8, "recorded": 1e-2}


def branin(x):
    a, b = x
    bend = b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10


HEIGHTS = [1.0, 1.2, 3.0, 3.2]
WIDTHS = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
MIDDLES = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
           [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]


def hartmann6(x):
    squares = lambda w, m: sum(a * (b - 1e-4 * c) ** 2 for a, b, c in zip(w, x, m))
    return -sum(h * math.exp(-squares(w, m)) for h, w, m in zip(HEIGHTS, WIDTHS, MIDDLES))


def rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def boxed(function, box):
    return lambda trial: function([trial.suggest_float(f"x{i}", *ends) for i, ends in enumerate(box)])


def conditional(trial):
    if trial.suggest_categorical("model", ["kernel", "forest"]) == "kernel":
        c = math.log10(trial.suggest_float("c", 1e-3, 1e3, log=True))
        gamma = math.log10(trial.suggest_float("gamma", 1e-6, 1e1, log=True))
        return 0.05 + 0.1 * (c - 1) ** 2 + 0.05 * (gamma + 2) ** 2
    depth, share = trial.suggest_int("depth", 1, 64), trial.suggest_float("share", 0.05, 1.0)
    return ((depth - 12) / 16) ** 2 + 2 * (share - 0.4) ** 2


def recorded():
    rows = [[float(cell or "nan") for cell in line.split(",")] for line in (ROOT / "benches/cases/recorded.csv").read_text().splitlines()[1:]]
    axes = [sorted({row[i] for row in rows}) for i in range(3)]
    costs = {tuple(row[:3]): row[3] for row in rows}
    objective = lambda trial: costs[tuple(axis[trial.suggest_int(f"x{i}", 0, len(axis) - 1)] for i, axis in enumerate(axes))]
    return objective, min(cost for cost in costs.values() if cost == cost)


def problems():
    return {
        "branin": (boxed(branin, [(-5, 10), (0, 15)]), 0.397887357729738),
        "hartmann6": (boxed(hartmann6, [(0, 1)] * 6), -3.32236801141551),
        "rosenbrock10": (boxed(rosenbrock, [(-5, 10)] * 10), 0.0),
        "conditional": (conditional, 0.0),
        "recorded": recorded(),
    }


def peer(seeds, names):
    """Runs in PYTHON: a line of JSON per search of Optuna, then one per problem with the time of a proposal."""
    import warnings

    import optuna

    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # A diverged training fails, as a program that raises does.
    failed = lambda cost: {"state": optuna.trial.TrialState.FAIL} if cost != cost else {"values": cost}
    tell = lambda study, trial, cost: study.tell(trial, **failed(cost))
    for name, (objective, least) in problems().items():
        if name not in names:
            continue
        group = {"multivariate": True, "group": True} if name == "conditional" else {}
        for seed in range(seeds):
            study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, **group))
            costs, seconds = [], 0.0
            for _ in range(AFTER[-1]):
                began = time.perf_counter()
                trial = study.ask()
                cost = objective(trial)
                seconds += time.perf_counter() - began
                tell(study, trial, cost)
                costs.append(cost if cost == cost else math.inf)
            regrets = [min(costs[:n]) - least for n in AFTER]
            print(json.dumps({"problem": name, "method": "optuna", "seed": seed, "regrets": regrets, "seconds": seconds}), flush=True)
        if name == "recorded":
            continue  # It has fewer points than 1,000.
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
        study.optimize(objective, n_trials=1000)
        study.sampler = optuna.samplers.TPESampler(seed=1, **group)
        times = []
        for _ in range(20):
            began = time.perf_counter()
            trial = study.ask()
            cost = objective(trial)
            times.append(time.perf_counter() - began)
            tell(study, trial, cost)
        print(json.dumps({"problem": name, "method": "optuna", "ms": 1e3 * sorted(times)[10]}), flush=True)


def built():
    command = ["cargo", "bench", "--no-run", "--message-format", "json-render-diagnostics", "--bench", "search"]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = map(json.loads, output.splitlines())
    return [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "search"][0]


def lines(command, kept):
    """What a program prints, and to the file `kept` as it comes."""
    found = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        for line in filter(lambda line: line.startswith("{"), program.stdout):
            found.append(json.loads(line))
            if kept:
                kept.write(line)
                kept.flush()
    if program.returncode:
        sys.exit(f"{command[0]} ended with {program.returncode}")
    return found


def interval(ours, theirs, rng):
    """Difference of means and its 95 % bootstrap interval."""
    mean = lambda values: sum(values) / len(values)
    draw = lambda values: mean(rng.choices(values, k=len(values)))
    drawn = sorted(draw(ours) - draw(theirs) for _ in range(4000))
    return mean(ours) - mean(theirs), drawn[100], drawn[3899]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--bench", help="the built bench, instead of building it")
    parser.add_argument("--lines", type=Path, help="where to leave every line of JSON")
    parser.add_argument("--report", type=Path, help="prints the tables of such lines, of the first seeds alone, and runs nothing")
    parser.add_argument("--problems", default=",".join(FLOORS))
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = given.problems.split(",")
    if given.report:
        return report([json.loads(line) for line in given.report.read_text().splitlines()], names, given.seeds)
    if given.peer:
        return peer(given.seeds, names)
    bench = given.bench or built()
    of = ["--problems", given.problems]
    seeds = ["--seeds", str(given.seeds)]
    with open(given.lines or os.devnull, "w") as kept:
        found = lines([os.environ.get("PYTHON", "python3"), __file__, "--peer", *seeds, *of], kept)
        found += lines([bench, *seeds, *of, "--methods", "tpe,random,sobol"], kept)
        found += lines([bench, "--cost", *of, "--methods", "tpe"], kept)
    report(found, names, given.seeds)


def report(found, names, seeds):
    rng = random.Random(0)
    found = [line for line in found if line.get("seed", 0) < seeds]
    regrets = {(line["problem"], line["method"], i): [] for line in found if "regrets" in line for i in range(4)}
    for line in found:
        for i, regret in enumerate(line.get("regrets", [])):
            regrets[line["problem"], line["method"], i].append(math.log10(max(regret, FLOORS[line["problem"]])))
    print(f"Mean log10 regret over {seeds} seeds; difference TPE − Optuna with its 95 % interval.\n")
    print("| problem | trials | TPE | Optuna 5.0.0 | difference | random | Sobol |\n| --- | --: | --: | --: | --: | --: | --: |")
    for name in names:
        for i, n in enumerate(AFTER):
            of = lambda method: regrets[name, method, i]
            mean = lambda method: f"{sum(of(method)) / len(of(method)):.2f}"
            difference, low, high = interval(of("tpe"), of("optuna"), rng)
            print(f"| {name} | {n} | {mean('tpe')} | {mean('optuna')} | {difference:+.2f} [{low:+.2f}, {high:+.2f}] "
                  f"| {mean('random')} | {mean('sobol')} |")
    print("\nA proposal after 1,000 trials, median of 20.\n")
    print("| problem | TPE | Optuna 5.0.0 | share |\n| --- | --: | --: | --: |")
    times = {(line["problem"], line["method"]): line["ms"] for line in found if "ms" in line}
    for name in [name for name in names if (name, "tpe") in times and (name, "optuna") in times]:
        ours, theirs = times[name, "tpe"], times[name, "optuna"]
        print(f"| {name} | {ours:.2f} ms | {theirs:.2f} ms | {ours / theirs:.3f} |")
    print(f"\nLoad average {', '.join(f'{load:.1f}' for load in os.getloadavg())}; Python {sys.version.split()[0]}.")


if __name__ == "__main__":
    main()
