"""One training of a density with one latent variable, in PyTorch and in JAX.

The same networks, data sizes, optimiser and estimators as `train/vae`, `train/iwae` and `train/mapa` in
manifests/mapa.yaml on `circle`: 1,000 observations in batches of 100, encoder 2-50-50-50 and decoder back,
leaky ReLU, Adam, IWAE with DReG, MAPA with half of S certain. Neither side validates here.

    python density.py {torch,jax} {vae,iwae,mapa} [epochs] [threads]

prints the wall and CPU seconds of the training loop, after a warm-up of 20 iterations (for JAX: after compilation,
whose seconds are printed too), and the last training loss as a check that the same thing was trained.
"""

import math
import os
import sys
import time

framework, model = sys.argv[1:3]
epochs = int(sys.argv[3]) if len(sys.argv) > 3 else 120
threads = int(sys.argv[4]) if len(sys.argv) > 4 else 1
if threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np

N, B, S, VARIANCE, LR, H = 1000, 100, 20, 0.01, 2e-3, 50
rng = np.random.default_rng(0)
angle = 2 * np.pi * rng.random(N)
X = np.stack([np.cos(angle), np.sin(angle)], 1) + math.sqrt(VARIANCE) * rng.standard_normal((N, 2))
X = X.astype(np.float32)
CONSTANT = -math.log(2 * math.pi * VARIANCE)

# The proposal of MAPA: the k nearest for certain, the rest in proportion.
K = S // 2
squares = ((X[:, None] - X[None]) ** 2).sum(-1)
LOG_Q = -squares / (2 * VARIANCE)
LOG_Q -= np.log(np.exp(LOG_Q).sum(1, keepdims=True))
NEAREST = np.argsort(-LOG_Q, 1)[:, :K]
REST = np.exp(LOG_Q)
np.put_along_axis(REST, NEAREST, 0.0, 1)
REST /= REST.sum(1, keepdims=True)


def batches(epochs):
    for _ in range(epochs):
        order = rng.permutation(N)
        yield from order.reshape(-1, B)


def run_torch():
    import torch

    torch.set_num_threads(threads)
    F = torch.nn.functional

    def mlp(sizes):
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [torch.nn.Linear(a, b), torch.nn.LeakyReLU(0.01)]
        return torch.nn.Sequential(*layers[:-1])

    encoder = mlp([2, H, H, H, 1 if model == "mapa" else 2])
    decoder = mlp([1, H, H, H, 2])
    adam = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], LR)
    x_all = torch.tensor(X)
    nearest, rest = torch.tensor(NEAREST), torch.tensor(REST, dtype=torch.float32)
    log_rest = rest.log()

    def log_p(x, mean):
        return CONSTANT - ((x - mean) ** 2).sum(-1) / (2 * VARIANCE)

    def vae(rows):
        x = x_all[rows]
        mu, log_var = encoder(x).chunk(2, 1)
        z = mu + (0.5 * log_var).exp() * torch.randn_like(mu)
        kl = 0.5 * (mu**2 + log_var.exp() - log_var - 1).sum(1)
        return (kl - log_p(x, decoder(z))).mean()

    def iwae(rows):
        x = x_all[rows]
        mu, log_var = encoder(x).chunk(2, 1)
        noise = torch.randn(S, len(rows), 1)
        z = mu + (0.5 * log_var).exp() * noise
        m, v = mu.detach(), log_var.detach()
        log_q = -0.5 * ((z - m) ** 2 / v.exp() + v).sum(-1)
        log_w = log_p(x, decoder(z)) - 0.5 * (z**2).sum(-1) - log_q
        share = log_w.detach().softmax(0)
        # DReG: the path by the square of the shares, the decoder by the shares.
        z.register_hook(lambda gradient: gradient * share[..., None])
        (-(share * log_w).sum(0).mean()).backward()
        return -(log_w.detach().logsumexp(0) - math.log(S)).mean()

    def mapa(rows):
        rows = torch.as_tensor(rows)
        drawn = torch.multinomial(rest[rows], S - K, replacement=True)
        index = torch.cat([nearest[rows], drawn], 1)
        union, place = index.unique(return_inverse=True)
        decoded = decoder(encoder(x_all[union]))[place]
        log = log_p(x_all[rows][:, None], decoded) - math.log(N)
        log = torch.cat([log[:, :K], log[:, K:] - log_rest[rows].gather(1, drawn) - math.log(S - K)], 1)
        return -log.logsumexp(1).mean()

    def step(rows):
        adam.zero_grad(set_to_none=True)
        loss = {"vae": vae, "iwae": iwae, "mapa": mapa}[model](rows)
        if model != "iwae":
            loss.backward()
        adam.step()
        return loss

    for rows in batches(2):
        step(rows)
    start, used = time.perf_counter(), time.process_time()
    for rows in batches(epochs):
        loss = step(rows)
    return time.perf_counter() - start, time.process_time() - used, 0.0, float(loss.detach())


def run_jax():
    import jax
    import jax.numpy as jnp

    def init(sizes):
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            bound = 1 / math.sqrt(a)
            layers.append((jnp.asarray(rng.uniform(-bound, bound, (a, b)), jnp.float32),
                           jnp.asarray(rng.uniform(-bound, bound, b), jnp.float32)))
        return layers

    def mlp(layers, x):
        for i, (w, b) in enumerate(layers):
            x = x @ w + b
            if i + 1 < len(layers):
                x = jnp.where(x > 0, x, 0.01 * x)
        return x

    x_all = jnp.asarray(X)
    nearest, log_rest = jnp.asarray(NEAREST), jnp.log(jnp.asarray(REST, jnp.float32))
    running = jnp.cumsum(jnp.asarray(REST, jnp.float32), 1)

    def log_p(x, mean):
        return CONSTANT - ((x - mean) ** 2).sum(-1) / (2 * VARIANCE)

    def vae(parameters, rows, key):
        x = x_all[rows]
        mu, log_var = jnp.split(mlp(parameters[0], x), 2, 1)
        z = mu + jnp.exp(0.5 * log_var) * jax.random.normal(key, mu.shape)
        kl = 0.5 * (mu**2 + jnp.exp(log_var) - log_var - 1).sum(1)
        return (kl - log_p(x, mlp(parameters[1], z))).mean()

    @jax.custom_vjp
    def scaled(z, share):
        return z

    scaled.defvjp(lambda z, share: (z, share), lambda share, g: (g * share[..., None], jnp.zeros_like(share)))

    def iwae(parameters, rows, key):
        x = x_all[rows]
        mu, log_var = jnp.split(mlp(parameters[0], x), 2, 1)
        z = mu + jnp.exp(0.5 * log_var) * jax.random.normal(key, (S, len(rows), 1))
        m, v = jax.lax.stop_gradient((mu, log_var))

        def log_weights(z):
            log_q = -0.5 * ((z - m) ** 2 / jnp.exp(v) + v).sum(-1)
            return log_p(x, mlp(parameters[1], z)) - 0.5 * (z**2).sum(-1) - log_q

        share = jax.lax.stop_gradient(jax.nn.softmax(log_weights(jax.lax.stop_gradient(z)), 0))
        return -(share * log_weights(scaled(z, share))).sum(0).mean()

    def mapa(parameters, rows, key):
        # Shapes are static under jit, so every observation passes the networks.
        decoded = mlp(parameters[1], mlp(parameters[0], x_all))
        u = jax.random.uniform(key, (B, S - K))
        drawn = jax.vmap(jnp.searchsorted)(running[rows], u).clip(0, N - 1)
        index = jnp.concatenate([nearest[rows], drawn], 1)
        log = log_p(x_all[rows][:, None], decoded[index]) - math.log(N)
        weight = -jnp.take_along_axis(log_rest[rows], drawn, 1) - math.log(S - K)
        log = log + jnp.concatenate([jnp.zeros((B, K)), weight], 1)
        return -jax.nn.logsumexp(log, 1).mean()

    loss_of = {"vae": vae, "iwae": iwae, "mapa": mapa}[model]

    @jax.jit
    def step(state, rows):
        parameters, first, second, t, key = state
        key, own = jax.random.split(key)
        loss, gradient = jax.value_and_grad(loss_of)(parameters, rows, own)
        t = t + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        parameters = jax.tree.map(
            lambda p, m, v: p - LR * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8),
            parameters, first, second)
        return (parameters, first, second, t, key), loss

    parameters = (init([2, H, H, H, 1 if model == "mapa" else 2]), init([1, H, H, H, 2]))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, jnp.float32(0), jax.random.PRNGKey(0))
    start = time.perf_counter()
    for rows in batches(2):
        state, loss = step(state, rows)
    loss.block_until_ready()
    compiled = time.perf_counter() - start
    start, used = time.perf_counter(), time.process_time()
    for rows in batches(epochs):
        state, loss = step(state, rows)
    loss.block_until_ready()
    return time.perf_counter() - start, time.process_time() - used, compiled, float(loss)


seconds, used, compiled, loss = {"torch": run_torch, "jax": run_jax}[framework]()
iterations = epochs * N // B
print(f"{framework} {model} {threads} threads: {seconds:.2f} s, {used:.2f} s of CPU time "
      f"({1e3 * used / iterations:.3f} ms per iteration), compilation {compiled:.1f} s, last loss {loss:.3f}")
