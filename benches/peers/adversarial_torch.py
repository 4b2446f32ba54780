"""The cases `adv-…` in PyTorch: one iteration of each adversarial system, its losses in the order of sweepline's reports.

A player learns or waits. One that waits has constants for parameters, so that no gradients of them are calculated.
"""

import torch
import torch.nn.functional as F

from in_torch import adam, weights

# With `adv-dcgan` half the CPU time of contiguous tensors.
FORMAT = torch.channels_last
SLOPE = 0.2
LOG_VAR = 15


def leaky(x):
    return F.leaky_relu(x, SLOPE)


class Net:
    """Layers by number, and where they end: what a player is in one update."""

    def __init__(self, parameters, running, prefix=""):
        self.p, self.running, self.prefix = parameters, running, prefix
        numbers = {name.removeprefix(prefix).split(".")[0] for name in parameters if name.startswith(prefix)}
        self.numbers = sorted(int(number) for number in numbers if number.isdigit())

    def part(self, name):
        return Net(self.p, self.running, f"{self.prefix}{name}.")

    def kind(self, number):
        """Dimensions of the weight: 1 of batch norm, 2 of an affine layer, 4 of a convolution."""
        return self.p[f"{self.prefix}{number}.weight"].ndim

    def affine(self, number, x):
        name = f"{self.prefix}{number}"
        return F.linear(x, self.p[name + ".weight"], self.p.get(name + ".bias"))

    def norm(self, number, x):
        name = f"{self.prefix}{number}."
        mean, var = (self.running.get(name + kind) for kind in ("running_mean", "running_var"))
        return F.batch_norm(x, mean, var, self.p[name + "weight"], self.p[name + "bias"], training=True)

    def convolution(self, number, x, stride, transposed=False):
        name = f"{self.prefix}{number}."
        weight, bias = self.p[name + "weight"], self.p.get(name + "bias")
        if transposed:
            return F.conv_transpose2d(x, weight, bias, stride, padding=2, output_padding=stride - 1)
        return F.conv2d(x, weight, bias, stride, padding=2)

    def mlp(self, x, between):
        *hidden, last = self.numbers
        for number in hidden:
            x = between(self.affine(number, x))
        return self.affine(last, x)

    def down(self, x, strides, between):
        """Convolutions, with batch norm where there is, and an affine layer."""
        *layers, last = self.numbers
        convolutions = [number for number in layers if self.kind(number) == 4]
        for number, stride in zip(convolutions, strides, strict=True):
            x = self.convolution(number, x, stride)
            x = between(self.norm(number + 1, x) if number + 1 in layers and self.kind(number + 1) == 1 else x)
        return self.affine(last, x.flatten(1))

    def encode(self, x):
        return self.down(x, (2, 1, 2), F.relu)

    def logits(self, x):
        return self.down(x, (2, 1, 2, 1, 2), leaky)

    def generate(self, z):
        first, norm, *layers = self.numbers
        x = self.affine(first, z)
        maps = len(self.p[f"{self.prefix}{norm}.weight"])
        x = x.view(len(z), maps, 7, 7).contiguous(memory_format=FORMAT)
        x = F.relu(self.norm(norm, x))
        for number, stride in zip(layers[::2], (2, 1, 2)):
            x = self.convolution(number, x, stride, transposed=True)
            x = F.relu(self.norm(number + 1, x)) if number + 1 in layers else x
        return x

    def make(self, z):
        return torch.sigmoid(self.generate(z))

    def code(self, x, eps):
        mean, log_var = self.encode(x).chunk(2, 1)
        return mean + (0.5 * log_var.clamp(-LOG_VAR, LOG_VAR)).exp() * eps

    def of_code(self, z):
        return self.mlp(z, leaky)

    def of_pair(self, x, z):
        x, z = leaky(self.part("x").logits(x)), leaky(self.part("z").mlp(z, leaky))
        return self.part("both").mlp(torch.cat([x, z], 1), leaky)

    def features(self, x):
        return F.relu(self.part("features").encode(x))

    def mixed(self, features, eps):
        return self.part("mix").mlp(torch.cat([features, eps], 1), F.relu)


class Player:
    def __init__(self, record, name):
        learned, running = weights(record, name + ".")
        for key, p in learned.items():
            if p.ndim == 4:
                learned[key] = p.detach().contiguous(memory_format=FORMAT).requires_grad_()
        self.learns, self.all = Net(learned, running), list(learned.values())
        self.waits = Net({key: p.detach() for key, p in learned.items()}, {})
        self.adam = adam(self.all, 2e-4, (0.5, 0.9))


def update(loss, *players):
    for player in players:
        player.adam.zero_grad(set_to_none=True)
    loss.backward()
    for player in players:
        player.adam.step()
    return loss.detach()


def as_real(logits):
    return F.softplus(-logits).mean()


def as_fake(logits):
    return F.softplus(logits).mean()


def nll(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)


def dcgan(g, d):
    def losses(batch, noise):
        (x,), (first, second) = batch, noise("noise")
        with torch.no_grad():
            fake = g.waits.make(first)
        discriminator = update(as_real(d.learns.logits(x)) + as_fake(d.learns.logits(fake)), d)
        return discriminator, update(as_real(d.waits.logits(g.learns.make(second))), g)

    return losses


def wgan_gp(g, d):
    def critic(x, z, alpha):
        with torch.no_grad():
            fake = g.waits.make(z)
            mixed = torch.lerp(x, fake, alpha[:, None, None, None])
        mixed.requires_grad_()
        (slope,) = torch.autograd.grad(d.learns.logits(mixed).sum(), mixed, create_graph=True)
        norm = (slope.square().sum((1, 2, 3)) + 1e-12).sqrt()
        gap = d.learns.logits(fake).mean() - d.learns.logits(x).mean()
        return update(gap + 10 * (norm - 1).square().mean(), d), -gap.detach()

    def losses(batch, noise):
        z = noise("noise")
        of_critic = [critic(*each) for each in zip(batch, z, noise("alpha"))]
        loss, distance = (sum(all) / len(all) for all in zip(*of_critic))
        return loss, distance, update(-d.waits.logits(g.learns.make(z[-1])).mean(), g)

    return losses


def aae(e, d, c):
    def losses(batch, noise):
        (x,), (first, second, prior) = batch, noise("noise")
        z = e.learns.code(x, first)
        autoencoder = update(nll(d.learns.generate(z), x) + as_real(c.waits.of_code(z)), e, d)
        with torch.no_grad():
            z = e.waits.code(x, second)
        return autoencoder, update(as_real(c.learns.of_code(prior)) + as_fake(c.learns.of_code(z)), c)

    return losses


def veegan(g, f, a):
    def losses(batch, noise):
        (x,), (first, second) = batch, noise("noise")
        with torch.no_grad():
            made, code = g.waits.make(first), f.waits.encode(x)
        joint = update(as_real(a.learns.of_pair(made, first)) + as_fake(a.learns.of_pair(x, code)), a)
        made = g.learns.make(second)
        distance = (second - f.learns.encode(made)).square().sum(1).mean()
        generator = update(a.waits.of_pair(made, second).mean() + distance, g, f)
        return joint, generator, distance.detach()

    return losses


def vgh(encoder_weight, generator_weight, samples):
    def system(e, g, d, c):
        def losses(batch, noise):
            (x,), (eps, prior) = batch, noise("noise")
            z = e.learns.code(x, eps)
            encoder = update(encoder_weight * F.l1_loss(g.waits.make(z), x) + as_real(c.waits.of_code(z)), e)

            with torch.no_grad():
                z = e.waits.code(x, eps)
            made = g.learns.make(z)
            loss = generator_weight * F.l1_loss(made, x) + as_real(d.waits.logits(made))
            if samples:
                loss = loss + as_real(d.waits.logits(g.learns.make(prior)))
            generator = update(loss, g)

            with torch.no_grad():
                made = [g.waits.make(code) for code in ([z, prior] if samples else [z])]
            discriminator = update(as_real(d.learns.logits(x)) + sum(as_fake(d.learns.logits(m)) for m in made), d)
            codes = update(as_real(c.learns.of_code(prior)) + as_fake(c.learns.of_code(z)), c)
            return encoder, generator, discriminator, codes

        return losses

    return system


def avb(e, d, t):
    def judged(net, x, z):
        return net.of_pair(x, z).flatten() + 0.5 * z.square().sum(1)

    def losses(batch, noise):
        (x,), (first, second), (prior,) = batch, noise("noise"), noise("prior")
        z = e.learns.mixed(e.learns.features(x), first)
        loss = update(nll(d.learns.generate(z), x) + judged(t.waits, x, z).mean(), e, d)
        with torch.no_grad():
            z = e.waits.mixed(e.waits.features(x), second)
        return loss, update(as_real(judged(t.learns, x, z)) + as_fake(judged(t.learns, x, prior)), t)

    return losses


SYSTEMS = {  # with their players in sweepline's order
    "adv-dcgan": (dcgan, "generator discriminator"),
    "adv-wgan-gp": (wgan_gp, "generator discriminator"),
    "adv-aae": (aae, "encoder decoder code_discriminator"),
    "adv-veegan": (veegan, "generator encoder discriminator"),
    "adv-vgh": (vgh(5, 10, False), "encoder generator discriminator code_discriminator"),
    "adv-vgh-pp": (vgh(5, 10, True), "encoder generator discriminator code_discriminator"),
    "adv-avb": (avb, "encoder decoder discriminator"),
}


def build(case, record):
    system, names = SYSTEMS[case]
    players = [Player(record, name) for name in names.split()]
    losses, x = system(*players), torch.from_numpy(record["batch"])

    def step(noise):
        batch = [x[rows].contiguous(memory_format=FORMAT) for rows in noise("order").long()]
        return torch.stack(losses(batch, noise))

    return step, sum(p.numel() for player in players for p in player.all)
