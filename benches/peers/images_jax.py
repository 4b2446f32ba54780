"""The VAEs of pictures of `cargo bench --bench train_steps` in JAX; `in_jax.py` says what a case is.

Images are channels last and kernels `[h, w, larger, smaller]`, as there.
"""

import functools
import math

import jax
import jax.numpy as jnp
import optax

from in_jax import LAYOUT, affine, batch_norm, sample, updated, weights

LEAST_LOG_SIGMA = -6.2383246
LARGEST_LOGIT = 11.512915
HALF_LN_2PI = 0.5 * math.log(2 * math.pi)


# As in `in_jax.py`, for any stride, padding and number of rows that a transposed convolution adds.
@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def down(x, w, window):
    stride, padding = window
    ends = ((padding, padding),) * 2
    return jax.lax.conv_general_dilated(x, w, (stride, stride), ends, dimension_numbers=LAYOUT)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def up(y, w, window, more):
    stride, padding = window
    rest = len(w) - 1 - padding
    turned = jnp.flip(w, (0, 1)).swapaxes(2, 3)
    return jax.lax.conv_general_dilated(
        y, turned, (1, 1), ((rest, rest + more),) * 2, lhs_dilation=(stride, stride), dimension_numbers=LAYOUT
    )


def across(large, small, kernel, window):
    zero = jnp.zeros((kernel, kernel, large.shape[-1], small.shape[-1]))
    (gradient,) = jax.vjp(lambda w: down.fun(large, w, window), zero)[1](small)
    return gradient


def down_back(window, kept, g):
    x, w = kept
    stride, padding = window
    more = x.shape[1] - ((g.shape[1] - 1) * stride - 2 * padding + len(w))
    return up(g, w, window, more), across(x, g, len(w), window)


def up_back(window, more, kept, g):
    y, w = kept
    return down(g, w, window), across(g, y, len(w), window)


down.defvjp(lambda x, w, window: (down(x, w, window), (x, w)), down_back)
up.defvjp(lambda y, w, window, more: (up(y, w, window, more), (y, w)), up_back)


def stages(p, part, dimensions):
    """The numbers of a network's layers whose weights have so many dimensions, in order."""
    own = (name.split(".") for name, value in p.items() if name.startswith(part) and value.ndim == dimensions)
    return sorted(int(at) for _, at, kind in own if kind == "weight")


def rows(x):
    """Images as rows of numbers, channel by channel."""
    return x.transpose(0, 3, 1, 2).reshape(len(x), -1)


def encode(p, running, x, convolutions):
    kept = {}
    for at, window in zip(stages(p, "encoder", 4), convolutions):
        x, own = batch_norm(p, running, f"encoder.{at + 1}.", down(x, p[f"encoder.{at}.weight"], window))
        x, kept = jax.nn.relu(x), kept | own
    (at,) = stages(p, "encoder", 2)
    return rows(x) @ p[f"encoder.{at}.weight"] + p.get(f"encoder.{at}.bias", 0), kept


def decode(p, running, z, convolutions):
    all_of_them, kept = stages(p, "decoder", 4), {}
    x = z @ p["decoder.0.weight"]
    channels = p[f"decoder.{all_of_them[0]}.weight"].shape[3]
    side = math.isqrt(x.shape[1] // channels)
    x = x.reshape(-1, channels, side, side).transpose(0, 2, 3, 1)
    for at, (window, more) in zip(all_of_them, convolutions):
        x, own = batch_norm(p, running, f"decoder.{at - 1}.", x)
        x, kept = up(jax.nn.relu(x), p[f"decoder.{at}.weight"], window, more), kept | own
    return x + p.get(f"decoder.{all_of_them[-1]}.bias", 0), kept


COLOR_MNIST = [(2, 2), (1, 2), (2, 2)], [((2, 2), 1), ((1, 2), 0), ((2, 2), 1)]
CIFAR = [(2, 1)] * 3, [((2, 1), 0)] * 3


def coupling(p, name, z, h, mask):
    def mlp(kind, x):
        for layer in range(2):
            x = jax.nn.leaky_relu(affine(p, f"{name}.{kind}.{layer}", x), 0.2)
        return affine(p, f"{name}.{kind}.2", x)

    given = jnp.concatenate([z * mask, h], 1)
    s = jnp.tanh(mlp("s", given)) * (2 * (1 - mask))
    return z * jnp.exp(s) + mlp("t", given) * (1 - mask), s.sum(1)


def flow(p, encoded, eps):
    latent = eps.shape[1]
    mean, log_var, h = jnp.split(encoded, [latent, 2 * latent], 1)
    z = mean + jnp.exp(0.5 * log_var) * eps
    log_q = -0.5 * (eps**2 + log_var).sum()
    first = (jnp.arange(latent) < (latent + 1) // 2).astype(z.dtype)
    for layer in range(4):
        z, log_det = coupling(p, f"flow.{layer}", z, h, 1 - first if layer % 2 else first)
        log_q = log_q - log_det.sum()
    return z, log_q + 0.5 * (z**2).sum()


def bernoulli(logits, x):
    return (jnp.maximum(logits, 0) - logits * x + jnp.log1p(jnp.exp(-jnp.abs(logits)))).sum()


def stepped(loss_of, optimiser, p, running):
    def advance(state, noise):
        p, moments, running = state
        (loss, running), gradients = jax.value_and_grad(loss_of, has_aux=True)(p, running, noise)
        return (*updated(optimiser, gradients, moments, p), running), loss

    return advance, (p, optimiser.init(p), running), p


def vae(record, convolutions, quantized=False):
    p, running = weights(record)
    inwards, outwards = convolutions
    x = jnp.asarray(record["batch"].transpose(0, 2, 3, 1))
    way = flow if "flow.0.s.0.weight" in p else (lambda p, encoded, eps: sample(encoded, eps))

    def loss_of(p, running, noise):
        encoded, kept = encode(p, running, x, inwards)
        z, kl = way(p, encoded, noise["noise"])
        decoded, own = decode(p, running, z, outwards)
        if quantized:
            mean, log_sigma = jnp.split(decoded, 2, 3)
            log_sigma = jnp.maximum(log_sigma, LEAST_LOG_SIGMA)
            dither = noise["dither"].transpose(0, 2, 3, 1)
            away = (x + dither / 255 - mean) * jnp.exp(-log_sigma)
            nll = (0.5 * away**2 + log_sigma).sum() + HALF_LN_2PI * x.size
        else:
            nll = bernoulli(decoded, x)
        return (nll + kl) / len(x), kept | own

    return stepped(loss_of, optax.adam(1e-3, b1=0.5, b2=0.9), p, running)


def convolved(p, name, x, ends):
    w = p[name + ".weight"]
    if w.shape[:2] == (1, 1):
        x = x @ w[0, 0]
    else:
        x = jax.lax.conv_general_dilated(x, w, (1, 1), ends, dimension_numbers=LAYOUT)
    return x + p[name + ".bias"] if name + ".bias" in p else x


def residual(p, running, name, x):
    three = ((1, 1), (1, 1))
    y, kept = batch_norm(p, running, name + "norm1.", convolved(p, name + "conv1", x, three))
    y = convolved(p, name + "conv2", jax.nn.relu(y), three)
    y, own = batch_norm(p, running, name + "norm2.", y)
    skip = convolved(p, name + "skip", x, None) if name + "skip.weight" in p else x
    return jax.nn.relu(y + skip), kept | own


def halved(p, name, x):
    """A convolution of 2 × 2 with stride 2: an affine map of squares."""
    n, h, w, channels = x.shape
    x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, channels).transpose(0, 1, 3, 2, 4, 5)
    weight = p[name + "weight"]
    return x.reshape(n, h // 2, w // 2, -1) @ weight.reshape(-1, weight.shape[3]) + p[name + "bias"]


def gate(x):
    a, b = jnp.split(x, 2, 3)
    return jnp.tanh(a) * jax.nn.sigmoid(b)


def gated(p, name, v, h, first):
    half, nothing = p[f"{name}.v_conv.weight"].shape[1] // 2, (0, 0)
    above = convolved(p, f"{name}.v_conv", v[:, :-1], ((half, 0), (half, half)))
    above = jnp.pad(above, (nothing, (1, 0), nothing, nothing))
    across = convolved(p, f"{name}.h_conv", h[:, :, :-1] if first else h, (nothing, (half, 0)))
    if first:
        across = jnp.pad(across, (nothing, nothing, (1, 0), nothing))
    out = convolved(p, f"{name}.h_res", gate(across + convolved(p, f"{name}.vh_conv", above, None)), None)
    return gate(above), out if first else out + h


def pixel_vae(record):
    p, running = weights(record)
    x = jnp.asarray(record["batch"].transpose(0, 2, 3, 1))
    layers = sum(name.endswith("v_conv.weight") for name in p)

    def loss_of(p, running, noise):
        h, kept = x, {}
        for at in range(3):
            h, own = residual(p, running, f"encoder.{at}.block.", h)
            h, kept = halved(p, f"encoder.{at}.halving.", h), kept | own
        z, kl = sample(affine(p, "posterior", rows(h)), noise["noise"])
        maps = affine(p, "maps", z).reshape(len(x), -1, *x.shape[1:3]).transpose(0, 2, 3, 1)
        v = h = jnp.concatenate([x, maps], 3)
        for layer in range(layers):
            v, h = gated(p, f"pixels.{layer}", v, h, first=layer == 0)
        logits = jnp.clip(convolved(p, "pixels.out", h, None), -LARGEST_LOGIT, LARGEST_LOGIT)
        return (bernoulli(logits, x) + kl) / len(x), kept

    return stepped(loss_of, optax.chain(optax.clip_by_global_norm(5.0), optax.adam(1e-3)), p, running)


BUILD = {
    "vae-color-mnist": lambda record: vae(record, COLOR_MNIST),
    "vae-cifar": lambda record: vae(record, CIFAR, quantized=True),
    "rnvp-vae": lambda record: vae(record, COLOR_MNIST),
    "pixelcnn-vae": pixel_vae,
}
