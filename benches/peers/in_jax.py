"""The cases of `cargo bench --bench train_steps` in JAX with optax: one compiled function per step, its state donated.

The interface is that of `in_torch.py`. Images are channels last and kernels `[4, 4, larger, smaller]`, as XLA wants them
on a CPU; the record's layouts are PyTorch's.
"""

import functools
import math

import jax
import jax.numpy as jnp
import optax

VERSION = jax.__version__
SIGMA = 0.1
LAYOUT = ("NHWC", "HWIO", "NHWC")
NOISE = ("noise", "alpha", "dither")


def start(threads):
    """XLA takes the number of its threads from the CPUs that the process may use."""
    assert jax.default_backend() == "cpu"


def finish(loss):
    return loss.block_until_ready()


def given(record):
    return [{n: jnp.asarray(record[n][i]) for n in NOISE if n in record} for i in range(len(record["losses"]))]


def fresh(record):
    """`None`: the step draws for itself, from a key in its state."""
    return None


def drawn(shapes, key):
    def dither(key, shape):
        return jax.random.uniform(key, shape, minval=-0.5, maxval=0.5)

    draw = {"noise": jax.random.normal, "alpha": jax.random.uniform, "dither": dither}
    keys = jax.random.split(key, len(shapes))
    return {name: draw[name](key, shape) for key, (name, shape) in zip(keys, shapes.items())}


def kernel(name, values):
    """From `[out, in, h, w]`, or `[in, out, h, w]` of a transposed convolution; affine weights are transposed."""
    if values.ndim == 4:
        return values.transpose(2, 3, 1, 0)
    return values.T if values.ndim == 2 and "words" not in name else values


def weights(record, prefix=""):
    learned, running = {}, {}
    for name, values in record.items():
        if name.startswith("parameters/" + prefix):
            name = name.removeprefix("parameters/" + prefix)
            (running if "running" in name else learned)[name] = jnp.asarray(kernel(name, values))
    return learned, running


# Layers


def affine(p, name, x):
    return x @ p[name + ".weight"] + p[name + ".bias"]


def mlp(p, name, x):
    layers = sum(key.startswith(name + ".") and key.endswith("weight") for key in p)
    for layer in range(layers - 1):
        x = jax.nn.relu(affine(p, f"{name}.{layer}", x))
    return affine(p, f"{name}.{layers - 1}", x)


def sample(encoded, eps):
    mean, log_var = jnp.split(encoded, 2, 1)
    kl = 0.5 * (jnp.exp(log_var) + mean**2 - log_var - 1).sum()
    return mean + jnp.exp(0.5 * log_var) * eps, kl


# JAX's own derivative of a transposed convolution for its weights is tens of times slower than the convolution on a CPU.
# Both derivatives are again one of `down`, `up` and `across`, which are all fast: so each rule names them.
@jax.custom_vjp
def down(x, w):
    return jax.lax.conv_general_dilated(x, w, (2, 2), ((1, 1), (1, 1)), dimension_numbers=LAYOUT)


@jax.custom_vjp
def up(y, w):
    return jax.lax.conv_transpose(y, w, (2, 2), "SAME", dimension_numbers=LAYOUT, transpose_kernel=True)


def across(large, small):
    """The weight gradient of `down` at images `large`, for a gradient `small` of its result; also that of `up`."""
    zero = jnp.zeros((4, 4, large.shape[-1], small.shape[-1]))
    (gradient,) = jax.vjp(functools.partial(down.fun, large), zero)[1](small)
    return gradient


down.defvjp(lambda x, w: (down(x, w), (x, w)), lambda kept, g: (up(g, kept[1]), across(kept[0], g)))
up.defvjp(lambda y, w: (up(y, w), (y, w)), lambda kept, g: (down(g, kept[1]), across(g, kept[0])))


def batch_norm(p, running, name, x):
    mean, var = x.mean((0, 1, 2)), x.var((0, 1, 2))
    rows = x.size // x.shape[-1]
    kept = jax.lax.stop_gradient({"running_mean": mean, "running_var": var * rows / (rows - 1)})
    kept = {name + key: 0.9 * running[name + key] + 0.1 * new for key, new in kept.items()}
    return (x - mean) * jax.lax.rsqrt(var + 1e-5) * p[name + "weight"] + p[name + "bias"], kept


def lstm(p, name, inputs, h):
    weight = {kind: p[f"{name}.{kind}_l0"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
    # The inputs' share of all gates is one product before the loop.
    projected = inputs @ weight["weight_ih"] + (weight["bias_ih"] + weight["bias_hh"])

    def cell(state, x):
        h, c = state
        i, f, g, o = jnp.split(x + h @ weight["weight_hh"], 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    (last, _), hidden = jax.lax.scan(cell, (h, jnp.zeros_like(h)), projected)
    return last, hidden


def generate(p, running, z):
    first = p["0.weight"].transpose(3, 0, 1, 2)  # [latent, h, w, maps]
    h = (z @ first.reshape(len(first), -1)).reshape(-1, *first.shape[1:])
    kept = {}
    for layer in range(3):
        h, own = batch_norm(p, running, f"{layer}.norm.", h)
        kept |= own
        h = up(jax.nn.relu(h), p[f"{layer + 1}.weight"])
    return jnp.tanh(h), kept


def score(p, x):
    for layer in range(3):
        x = jax.nn.leaky_relu(down(x, p[f"{layer}.weight"]), 0.2)
    return x.reshape(len(x), -1) @ p["3.weight"].reshape(-1)


# Steps: `advance(state, noise)` gives the next state and the loss


def updated(optimiser, gradients, moments, p):
    changes, moments = optimiser.update(gradients, moments, p)
    return optax.apply_updates(p, changes), moments


def trained(loss_of, optimiser):
    def advance(state, noise):
        p, moments = state
        loss, gradients = jax.value_and_grad(loss_of)(p, noise)
        return updated(optimiser, gradients, moments, p), loss

    return advance


def vae(record, gaussian):
    p, _ = weights(record)
    x = jnp.asarray(record["batch"])
    constant = x.size * (math.log(SIGMA) + 0.5 * math.log(2 * math.pi))
    optimiser = optax.adam(1e-3)

    def loss_of(p, noise):
        z, kl = sample(mlp(p, "encoder", x), noise["noise"])
        decoded = mlp(p, "decoder", z)
        if gaussian:
            nll = ((x - decoded) ** 2).sum() / (2 * SIGMA**2) + constant
        else:
            nll = (jnp.maximum(decoded, 0) - decoded * x + jnp.log1p(jnp.exp(-jnp.abs(decoded)))).sum()
        return (nll + kl) / len(x)

    return trained(loss_of, optimiser), (p, optimiser.init(p)), p


def text_vae(record):
    p, _ = weights(record)
    words, target = (jnp.asarray(record[name].astype(int)) for name in ("given", "target"))
    length, batch = target.shape
    optimiser = optax.adam(1e-3)

    def loss_of(p, noise):
        nothing = jnp.zeros((batch, p["posterior.weight"].shape[0]))
        last, _ = lstm(p, "encoder", p["words.0.weight"][target], nothing)
        z, kl = sample(affine(p, "posterior", last), noise["noise"])
        inputs = jnp.concatenate([p["words.1.weight"][words], jnp.broadcast_to(z, (length, *z.shape))], 2)
        _, hidden = lstm(p, "decoder", inputs, affine(p, "first_state", z))
        logits = affine(p, "logits", hidden)
        return (optax.softmax_cross_entropy_with_integer_labels(logits, target).sum() + kl) / batch

    return trained(loss_of, optimiser), (p, optimiser.init(p)), p


def sa_vae(record):
    """Differentiated through the inner steps, which JAX compiles as one loop."""
    (e, _), (d, _) = weights(record, "encoder."), weights(record, "decoder.")
    fed, target = (jnp.asarray(record[name].astype(int)) for name in ("fed", "target"))
    (length, batch), steps = target.shape, record["noise"].shape[1] - 1
    most = 5.0

    def value(at, d, eps):
        z, kl = sample(jnp.concatenate(at, 1), eps)
        words, every = d["words.1.weight"][fed], jnp.broadcast_to(z, (length, *z.shape))
        if "first_state.weight" in d:
            _, hidden = lstm(d, "decoder", jnp.concatenate([words, every], 2), affine(d, "first_state", z))
        else:
            _, hidden = lstm(d, "decoder", words, jnp.zeros((batch, len(d["decoder.weight_hh_l0"]))))
            hidden = jnp.concatenate([hidden, every], 2)
        logits = affine(d, "logits", hidden)
        return (optax.softmax_cross_entropy_with_integer_labels(logits, target).sum() + kl) / batch

    def clipped(gradient):
        norm = jnp.sqrt((jax.lax.stop_gradient(gradient) ** 2).sum())
        return gradient * jnp.minimum(1, most / (norm + 1e-6))

    def loss_of(both, noise):
        e, d = both
        nothing = jnp.zeros((batch, len(e["posterior.weight"])))
        last, _ = lstm(e, "encoder", e["words.0.weight"][target], nothing)
        start = jnp.split(affine(e, "posterior", last), 2, 1)

        def inner(state, eps):
            at, velocity = state
            gradients = jax.grad(value)(at, d, eps)
            velocity = [0.5 * v - clipped(g) for v, g in zip(velocity, gradients)]
            return ([x + v for x, v in zip(at, velocity)], velocity), None

        first = (start, [jnp.zeros_like(x) for x in start])
        (at, _), _ = jax.lax.scan(inner, first, noise["noise"][:steps])
        return value(at, d, noise["noise"][steps])

    optimiser = optax.chain(optax.clip_by_global_norm(most), optax.sgd(1.0))
    return trained(loss_of, optimiser), ((e, d), optimiser.init((e, d))), (e, d)


def dcgan(record):
    (g, running), (d, _) = weights(record, "generator."), weights(record, "discriminator.")
    x = jnp.asarray(record["batch"].transpose(0, 2, 3, 1))
    optimiser = optax.adam(2e-4, b1=0.5)

    def loss_of(d, fake):
        return jax.nn.softplus(-score(d, x)).mean() + jax.nn.softplus(score(d, fake)).mean()

    def advance(state, noise):
        (g, g_moments), running, (d, d_moments) = state
        fake, back, running = jax.vjp(lambda g: generate(g, running, noise["noise"]), g, has_aux=True)
        loss_d, gradients = jax.value_and_grad(loss_of)(d, fake)
        d, d_moments = updated(optimiser, gradients, d_moments, d)
        loss_g, slope = jax.value_and_grad(lambda fake: jax.nn.softplus(-score(d, fake)).mean())(fake)
        (gradients,) = back(slope)
        g, g_moments = updated(optimiser, gradients, g_moments, g)
        return ((g, g_moments), running, (d, d_moments)), loss_d + loss_g

    return advance, ((g, optimiser.init(g)), running, (d, optimiser.init(d))), (g, d)


def wgan_gp(record):
    (g, running), (d, _) = weights(record, "generator."), weights(record, "discriminator.")
    x = jnp.asarray(record["batch"].transpose(0, 2, 3, 1))
    optimiser = optax.adam(1e-4, b1=0.5, b2=0.9)

    def loss_of(d, fake, mixed):
        slope = jax.grad(lambda images: score(d, images).sum())(mixed)
        norm = jnp.sqrt((slope**2).sum((1, 2, 3)) + 1e-12)
        return score(d, fake).mean() - score(d, x).mean() + 10 * ((norm - 1) ** 2).mean()

    def advance(state, noise):
        running, (d, moments) = state
        fake, running = generate(g, running, noise["noise"])
        mixed = x + noise["alpha"][:, None, None, None] * (fake - x)
        loss, gradients = jax.value_and_grad(loss_of)(d, fake, mixed)
        return (running, updated(optimiser, gradients, moments, d)), loss

    return advance, (running, (d, optimiser.init(d))), d


def build(case, record):
    import images_jax

    advance, state, learned = {
        **{name: functools.partial(made, record) for name, made in images_jax.BUILD.items()},
        "tiny-vae": lambda: vae(record, True),
        "mlp-vae": lambda: vae(record, False),
        "lstm-vae": lambda: text_vae(record),
        "dcgan-32": lambda: dcgan(record),
        "wgan-gp-32": lambda: wgan_gp(record),
        "sa-vae-oracle": lambda: sa_vae(record),
        "sa-vae-text": lambda: sa_vae(record),
    }[case]()
    count = sum(leaf.size for leaf in jax.tree.leaves(learned))
    shapes = {name: record[name].shape[1:] for name in NOISE if name in record}
    key = jax.random.key(0)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def drawing(state, key):
        key, own = jax.random.split(key)
        state, loss = advance(state, drawn(shapes, own))
        return state, key, loss

    following = jax.jit(advance)

    def step(noise):
        nonlocal state, key
        if noise is None:
            state, key, loss = drawing(state, key)
        else:
            state, loss = following(state, noise)
        return loss

    return step, count


def sweep(record, seeds, steps, batched=False):
    """The case `tiny-vae` once per seed, all steps of one model in one compiled loop; `batched`: all models at once."""
    advance, (first, _), _ = vae(record, True)
    optimiser, shape = optax.adam(1e-3), record["noise"].shape[1:]

    def train(seed):
        key, *keys = jax.random.split(jax.random.key(seed), len(first) + 1)
        p = {}
        for own, (name, values) in zip(keys, first.items()):
            bound = first[name.replace("bias", "weight")].shape[0] ** -0.5
            p[name] = jax.random.uniform(own, values.shape, minval=-bound, maxval=bound)

        def body(state, key):
            return advance(state, {"noise": jax.random.normal(key, shape)})

        _, losses = jax.lax.scan(body, (p, optimiser.init(p)), jax.random.split(key, steps))
        return losses[-1]

    if batched:
        return jax.jit(jax.vmap(train))(jnp.asarray(seeds)).tolist()
    compiled = jax.jit(train)
    return [float(compiled(seed)) for seed in seeds]
