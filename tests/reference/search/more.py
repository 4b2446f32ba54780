"""Reference values for searches beyond `tpe.json`, from Optuna 5.0.0's own functions (MIT): run with `pip install optuna==5.0.0`.

Groups of conditional parameters and their densities; the better trials of several objectives, and of trials that were stopped.
Random numbers choose the inputs only.
"""

import json
import math
import warnings

import numpy as np

argsort = np.argsort  # as in `tpe.py`
np.argsort = lambda a, *args, **options: argsort(a, *args, **{**options, "kind": "stable"})

import optuna
from optuna.distributions import CategoricalDistribution as Choice, FloatDistribution as Float, IntDistribution as Int
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_gamma_multiobjective
from optuna.search_space.group_decomposed import _GroupDecomposedSearchSpace
from optuna.trial import TrialState, create_trial

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
rng = np.random.default_rng(11)

SPACE = {"c": Choice(["a", "b"]), "y": Float(0, 1), "z": Choice(["p", "q"]), "w": Int(1, 9), "lr": Float(1e-4, 1, log=True)}


def draw():
    point = {"c": str(rng.choice(["a", "b"])), "lr": float(10 ** rng.uniform(-4, 0))}
    if point["c"] == "a":
        point["y"] = float(rng.uniform())
    else:
        point["z"] = str(rng.choice(["p", "q"]))
        if point["z"] == "q":
            point["w"] = int(rng.integers(1, 10))
    return point


def study(**options):
    directions = options.pop("directions", ["minimize"])
    return optuna.create_study(directions=directions, sampler=optuna.samplers.TPESampler(seed=0, **options))


def numbers(trials):
    return [trial.number for trial in trials]


def conditional(finished, running):
    s = study(group=True)
    trials = []
    for i in range(finished + running):
        point = draw()
        value = float(rng.normal()) if i < finished else None
        state = TrialState.COMPLETE if i < finished else TrialState.RUNNING
        distributions = {name: SPACE[name] for name in point}
        s.add_trial(create_trial(params=point, distributions=distributions, value=value, state=state))
        trials.append({"params": point, "value": value})
    below, above = _split_trials(s, s.get_trials(deepcopy=False), default_gamma(finished))
    groups = []
    for group in _GroupDecomposedSearchSpace(True).calculate(s).search_spaces:
        space = dict(sorted(group.items()))
        l = s.sampler._build_parzen_estimator(s, space, below, handle_below=True)
        g = s.sampler._build_parzen_estimator(s, space, above, handle_below=False)
        points = []
        while len(points) < 6:
            point = draw()
            if set(space) <= set(point):
                points.append({name: point[name] for name in space})
        internal = {name: np.array([d.to_internal_repr(p[name]) for p in points], dtype=float) for name, d in space.items()}
        groups.append({"names": list(space), "points": points, "log_l": l.log_pdf(internal).tolist(), "log_g": g.log_pdf(internal).tolist()})
    return {"finished": finished, "trials": trials, "groups": groups}


def several(n, objectives, decimals):
    s = study(directions=["minimize"] * objectives)
    values = rng.normal(size=(n, objectives)).round(decimals)
    for row in values:
        s.add_trial(create_trial(params={"x": 0.5}, distributions={"x": Float(0, 1)}, values=row.tolist()))
    below, _ = _split_trials(s, s.get_trials(deepcopy=False), default_gamma_multiobjective(n))
    return {"costs": values.tolist(), "below": numbers(below)}


def stopped(n, finished):
    s = study()
    trials = []
    for i in range(n):
        value, budget = float(rng.normal()), int(rng.choice([1, 3, 9]))
        whole = i in finished
        s.add_trial(create_trial(params={"x": 0.5}, distributions={"x": Float(0, 1)}, value=value,
                                 intermediate_values={} if whole else {budget: value},
                                 state=TrialState.COMPLETE if whole else TrialState.PRUNED))
        trials.append({"cost": value, "budget": None if whole else budget})
    below, _ = _split_trials(s, s.get_trials(deepcopy=False), default_gamma(n))
    return {"trials": trials, "below": numbers(below)}


cases = {
    "optuna": optuna.__version__,
    "conditional": [conditional(*sizes) for sizes in [(12, 0), (40, 3), (110, 8)]],
    "several": [several(n, objectives, decimals) for n, objectives, decimals in
                [(12, 2, 3), (60, 2, 3), (60, 2, 0), (200, 2, 1), (80, 3, 2), (150, 3, 1), (60, 4, 2), (400, 2, 4)]],
    "stopped": [stopped(40, {3}), stopped(40, set()), stopped(60, {0, 5, 9, 20}), stopped(30, set(range(0, 30, 3)))],
}
with open("more.json", "w") as file:
    json.dump(cases, file)
