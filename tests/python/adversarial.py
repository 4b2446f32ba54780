"""Losses and gradients of the systems of `src/models/adversarial`, in double precision with JAX.

Writes one safetensors file for each system into tests/reference/adversarial: parameters and inputs, which are
exact in single precision, and for every loss its value `loss.<loss>` and the gradients
`grad.<loss>.<parameter>` of the networks that learn by it. The formulas are written from the papers, independently
of the program. Run with `pip install jax numpy safetensors`; the program's test is
`models::adversarial::tests::references`.
"""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import save_file

jax.config.update("jax_enable_x64", True)

N, D, L, HIDDEN, CODE, FEATURES, JOINT, NOISE, DRAWS = 5, 4, 2, 6, [5, 4], 3, [5], 3, 4
OUT = pathlib.Path(__file__).parent.parent / "reference" / "adversarial"


def mlp(rng, name, widths):
    """Parameters of affine layers, exact in single precision."""
    params = {}
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        params[f"{name}.{i}.weight"] = rng.normal(size=(b, a)) / np.sqrt(a)
        params[f"{name}.{i}.bias"] = rng.normal(size=b) * 0.3
    return {k: v.astype(np.float32).astype(np.float64) for k, v in params.items()}


def run(params, name, x, activation):
    i = 0
    while f"{name}.{i}.weight" in params:
        x = x @ params[f"{name}.{i}.weight"].T + params[f"{name}.{i}.bias"]
        i += 1
        if f"{name}.{i}.weight" in params:
            x = activation(x)
    return x


relu = jax.nn.relu
leaky = lambda x: jnp.where(x > 0, x, 0.2 * x)
softplus = lambda a: jnp.logaddexp(a, 0.0)
as_real = lambda a: softplus(-a).mean()
as_fake = lambda a: softplus(a).mean()
bernoulli = lambda logits, x: (softplus(logits) - logits * x).sum(1)

discriminate = lambda p, x: run(p, "discriminator", x, leaky)[:, 0]
codes = lambda p, z: run(p, "code_discriminator", z, leaky)[:, 0]
generate = lambda p, z: jax.nn.sigmoid(run(p, "generator", z, relu))
generate_any = lambda p, z: run(p, "generator", z, relu)
decode = lambda p, z: run(p, "decoder", z, relu)


def encode(p, x, eps):
    mean, log_var = jnp.split(run(p, "encoder", x, relu), 2, axis=1)
    return mean + jnp.exp(log_var / 2) * eps


def joint(p, x, z):
    both = jnp.concatenate(
        [leaky(run(p, "discriminator.x", x, leaky)), leaky(run(p, "discriminator.z", z, leaky))], axis=1
    )
    return run(p, "discriminator.both", both, leaky)[:, 0]


def relative(p, x, z):
    return joint(p, x, z) + 0.5 * (z**2).sum(1)


def implicit(p, x, eps):
    h = relu(run(p, "encoder.features", x, relu))
    return run(p, "encoder.mix", jnp.concatenate([h, eps], axis=1), relu)


def save(name, params, inputs, losses):
    """`losses` has for each loss the function and the beginnings of the names that learn by it."""
    arrays = {**params, **inputs}
    for loss, (of, learners) in losses.items():
        value, gradient = jax.value_and_grad(of)(params)
        arrays[f"loss.{loss}"] = np.array([value])
        for key, value in gradient.items():
            if key.startswith(learners):
                arrays[f"grad.{loss}.{key}"] = np.asarray(value)
    save_file({k: np.asarray(v, dtype=np.float32) for k, v in arrays.items()}, str(OUT / f"{name}.safetensors"))


def main():
    OUT.mkdir(exist_ok=True)
    rng = np.random.default_rng(17)
    exact = lambda a: a.astype(np.float32).astype(np.float64)
    x = exact(rng.uniform(size=(N, D)))
    z, z2, eps = (exact(rng.normal(size=(N, L))) for _ in range(3))
    noise, alpha = exact(rng.normal(size=(N, NOISE))), exact(rng.uniform(size=N))
    moments = exact(rng.normal(size=(DRAWS, N, NOISE)))
    inputs = {"x": x, "z": z, "z2": z2, "eps": eps, "noise": noise, "alpha": alpha, "moments": moments}

    generator = mlp(rng, "generator", [L, HIDDEN, D])
    decoder = mlp(rng, "decoder", [L, HIDDEN, D])
    encoder = mlp(rng, "encoder", [D, HIDDEN, 2 * L])
    discriminator = mlp(rng, "discriminator", [D, HIDDEN, 1])
    code = mlp(rng, "code_discriminator", [L, *CODE, 1])
    pairs = {
        **mlp(rng, "discriminator.x", [D, HIDDEN, FEATURES]),
        **mlp(rng, "discriminator.z", [L, FEATURES, FEATURES]),
        **mlp(rng, "discriminator.both", [2 * FEATURES, *JOINT, 1]),
    }

    save("dcgan", {**generator, **discriminator}, inputs, {
        "discriminator": (
            lambda p: as_real(discriminate(p, x)) + as_fake(discriminate(p, generate(p, z))), "discriminator"),
        "generator": (lambda p: as_real(discriminate(p, generate(p, z))), "generator"),
    })

    def critic(p):
        fake = generate_any(p, z)
        between = x + alpha[:, None] * (jax.lax.stop_gradient(fake) - x)
        slopes = jax.vmap(jax.grad(lambda row: discriminate(p, row[None])[0]))(between)
        norms = jnp.sqrt((slopes**2).sum(1))
        return discriminate(p, fake).mean() - discriminate(p, x).mean() + 10.0 * ((norms - 1) ** 2).mean()

    save("wgan_gp", {**generator, **discriminator}, inputs, {
        "discriminator": (critic, "discriminator"),
        "generator": (lambda p: -discriminate(p, generate_any(p, z)).mean(), "generator"),
    })

    def autoencoder(p):
        q = encode(p, x, eps)
        return bernoulli(decode(p, q), x).mean() + as_real(codes(p, q))

    save("aae", {**encoder, **decoder, **code}, inputs, {
        "autoencoder": (autoencoder, ("encoder", "decoder")),
        "code_discriminator": (
            lambda p: as_real(codes(p, z)) + as_fake(codes(p, encode(p, x, eps))), "code_discriminator"),
    })

    def adversarial_and_codes(p):
        made = generate_any(p, z)
        return joint(p, made, z).mean() + codes_error(p)

    def codes_error(p):
        return ((z - run(p, "encoder", generate_any(p, z), relu)) ** 2).sum(1).mean()

    save("veegan", {**generator, **mlp(rng, "encoder", [D, HIDDEN, L]), **pairs}, inputs, {
        "discriminator": (
            lambda p: as_real(joint(p, generate_any(p, z), z)) + as_fake(joint(p, x, run(p, "encoder", x, relu))),
            "discriminator"),
        "generator": (adversarial_and_codes, "generator"),
        "encoder": (codes_error, "encoder"),
    })

    for name, both in [("vgh", 0.0), ("vgh_plus_plus", 1.0)]:
        q = lambda p: encode(p, x, eps)
        error = lambda p, z: jnp.abs(x - generate(p, z)).mean()
        save(name, {**encoder, **generator, **discriminator, **code}, inputs, {
            "encoder": (lambda p: 5.0 * error(p, q(p)) + as_real(codes(p, q(p))), "encoder"),
            "generator": (
                lambda p: 10.0 * error(p, z2) + as_real(discriminate(p, generate(p, z2)))
                + both * as_real(discriminate(p, generate(p, z))), "generator"),
            "discriminator": (
                lambda p: as_real(discriminate(p, x)) + as_fake(discriminate(p, generate(p, z2)))
                + both * as_fake(discriminate(p, generate(p, z))), "discriminator"),
            "code_discriminator": (lambda p: as_real(codes(p, z)) + as_fake(codes(p, z2)), "code_discriminator"),
        })

    implicit_encoder = {
        **mlp(rng, "encoder.features", [D, HIDDEN, FEATURES]),
        **mlp(rng, "encoder.mix", [FEATURES + NOISE, FEATURES, L]),
    }
    for name, adaptive in [("adversarial_vb", False), ("adversarial_vb_adaptive", True)]:
        def contrast(p):
            draws = jnp.stack([implicit(p, x, e) for e in moments])
            sigma = jnp.sqrt(draws.var(0, ddof=1) + 1e-6)
            return jax.lax.stop_gradient(draws.mean(0)), jax.lax.stop_gradient(sigma)

        def divergence(p, q):
            if not adaptive:
                return relative(p, x, q)
            mean, sigma = contrast(p)
            log_normal = lambda z, m, s: (-0.5 * ((z - m) / s) ** 2 - jnp.log(s) - 0.5 * jnp.log(2 * jnp.pi)).sum(1)
            return relative(p, x, (q - mean) / sigma) + log_normal(q, mean, sigma) - log_normal(q, 0.0, 1.0)

        def primal(p):
            q = implicit(p, x, noise)
            return (bernoulli(decode(p, q), x) + divergence(p, q)).mean()

        def adversary(p):
            q = implicit(p, x, noise)
            if adaptive:
                mean, sigma = contrast(p)
                q = (q - mean) / sigma
            return as_real(relative(p, x, q)) + as_fake(relative(p, x, z))

        save(name, {**implicit_encoder, **decoder, **pairs}, inputs, {
            "loss": (primal, ("encoder", "decoder")),
            "discriminator": (adversary, "discriminator"),
        })


if __name__ == "__main__":
    main()
