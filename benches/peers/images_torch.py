"""The VAEs of pictures of `cargo bench --bench train_steps` in PyTorch; `in_torch.py` says what a case is.

Convolutions run channels last, weights too.
"""

import math

import torch
import torch.nn.functional as F

from in_torch import adam, affine, sample, trained, weights

LEAST_LOG_SIGMA = -6.2383246
LARGEST_LOGIT = 11.512915
HALF_LN_2PI = 0.5 * math.log(2 * math.pi)
LAST = torch.channels_last


def channels_last(p):
    """Kernels as convolutions read them, by the same names."""
    for name, value in p.items():
        if value.ndim == 4:
            p[name] = value.detach().contiguous(memory_format=LAST).requires_grad_()
    return p


def norm(p, running, name, x):
    mean, var = running[name + "running_mean"], running[name + "running_var"]
    return F.batch_norm(x, mean, var, p[name + "weight"], p[name + "bias"], training=True)


def stages(p, part, dimensions):
    """The numbers of a network's layers whose weights have so many dimensions, in order."""
    own = (name.split(".") for name, value in p.items() if name.startswith(part) and value.ndim == dimensions)
    return sorted(int(at) for _, at, kind in own if kind == "weight")


def encode(p, running, x, convolutions):
    for at, (stride, padding) in zip(stages(p, "encoder", 4), convolutions):
        x = F.conv2d(x, p[f"encoder.{at}.weight"], stride=stride, padding=padding)
        x = F.relu(norm(p, running, f"encoder.{at + 1}.", x), inplace=True)
    (at,) = stages(p, "encoder", 2)
    return F.linear(x.flatten(1), p[f"encoder.{at}.weight"], p.get(f"encoder.{at}.bias"))


def decode(p, running, z, convolutions):
    """`convolutions`: strides, paddings and output paddings."""
    all_of_them = stages(p, "decoder", 4)
    x = F.linear(z, p["decoder.0.weight"])
    channels = len(p[f"decoder.{all_of_them[0]}.weight"])
    side = math.isqrt(x.shape[1] // channels)
    x = x.view(-1, channels, side, side).contiguous(memory_format=LAST)
    for at, (stride, padding, more) in zip(all_of_them, convolutions):
        x = F.relu(norm(p, running, f"decoder.{at - 1}.", x), inplace=True)
        weight, bias = p[f"decoder.{at}.weight"], p.get(f"decoder.{at}.bias")
        x = F.conv_transpose2d(x, weight, bias, stride=stride, padding=padding, output_padding=more)
    return x


COLOR_MNIST = [(2, 2), (1, 2), (2, 2)], [(2, 2, 1), (1, 2, 0), (2, 2, 1)]
CIFAR = [(2, 1)] * 3, [(2, 1, 0)] * 3


def coupling(p, name, z, h, mask):
    """(z, log determinant)"""
    def mlp(kind, x):
        for layer in range(2):
            x = F.leaky_relu(affine(p, f"{name}.{kind}.{layer}", x), 0.2, inplace=True)
        return affine(p, f"{name}.{kind}.2", x)

    given = torch.cat([z * mask, h], 1)
    s = mlp("s", given).tanh() * (2 * (1 - mask))
    return z * s.exp() + mlp("t", given) * (1 - mask), s.sum(1)


def flow(p, encoded, eps):
    """(z, log q(z|x) − log p(z), summed over the batch)"""
    latent = eps.shape[1]
    mean, log_var, h = encoded.split([latent, latent, encoded.shape[1] - 2 * latent], 1)
    z = mean + (0.5 * log_var).exp() * eps
    # log N(z₀; μ, σ²) without the constant that log p(z) has, too.
    log_q = -0.5 * (eps.square() + log_var).sum()
    first = (torch.arange(latent) < (latent + 1) // 2).float()
    for layer in range(4):
        z, log_det = coupling(p, f"flow.{layer}", z, h, 1 - first if layer % 2 else first)
        log_q = log_q - log_det.sum()
    return z, log_q + 0.5 * z.square().sum()


def vae(record, convolutions, quantized=False):
    p, running = weights(record)
    p = channels_last(p)
    inwards, outwards = convolutions
    x = torch.from_numpy(record["batch"]).contiguous(memory_format=LAST)
    way = flow if "flow.0.s.0.weight" in p else (lambda p, encoded, eps: sample(encoded, eps))

    def loss_of(noise):
        z, kl = way(p, encode(p, running, x, inwards), noise("noise"))
        decoded = decode(p, running, z, outwards)
        if quantized:
            mean, log_sigma = decoded.chunk(2, 1)
            log_sigma = log_sigma.clamp(min=LEAST_LOG_SIGMA)
            away = (x + noise("dither") / 255 - mean) * (-log_sigma).exp()
            nll = (0.5 * away.square() + log_sigma).sum() + HALF_LN_2PI * x.numel()
        else:
            nll = F.binary_cross_entropy_with_logits(decoded, x, reduction="sum")
        return (nll + kl) / len(x)

    parameters = list(p.values())
    return trained(loss_of, parameters, adam(parameters, 1e-3, (0.5, 0.9)))


def residual(p, running, name, x):
    y = F.conv2d(x, p[name + "conv1.weight"], padding=1)
    y = F.relu(norm(p, running, name + "norm1.", y), inplace=True)
    y = norm(p, running, name + "norm2.", F.conv2d(y, p[name + "conv2.weight"], padding=1))
    skip = name + "skip.weight"
    return F.relu(y + (F.conv2d(x, p[skip]) if skip in p else x), inplace=True)


def gate(x):
    a, b = x.chunk(2, 1)
    return a.tanh() * b.sigmoid()


def gated(p, name, v, h, first):
    """Both stacks one layer on: of van den Oord et al. 2016, with kernels that see nothing in vain."""
    def conv(kind, x):
        return F.conv2d(x, p[f"{name}.{kind}.weight"], p[f"{name}.{kind}.bias"])

    half = p[f"{name}.v_conv.weight"].shape[3] // 2
    # Row r sees rows above it: nothing is computed from the last row, and the first sees none.
    above = F.pad(conv("v_conv", F.pad(v[:, :, :-1], (half, half, half, 0))), (0, 0, 1, 0))
    if first:
        # Nor does a pixel see itself.
        across = F.pad(conv("h_conv", F.pad(h[..., :-1], (half, 0))), (1, 0))
    else:
        across = conv("h_conv", F.pad(h, (half, 0)))
    out = conv("h_res", gate(across + conv("vh_conv", above)))
    return gate(above), out if first else out + h


def pixel_vae(record):
    p, running = weights(record)
    p = channels_last(p)
    x = torch.from_numpy(record["batch"]).contiguous(memory_format=LAST)
    layers = sum(name.endswith("v_conv.weight") for name in p)

    def loss_of(noise):
        h = x
        for at in range(3):
            h = residual(p, running, f"encoder.{at}.block.", h)
            halving = f"encoder.{at}.halving."
            h = F.conv2d(h, p[halving + "weight"], p[halving + "bias"], stride=2)
        z, kl = sample(affine(p, "posterior", h.flatten(1)), noise("noise"))
        maps = affine(p, "maps", z).view(len(x), -1, *x.shape[2:])
        v = h = torch.cat([x, maps], 1).contiguous(memory_format=LAST)
        for layer in range(layers):
            v, h = gated(p, f"pixels.{layer}", v, h, first=layer == 0)
        logits = F.conv2d(h, p["pixels.out.weight"], p["pixels.out.bias"])
        logits = logits.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
        return (F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl) / len(x)

    parameters = list(p.values())
    optimiser = adam(parameters, 1e-3, (0.9, 0.999))

    def step(noise):
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of(noise)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimiser.step()
        return loss.detach()

    return step, sum(parameter.numel() for parameter in parameters)


BUILD = {
    "vae-color-mnist": lambda record: vae(record, COLOR_MNIST),
    "vae-cifar": lambda record: vae(record, CIFAR, quantized=True),
    "rnvp-vae": lambda record: vae(record, COLOR_MNIST),
    "pixelcnn-vae": pixel_vae,
}
