#!/usr/bin/env python3
"""Proposes a trial by a sampler of Optuna, Gaussian processes if none is named: `optuna_gp.py [SAMPLER]`.

Reads the space and the trials as JSON lines and prints a point. `pip install optuna scipy torch`
"""

import json
import sys

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial


def distribution(parameter):
    if "choice" in parameter:
        return CategoricalDistribution(parameter["choice"])
    if "int" in parameter:
        return IntDistribution(**parameter["int"])
    return FloatDistribution(**parameter["float"])


def main(name="GPSampler"):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ask, *trials = map(json.loads, sys.stdin)
    space = {parameter["name"]: distribution(parameter) for parameter in ask["parameters"]}
    costs = [trial["costs"] for trial in trials if trial["state"] == "finished"]
    objectives = len(costs[0]) if costs else 1
    sampler = getattr(optuna.samplers, name)(seed=ask["seed"] % 2**32, n_startup_trials=1)
    study = optuna.create_study(sampler=sampler, directions=["minimize"] * objectives)
    for trial in trials:
        if trial["state"] == "running":
            continue
        # What failed is as bad as the worst.
        values = trial.get("costs") or [max(column) for column in zip(*costs)]
        if values:
            distributions = {name: space[name] for name in trial["point"]}
            study.add_trial(
                create_trial(
                    state=TrialState.COMPLETE, values=values, params=trial["point"], distributions=distributions
                )
            )
    print(json.dumps({"point": study.ask(space).params}))


if __name__ == "__main__":
    main(*sys.argv[1:])
