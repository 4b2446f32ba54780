"""KL(q(z) || p(z)) by Monte Carlo in a peer, of the posteriors and draws that `cargo bench --bench marginal_kl` records.

    python marginal_kl.py {torch,jax} RECORD

One JSON line, which `run.py` asks for: wall seconds from μ and ln σ² of all posteriors to the divergence, the second time
(the first compiles), and GFLOP/s of large matrix products beside it. log q(z) of every draw is compared with the record first.
"""

import json
import math
import os
import sys
import time

import numpy as np
from step import read

# Nats, of log q(z): single precision, whose terms are some hundred times as large as what is left.
TOLERANCE = 2e-3
LN_2PI = math.log(2 * math.pi)


def in_torch(record, threads):
    """(version, estimate, time of a product of two matrices of this size)"""
    import torch

    torch.set_num_threads(threads)
    given, z = (torch.from_numpy(record[name]) for name in ("posteriors", "z"))
    # Draws of z that are weighed at once; which is quickest depends on the machine's cache.
    chunk = int(os.environ.get("CHUNK", 512))

    @torch.no_grad()
    def estimate():
        mean, log_var = given.chunk(2, 1)
        precision = (-log_var).exp()
        weights = torch.cat([-0.5 * precision, mean * precision], 1).T
        offsets = -0.5 * (mean.square() * precision + log_var + LN_2PI).sum(1)
        features = torch.cat([z.square(), z], 1)
        logs = [torch.addmm(offsets, part, weights).logsumexp(1) for part in features.split(chunk)]
        log_q = torch.cat(logs) - math.log(len(given))
        log_p = -0.5 * (z.square() + LN_2PI).sum(1)
        kl = 0.5 * (mean.square() + log_var.exp() - log_var - 1).sum(1)
        return log_q, (log_q - log_p).mean().item(), kl.mean().item()

    def product(side):
        a, b = torch.randn(side, side), torch.randn(side, side)
        return lambda: a @ b

    return torch.__version__, estimate, product


def in_jax(record, threads):
    import jax
    import jax.numpy as jnp

    given, z = (jnp.asarray(record[name]) for name in ("posteriors", "z"))
    chunk = int(os.environ.get("CHUNK", 500))

    @jax.jit
    def compiled(given, z):
        mean, log_var = jnp.split(given, 2, 1)
        precision = jnp.exp(-log_var)
        weights = jnp.concatenate([-0.5 * precision, mean * precision], 1).T
        offsets = -0.5 * (mean**2 * precision + log_var + LN_2PI).sum(1)
        features = jnp.concatenate([z**2, z], 1).reshape(-1, chunk, 2 * z.shape[1])
        logs = jax.lax.map(lambda part: jax.nn.logsumexp(part @ weights + offsets, 1), features)
        log_q = logs.reshape(-1) - math.log(len(given))
        log_p = -0.5 * (z**2 + LN_2PI).sum(1)
        kl = 0.5 * (mean**2 + jnp.exp(log_var) - log_var - 1).sum(1)
        return log_q, (log_q - log_p).mean(), kl.mean()

    def product(side):
        a, b = (jax.random.normal(jax.random.key(i), (side, side)) for i in range(2))
        multiplied = jax.jit(jnp.matmul)
        return lambda: multiplied(a, b).block_until_ready()

    def estimate():
        log_q, kl, posterior = compiled(given, z)
        return log_q, float(kl), float(posterior)

    return jax.__version__, estimate, product


def gflops(product):
    """Of 1,024 × 1,024 × 1,024, the most of several."""
    multiply, least = product(1024), math.inf
    for _ in range(20):
        began = time.perf_counter()
        multiply()
        least = min(least, time.perf_counter() - began)
    return 2e-9 * 1024**3 / least


def main():
    name, path = sys.argv[1:]
    threads = len(os.sched_getaffinity(0))
    os.environ |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu"}
    record = read(path)
    version, estimate, product = {"torch": in_torch, "jax": in_jax}[name](record, threads)
    log_q, *results = estimate()
    worst = float(np.abs(np.asarray(log_q) - record["log_q"]).max())
    if not worst <= TOLERANCE:
        raise SystemExit(f"marginal-kl: this peer computes something else: log q differs by {worst} nats")
    began = time.perf_counter()
    estimate()
    line = {"framework": name, "case": "marginal-kl", "threads": threads, "version": version}
    line |= {"wall_s": time.perf_counter() - began, "product_gflops": gflops(product)}
    line |= {"marginal_kl": results[0], "posterior_kl": results[1], "worst_difference": worst}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
