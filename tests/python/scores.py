"""scores.py FOLDER: recomputes what `scores.sh` ran in FOLDER from its weights and data, in NumPy alone.

Networks, densities, quadratures and divergences are written anew here from their definitions, with
probabilities in place of logits where the program has logits. Expectations over q(z|x), which the
program draws, are integrals here.

    scores.py --data FILE     writes a data set of bits whose density is known
"""

import csv
import json
import math
import pathlib
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

NODES = np.linspace(-9.0, 9.0, 9001)
STEP = NODES[1] - NODES[0]


def log_normal(z):
    return -0.5 * (z * z + math.log(2 * math.pi))


def log_mean(terms, axis):
    """ln of the integral over equal steps, whose logarithms these are."""
    highest = terms.max(axis=axis, keepdims=True)
    return np.log(np.exp(terms - highest).sum(axis=axis)) + highest.squeeze(axis)


def write_data(path):
    """x in {0, 1}^4 with p(x_j = 1|z) = sigmoid(a_j z + b_j), z ~ N(0, 1)."""
    generator = np.random.default_rng(3)
    slope, offset = np.array([3.0, -2.0, 1.0, 4.0]), np.array([0.5, 0.0, -1.0, 1.0])
    grid = NODES[:, None] * slope + offset
    arrays = {}
    for split, count in [("train", 400), ("valid", 200), ("test", 300)]:
        z = generator.standard_normal(count)
        p = 1 / (1 + np.exp(-(z[:, None] * slope + offset)))
        x = (generator.random(p.shape) < p).astype(np.float32)
        arrays[f"{split}.x"] = x
        if split == "test":
            # ln of the probability of a one, or of a zero, where these are too small to be written.
            logs = -np.logaddexp(0, np.where(x[:, None, :] > 0.5, -grid, grid)).sum(axis=2)
            arrays["test.log_density"] = log_mean(logs + log_normal(NODES) + math.log(STEP), 1)
    meta = {"name": "bits", "shape": [4], "range": [0, 1]}
    save_file(arrays, path, metadata={"sweepline.dataset.1": json.dumps(meta)})


class Model:
    """Weights of one training, run through NumPy in double precision."""

    def __init__(self, path):
        with safe_open(path, framework="numpy") as file:
            self.weights = {name: file.get_tensor(name).astype(float) for name in file.keys()}
            self.config = json.loads(file.metadata()["sweepline"])["header"]["config"]
        self.visible = self.config["visible"]

    def mlp(self, prefix, x):
        count = sum(name.startswith(prefix + ".") and name.endswith(".weight") for name in self.weights)
        for layer in range(count):
            x = x @ self.weights[f"{prefix}.{layer}.weight"].T + self.weights[f"{prefix}.{layer}.bias"]
            if layer + 1 < count:
                x = {
                    "relu": lambda x: np.maximum(x, 0),
                    "leaky-relu": lambda x: np.where(x > 0, x, 0.2 * x),
                    "tanh": np.tanh,
                }[self.config.get("network", self.config)["activation"]](x)
        return x

    @property
    def point_encoder(self):
        return "recovery.location" in self.weights

    def means(self, z):
        """E[x|z] for z of any shape: that shape and one dimension more."""
        w = z.reshape(-1, 1)
        if self.point_encoder:
            w = self.mlp("recovery.to_code", w) * self.weights["recovery.scale"] + self.weights["recovery.location"]
        emitted = self.mlp("decoder", w)
        if self.visible == "bernoulli":
            emitted = 1 / (1 + np.exp(-emitted))
        return emitted.reshape(*z.shape, -1)

    def log_x(self, x, z):
        """log p(x|z): x is [n, d], z [n, k] or [k]; the result [n, k]."""
        means = self.means(z)
        x = x[:, None, :]
        if self.visible == "bernoulli":
            # Bits: one of the two probabilities.
            return np.log(np.where(x > 0.5, means, 1 - means)).sum(axis=-1)
        sigma = self.visible["gaussian"]["sigma"]
        parts = -0.5 * ((x - means) / sigma) ** 2 - math.log(sigma * math.sqrt(2 * math.pi))
        return parts.sum(axis=-1)

    def log_density(self, x):
        return log_mean(self.log_x(x, NODES) + log_normal(NODES) + math.log(STEP), 1)

    def encode(self, x):
        """Mean and log variance of q(z|x), for one latent dimension."""
        both = self.mlp("encoder", x)
        return both[:, 0], both[:, 1]

    def elbo(self, x):
        """E_q[log p(x|z)], its variance under q, and KL(q || p) per row, by the trapezoid rule over ± 8 σ."""
        mean, log_var = self.encode(x)
        e = np.linspace(-8, 8, 801)
        weights = np.exp(log_normal(e)) * (e[1] - e[0])
        z = mean[:, None] + np.exp(0.5 * log_var)[:, None] * e
        logs = self.log_x(x, z)
        expected = logs @ weights
        variance = (logs - expected[:, None]) ** 2 @ weights
        return expected, variance, 0.5 * (mean**2 + np.exp(log_var) - log_var - 1)


def data_of(path):
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name).astype(float) for name in file.keys() if name.count(".") == 1}


failed = 0


def check(what, found, expected, error):
    global failed
    good = found is not None and math.isfinite(found) and abs(found - expected) <= error
    failed += not good
    print(f"{'ok' if good else 'WRONG'}: {what}: {found} against {expected:.6f} ± {error:.1e}")


def check_cell(view, cell, data):
    model = Model(view / "cells/fit" / cell / "model.safetensors")
    numbers = lambda stage: json.loads((view / "cells" / stage / cell / "metrics.json").read_text())
    test, valid = data["test.x"], data["valid.x"]
    single = 3e-4  # nats that single precision may cost

    ll = model.log_density(test)
    gaps = data["test.log_density"] - ll
    score = numbers("score")
    check(f"{cell} ll", score["ll"], ll.mean(), single)
    check(f"{cell} test_kl", score["test_kl"], gaps.mean(), single)
    check(f"{cell} test_kl_se", score["test_kl_se"], gaps.std(ddof=1) / math.sqrt(len(gaps)), single)
    fit = numbers("fit")
    check(f"{cell} valid_ll", fit["valid_ll"], model.log_density(valid).mean(), single)

    bound = numbers("bound")
    # A lower bound in the mean; with a mixture that fits it is nearly tight.
    check(f"{cell} iwae_ll", bound["iwae_ll"], ll.mean(), 0.02)
    check(f"{cell} iwae_kl", bound["iwae_kl"], gaps.mean(), 0.02)
    check(f"{cell} iwae_gap", bound["iwae_gap"], ll.mean() - bound["iwae_ll"], single)
    check(f"{cell} iwae_kl and iwae_gap", bound["iwae_kl"] - bound["iwae_gap"], gaps.mean(), single)
    if model.point_encoder:
        return

    reconstruction, variance, kl = model.elbo(test)
    elbos = reconstruction - kl
    elbo = numbers("elbo")
    # 100 draws of each of n observations: five standard errors.
    drawn = 5 * math.sqrt(variance.mean() / 100 / len(test)) + single
    check(f"{cell} elbo", elbo["elbo"], elbos.mean(), drawn)
    check(f"{cell} elbo_se", elbo["elbo_se"], elbos.std(ddof=1) / math.sqrt(len(elbos)), drawn)
    check(f"{cell} reconstruction", elbo["reconstruction"], reconstruction.mean(), drawn)
    check(f"{cell} kl", elbo["kl"], kl.mean(), single)
    check(f"{cell} elbo_gap", score["elbo_gap"], (ll - elbos).mean(), 5 * score["elbo_gap_se"])
    check(f"{cell} iwae_gain", bound["iwae_gain"], bound["iwae_ll"] - elbos.mean(), 5 * bound["iwae_gain_se"])
    if fit.get("valid_elbo") is not None:
        expected, variance, kl = model.elbo(valid)
        error = 5 * math.sqrt(variance.mean() / len(valid)) + single
        check(f"{cell} valid_elbo", fit["valid_elbo"], (expected - kl).mean(), error)

    x = np.concatenate([data["train.x"], valid])
    mean, log_var = model.encode(x)
    sigma = np.exp(0.5 * log_var)
    posterior = 0.5 * (mean**2 + sigma**2 - log_var - 1)
    marginal = numbers("marginal")
    check(f"{cell} posterior_kl", marginal["posterior_kl"], posterior.mean(), single)
    check(f"{cell} marginal_kl_lower", marginal["marginal_kl_lower"], posterior.mean() - math.log(len(x)), single)
    logs = log_normal((NODES[:, None] - mean) / sigma) - np.log(sigma)
    log_q = log_mean(logs, 1) - math.log(len(x))
    q = np.exp(log_q) * STEP
    exact = (q * (log_q - log_normal(NODES))).sum()
    error = 5 * marginal["marginal_kl_se"] + single
    check(f"{cell} marginal_kl", marginal["marginal_kl"], exact, error)
    check(f"{cell} mutual_information", marginal["mutual_information"], posterior.mean() - exact, error)
    codes = np.var(model.encode(test)[0], ddof=1)
    check(f"{cell} active_units", numbers("active")["active_units"], float(codes >= 0.01), 0)


def main(folder):
    for name in ["bits", "plane"]:
        view = folder / "outputs" / name
        data = data_of(view / "cells/data/data.safetensors")
        cells = sorted(path.name for path in (view / "cells/fit").iterdir())
        assert cells, f"nothing was trained in {view}"
        for cell in cells:
            check_cell(view, cell, data)
    if failed:
        raise SystemExit(f"{failed} numbers are wrong")
    print("every score is what its definition says")


if sys.argv[1] == "--data":
    write_data(sys.argv[2])
else:
    main(pathlib.Path(sys.argv[1]))
