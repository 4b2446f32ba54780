"""The cases of `cargo bench --bench train_steps` in PyTorch: eager, autograd, the fused Adam.

`build(case, record)` gives `(step, parameters)`: one call of `step(noise)` is zeroing, forward, backward and update, and
returns the loss before the update. `noise` is a function from a name to a tensor. All sizes are read off the record.
"""

import math

import torch
import torch.nn.functional as F

VERSION = torch.__version__
SIGMA = 0.1


def start(threads):
    torch.set_num_threads(threads)


def finish(loss):
    """Nothing is left to be done when a call returns on the CPU."""
    return loss


def given(record):
    """The noise of the record, step by step."""
    return [
        (lambda name, step=step: torch.from_numpy(record[name][step].copy()))
        for step in range(len(record["losses"]))
    ]


def fresh(record):
    """Noise drawn anew in every step."""
    def permutations(shape):
        return torch.stack([torch.randperm(shape[1]) for _ in range(shape[0])])

    def dither(shape):
        return torch.rand(shape) - 0.5

    draw = {"noise": torch.randn, "prior": torch.randn, "alpha": torch.rand, "order": permutations, "dither": dither}
    shapes = {name: record[name].shape[1:] for name in draw if name in record}
    return lambda name: draw[name](shapes[name])


def weights(record, prefix=""):
    """(learned parameters, running statistics) by name."""
    learned, running = {}, {}
    for name, values in record.items():
        if not name.startswith("parameters/" + prefix):
            continue
        name = name.removeprefix("parameters/" + prefix)
        tensor = torch.from_numpy(values.copy())
        if "running" in name:
            running[name] = tensor
        else:
            learned[name] = tensor.requires_grad_()
    return learned, running


def adam(parameters, lr, betas):
    return torch.optim.Adam(parameters, lr=lr, betas=betas, fused=True)


def affine(p, name, x):
    return F.linear(x, p[name + ".weight"], p[name + ".bias"])


def mlp(p, name, x):
    layers = sum(key.startswith(name + ".") and key.endswith("weight") for key in p)
    for layer in range(layers - 1):
        x = F.relu(affine(p, f"{name}.{layer}", x))
    return affine(p, f"{name}.{layers - 1}", x)


def sample(encoded, eps):
    """(z, KL from the standard normal distribution, summed over the batch)"""
    mean, log_var = encoded.chunk(2, 1)
    kl = 0.5 * (log_var.exp() + mean.square() - log_var - 1).sum()
    return mean + (0.5 * log_var).exp() * eps, kl


def trained(loss_of, parameters, optimiser):
    def step(noise):
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of(noise)
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step, sum(p.numel() for p in parameters)


def vae(record, gaussian):
    p, _ = weights(record)
    x = torch.from_numpy(record["batch"])
    constant = x.numel() * (math.log(SIGMA) + 0.5 * math.log(2 * math.pi))

    def loss_of(noise):
        z, kl = sample(mlp(p, "encoder", x), noise("noise"))
        decoded = mlp(p, "decoder", z)
        if gaussian:
            nll = (x - decoded).square().sum() / (2 * SIGMA**2) + constant
        else:
            nll = F.binary_cross_entropy_with_logits(decoded, x, reduction="sum")
        return (nll + kl) / len(x)

    parameters = list(p.values())
    return trained(loss_of, parameters, adam(parameters, 1e-3, (0.9, 0.999)))


def lstm(p, name):
    """PyTorch's own module, for its fused kernel, around the weights of the record."""
    gates, width = p[f"{name}.weight_ih_l0"].shape
    module = torch.nn.LSTM(width, gates // 4)
    for kind in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        module.get_parameter(kind).data.copy_(p[f"{name}.{kind}"].data)
        p[f"{name}.{kind}"] = module.get_parameter(kind)
    return module


def text_vae(record):
    p, _ = weights(record)
    words, target = (torch.from_numpy(record[name]).long() for name in ("given", "target"))
    length, batch = target.shape
    encoder, decoder = lstm(p, "encoder"), lstm(p, "decoder")

    def loss_of(noise):
        _, (last, _) = encoder(F.embedding(target, p["words.0.weight"]))
        z, kl = sample(affine(p, "posterior", last[0]), noise("noise"))
        inputs = torch.cat([F.embedding(words, p["words.1.weight"]), z.expand(length, -1, -1)], 2)
        h = affine(p, "first_state", z)[None]
        hidden, _ = decoder(inputs, (h, torch.zeros_like(h)))
        logits = affine(p, "logits", hidden)
        nll = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum")
        return (nll + kl) / batch

    parameters = list(p.values())
    return trained(loss_of, parameters, adam(parameters, 1e-3, (0.9, 0.999)))


class Cell(torch.nn.Module):
    """An LSTM of single operations, all of which can be differentiated twice."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, inputs, state):
        of = self.module.get_parameter
        h, c = (part[0] for part in state)
        projected = F.linear(inputs, of("weight_ih_l0"), of("bias_ih_l0") + of("bias_hh_l0"))
        hidden = []
        for x in projected:
            i, f, g, o = (x + h @ of("weight_hh_l0").T).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            hidden.append(h)
        return torch.stack(hidden), (h[None], c[None])


def sa_vae(record, unrolled=False):
    """`unrolled` differentiates through the inner steps; otherwise second derivatives are differences of gradients, as the
    paper's authors have them, around PyTorch's fused kernel: central ones at a fixed distance, as ours are."""
    (e, _), (d, _) = weights(record, "encoder."), weights(record, "decoder.")
    fed, target = (torch.from_numpy(record[name]).long() for name in ("fed", "target"))
    (length, batch), steps = target.shape, record["noise"].shape[1] - 1
    reader, writer = lstm(e, "encoder"), lstm(d, "decoder")
    if unrolled:
        writer = Cell(writer)
    own, all_of_them = list(d.values()), [*e.values(), *d.values()]
    optimiser = torch.optim.SGD(all_of_them, lr=1.0)
    momentum, distance, most = 0.5, 0.01, 5.0

    def value(mean, log_var, eps):
        z, kl = sample(torch.cat([mean, log_var], 1), eps)
        words, every = F.embedding(fed, d["words.1.weight"]), z.expand(length, -1, -1)
        nothing = torch.zeros(1, batch, len(d["decoder.weight_hh_l0"]) // 4)
        if "first_state.weight" in d:
            hidden, _ = writer(torch.cat([words, every], 2), (affine(d, "first_state", z)[None], nothing))
        else:
            hidden, _ = writer(words, (nothing, nothing))
            hidden = torch.cat([hidden, every], 2)
        logits = affine(d, "logits", hidden)
        return (F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="sum") + kl) / batch

    def norm(tensors):
        return torch.stack([t.detach().square().sum() for t in tensors]).sum().sqrt()

    def clipped(gradients):
        factors = [(most / (norm([g]) + 1e-6)).clamp(max=1) for g in gradients]
        return factors, [g * factor for g, factor in zip(gradients, factors)]

    def through(start, eps):
        """Of the loss after the inner steps, by differentiation of all of them."""
        at, velocity = start, [0, 0]
        for k in range(steps):
            gradients = torch.autograd.grad(value(*at, eps[k]), at, create_graph=True)
            _, gradients = clipped(gradients)
            velocity = [momentum * v - g for v, g in zip(velocity, gradients)]
            at = [x + v for x, v in zip(at, velocity)]
        loss = value(*at, eps[steps])
        loss.backward()
        return loss

    def by_differences(start, eps):
        points, factors = [[x.detach() for x in start]], []
        velocity = [torch.zeros_like(x) for x in points[0]]
        for k in range(steps):
            at = [x.requires_grad_() for x in points[k]]
            found, gradients = clipped(torch.autograd.grad(value(*at, eps[k]), at))
            factors.append(found)
            velocity = [momentum * v - g for v, g in zip(velocity, gradients)]
            points.append([(x + v).detach() for x, v in zip(at, velocity)])

        def gradients(at, k):
            at = [x.detach().requires_grad_() for x in at]
            loss = value(*at, eps[k])
            found = torch.autograd.grad(loss, [*at, *own])
            return loss, found[:2], found[2:]

        loss, back, total = gradients(points[steps], steps)
        back, total, velocity = list(back), list(total), [0, 0]
        for k in reversed(range(steps)):
            velocity = [v + b for v, b in zip(velocity, back)]
            direction = [v * factor for v, factor in zip(velocity, factors[k])]
            r = distance / norm(direction)
            _, above, params_above = gradients([x + r * u for x, u in zip(points[k], direction)], k)
            _, below, params_below = gradients([x - r * u for x, u in zip(points[k], direction)], k)
            scale = (0.5 / r).item()
            back = [b - (x - y) * scale for b, x, y in zip(back, above, below)]
            torch._foreach_add_(total, torch._foreach_sub(params_above, params_below), alpha=-scale)
            velocity = [momentum * v for v in velocity]
        for p, gradient in zip(own, total):
            p.grad = gradient
        torch.autograd.backward(start, back)
        return loss

    def step(noise):
        optimiser.zero_grad(set_to_none=True)
        _, (last, _) = reader(F.embedding(target, e["words.0.weight"]))
        start = affine(e, "posterior", last[0]).chunk(2, 1)
        loss = (through if unrolled else by_differences)(start, noise("noise"))
        torch.nn.utils.clip_grad_norm_(all_of_them, most)
        optimiser.step()
        return loss.detach()

    return step, sum(p.numel() for p in all_of_them)


def generate(p, running, z):
    h = F.conv_transpose2d(z[:, :, None, None], p["0.weight"])
    for layer in range(3):
        norm = f"{layer}.norm."
        mean, var = running[norm + "running_mean"], running[norm + "running_var"]
        h = F.batch_norm(h, mean, var, p[norm + "weight"], p[norm + "bias"], training=True)
        h = F.conv_transpose2d(F.relu(h), p[f"{layer + 1}.weight"], stride=2, padding=1)
    return torch.tanh(h)


def score(p, x):
    for layer in range(3):
        x = F.leaky_relu(F.conv2d(x, p[f"{layer}.weight"], stride=2, padding=1), 0.2)
    return F.conv2d(x, p["3.weight"]).flatten()


def dcgan(record):
    (g, running), (d, _) = weights(record, "generator."), weights(record, "discriminator.")
    x = torch.from_numpy(record["batch"])
    adam_g, adam_d = (adam(list(p.values()), 2e-4, (0.5, 0.999)) for p in (g, d))

    def step(noise):
        fake = generate(g, running, noise("noise"))
        adam_d.zero_grad(set_to_none=True)
        loss_d = F.softplus(-score(d, x)).mean() + F.softplus(score(d, fake.detach())).mean()
        loss_d.backward()
        adam_d.step()
        # The generator's update wants no gradients of the discriminator's weights.
        constant = {name: p.detach() for name, p in d.items()}
        adam_g.zero_grad(set_to_none=True)
        loss_g = F.softplus(-score(constant, fake)).mean()
        loss_g.backward()
        adam_g.step()
        return (loss_d + loss_g).detach()

    return step, sum(p.numel() for p in [*g.values(), *d.values()])


def wgan_gp(record):
    (g, running), (d, _) = weights(record, "generator."), weights(record, "discriminator.")
    x = torch.from_numpy(record["batch"])

    def loss_of(noise):
        with torch.no_grad():
            fake = generate(g, running, noise("noise"))
            mixed = torch.lerp(x, fake, noise("alpha")[:, None, None, None])
        mixed.requires_grad_()
        (slope,) = torch.autograd.grad(score(d, mixed).sum(), mixed, create_graph=True)
        norm = (slope.square().sum((1, 2, 3)) + 1e-12).sqrt()
        return score(d, fake).mean() - score(d, x).mean() + 10 * (norm - 1).square().mean()

    parameters = list(d.values())
    return trained(loss_of, parameters, adam(parameters, 1e-4, (0.5, 0.9)))


def build(case, record, unrolled=False):
    if case.startswith("adv-"):
        import adversarial_torch

        return adversarial_torch.build(case, record)
    if case in ("vae-color-mnist", "vae-cifar", "rnvp-vae", "pixelcnn-vae"):
        import images_torch

        return images_torch.BUILD[case](record)
    return {
        "tiny-vae": lambda: vae(record, True),
        "mlp-vae": lambda: vae(record, False),
        "lstm-vae": lambda: text_vae(record),
        "dcgan-32": lambda: dcgan(record),
        "wgan-gp-32": lambda: wgan_gp(record),
        "sa-vae-oracle": lambda: sa_vae(record, unrolled),
        "sa-vae-text": lambda: sa_vae(record, unrolled),
    }[case]()


def sweep(record, seeds, steps):
    """The case `tiny-vae` once per seed, from first weights of its own; the last losses."""
    noise = fresh(record)
    for seed in seeds:
        torch.manual_seed(seed)
        own = dict(record)
        for name, values in record.items():
            if name.endswith("weight"):
                bound = values.shape[1] ** -0.5
                layer = torch.empty(values.shape).uniform_(-bound, bound)
                own[name] = layer.numpy()
                bias = name.removesuffix("weight") + "bias"
                own[bias] = torch.empty(len(values)).uniform_(-bound, bound).numpy()
        step, _ = vae(own, True)
        for _ in range(steps):
            loss = step(noise)
        yield loss.item()
