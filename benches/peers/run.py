#!/usr/bin/env python3
"""Times of training steps beside PyTorch and JAX: builds, measures and prints one Markdown table.

    PYTHON=VENV/bin/python benches/peers/run.py [--rounds 3] [--seconds 2] [--threads 1,2] [--cases …] [--lines FILE]

PYTHON (default python3) has torch, jax and optax: `python3 -m venv VENV && VENV/bin/pip install torch jax optax`.
Linux only: every process is confined to as many CPUs as it has threads, so that no hidden pool helps. Tools alternate
within a round, so that a busy moment hits all of them; the table has medians over the rounds, of medians over blocks of
steps. Close everything else first: the load average is printed below the table.

A case is the same work for all: each peer repeats the first steps with sweepline's first weights, batch and noise, and
must arrive at the same losses before it is timed. The row `sweep-tiny` is whole processes from start to exit, 32
trainings of `tiny-vae` of 200 steps each; every peer in the quickest of its ways. The row `marginal-kl` is no training:
one estimate, of which also the share of what large matrix products reach is printed.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = {  # what the case is, and the time that sweepline may take as a share of the faster peer's
    "tiny-vae": ("VAE 2-50-50-1, batch 100", 0.5),
    "mlp-vae": ("VAE 784-500-500-20, batch 64", 1.0),
    "lstm-vae": ("VAE of sentences, LSTM 256", 1.0),
    "dcgan-32": ("DCGAN, 32 × 32, batch 64", 1.0),
    "wgan-gp-32": ("WGAN-GP critic, 32 × 32, batch 64", 1.0),
    "sa-vae-oracle": ("SA-VAE of the oracle's sequences, 20 inner steps", 1.0),
    "sa-vae-text": ("SA-VAE of sentences, 10 inner steps", 1.0),
    "vae-color-mnist": ("VAE, ColorMNIST, batch 64", 1.0),
    "vae-cifar": ("VAE, 32 × 32, quantized normal, batch 64", 1.0),
    "rnvp-vae": ("VAE with a RealNVP posterior, ColorMNIST", 1.0),
    "pixelcnn-vae": ("VAE with a gated PixelCNN of 12 layers, batch 50", 1.0),
    "adv-dcgan": ("DCGAN, ColorMNIST, one iteration", 1.0),
    "adv-wgan-gp": ("WGAN-GP, ColorMNIST, five critics and a generator", 1.0),
    "adv-aae": ("AAE, ColorMNIST, one iteration", 1.0),
    "adv-veegan": ("VEEGAN, ColorMNIST, one iteration", 1.0),
    "adv-vgh": ("VGH, ColorMNIST, one iteration", 1.0),
    "adv-vgh-pp": ("VGH++, ColorMNIST, one iteration", 1.0),
    "adv-avb": ("adversarial VB, ColorMNIST, one iteration", 1.0),
    "marginal-kl": ("KL(q(z) ‖ p(z)), 60,000 posteriors, 10,000 draws", 1.0),
    "sweep-tiny": ("32 × 200 steps of VAE 2-50-50-1", 0.1),
}
PEERS = {"torch": "PyTorch", "jax": "JAX"}
WITHOUT_JAX = {case for case in CASES if case.startswith("adv-")}
SEEDS, STEPS = 32, 200


def programs():
    """Builds the benches; the paths of their programs by name."""
    command = ["cargo", "bench", "--no-run", "--message-format", "json-render-diagnostics"]
    command += ["--bench", "train_steps", "--bench", "sweep_tiny", "--bench", "marginal_kl"]
    built = subprocess.run(command, cwd=HERE.parent.parent, stdout=subprocess.PIPE, text=True, check=True)
    messages = (json.loads(line) for line in built.stdout.splitlines())
    return {m["target"]["name"]: m["executable"] for m in messages if m.get("executable")}


def started(command, cpus):
    environment = os.environ | {"RAYON_NUM_THREADS": str(len(cpus))}
    return subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, text=True, env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, cpus),
    )


def lines(*commands):
    """Runs commands side by side, each with its CPUs; (the JSON line of each, wall seconds)."""
    began = time.perf_counter()
    children = [started(command, cpus) for command, cpus in commands]
    outputs = [child.communicate()[0] for child in children]
    wall = time.perf_counter() - began
    for child, (command, _) in zip(children, commands):
        if child.returncode != 0:
            raise SystemExit(f"failed ({child.returncode}): {' '.join(map(str, command))}")
    return [json.loads(output.splitlines()[-1]) for output in outputs], wall


def step_lines(case, cpus, programs, records, arguments):
    """One line per tool."""
    yield lines(([programs["train_steps"], case], cpus))[0][0]
    # The one case that PyTorch can do in two ways: by differences of gradients, and through all steps.
    ways = ["torch-unrolled"] if case.startswith("sa-vae") else []
    peers = [peer for peer in PEERS if peer != "jax" or case not in WITHOUT_JAX]
    for peer in [*peers, *ways]:
        command = [arguments.python, HERE / "step.py", peer, case, records / f"{case}.safetensors", arguments.seconds]
        yield lines((command, cpus))[0][0]


def marginal_lines(cpus, programs, records, arguments):
    """One line per tool: one estimate each."""
    yield lines(([programs["marginal_kl"]], cpus))[0][0]
    for peer in PEERS:
        command = [arguments.python, HERE / "marginal_kl.py", peer, records / "marginal-kl.safetensors"]
        yield lines((command, cpus))[0][0]


def sweep_lines(cpus, programs, records, arguments):
    """One line per way to train all the models with these CPUs: one process, one per CPU, or all models at once."""
    def peer(name, cpus, seeds):
        path = records / "tiny-vae.safetensors"
        return [arguments.python, HERE / "step.py", name, "sweep", path, STEPS, *seeds], cpus

    shares = [([cpu], range(SEEDS)[i :: len(cpus)]) for i, cpu in enumerate(cpus)]
    ways = {
        ("sweepline", "one process"): [([programs["sweep_tiny"], SEEDS, STEPS], cpus)],
        ("torch", "a process per CPU"): [peer("torch", *share) for share in shares],
        ("jax", "a process per CPU"): [peer("jax", *share) for share in shares],
        ("jax", "all models at once"): [peer("jax-batched", cpus, range(SEEDS))],
    }
    for (framework, way), commands in ways.items():
        found, wall = lines(*commands)
        yield {
            "framework": framework, "case": "sweep-tiny", "threads": len(cpus), "way": way, "wall_s": wall,
            "loss_mean": statistics.mean(line["loss_mean"] for line in found), "version": found[0].get("version"),
        }


def median_time(found, framework, case, threads):
    """Median over the rounds in seconds, of the framework's quickest way; none where it has not run."""
    ways = {}
    for line in found:
        if (line["framework"], line["case"], line["threads"]) == (framework, case, threads):
            time = line.get("wall_s") or line["us_per_step_median"] * 1e-6
            ways.setdefault(line.get("way"), []).append(time)
    return min((statistics.median(times) for times in ways.values()), default=None)


def figure(seconds):
    if seconds is None:
        return "–"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"


def table(found, cases, threads):
    yield f"| case | threads | sweepline | {' | '.join(PEERS.values())} | to the faster peer | budget | met |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --- |"
    for case in cases:
        what, budget = CASES[case]
        for n in threads:
            ours, *peers = (median_time(found, tool, case, n) for tool in ["sweepline", *PEERS])
            ratio = ours / min(time for time in peers if time)
            times = " | ".join(map(figure, [ours, *peers]))
            yield f"| {what} | {n} | {times} | {ratio:.2f} | {budget} | {'yes' if ratio <= budget else 'no'} |"


def shares(found):
    """How much of what large matrix products reach here, at their best, each estimate of the marginal KL came to."""
    own = [line for line in found if line["case"] == "marginal-kl"]
    work = 2 * 60_000 * 10_000 * 2 * 50 * 1e-9  # GFLOP
    for n in sorted({line["threads"] for line in own}):
        most = max(line["product_gflops"] for line in own if line["threads"] == n)
        reached = (median_time(found, tool, "marginal-kl", n) for tool in ["sweepline", *PEERS])
        reached = ", ".join(f"{work / time / most:.0%}" for time in reached)
        yield f"\nMarginal KL on {n} threads, shares of {most:.0f} GFLOP/s: {reached}."


def other_work(found):
    """What hints that the tools did not do the same work."""
    for case in CASES:
        own = [line for line in found if line["case"] == case]
        if len({line.get("parameters") for line in own}) > 1:
            yield f"{case}: the tools count different numbers of parameters"
        losses = [line["loss_mean"] for line in own if "loss_mean" in line]
        # Every tool draws first weights of its own; means over 32 seeds were seen to differ by a tenth.
        if losses and max(losses) - min(losses) > 0.3 * statistics.mean(losses):
            yield f"{case}: the tools end at different losses: {sorted(losses)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="per case and peer and round")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--cases", default=",".join(CASES))
    lines_help = "where every measurement goes, a JSON line each [default: standard error]"
    parser.add_argument("--lines", type=Path, help=lines_help)
    arguments = parser.parse_args()
    arguments.python = os.environ.get("PYTHON", "python3")
    threads = [int(n) for n in arguments.threads.split(",")]
    cases = arguments.cases.split(",")
    if unknown := set(cases) - set(CASES):
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    cpus = sorted(os.sched_getaffinity(0))
    if max(threads) > len(cpus):
        parser.error(f"{max(threads)} threads want as many CPUs; here are {len(cpus)}")

    log = arguments.lines.open("w") if arguments.lines else sys.stderr
    built, found, load = programs(), [], os.getloadavg()[0]
    # The sweep trains the first case.
    recorded = ["tiny-vae" if case == "sweep-tiny" else case for case in cases if case != "marginal-kl"]
    with tempfile.TemporaryDirectory() as folder:
        records = Path(folder)
        if recorded:
            subprocess.run([built["train_steps"], "--record", folder, *recorded], check=True)
        if "marginal-kl" in cases:
            subprocess.run([built["marginal_kl"], "--record", folder], check=True)
        for round in range(arguments.rounds):
            for case in cases:
                for n in threads:
                    rest = (cpus[-n:], built, records, arguments)
                    special = {"sweep-tiny": sweep_lines, "marginal-kl": marginal_lines}
                    for line in special[case](*rest) if case in special else step_lines(case, *rest):
                        found.append(line | {"round": round, "load1": os.getloadavg()[0]})
                        print(json.dumps(found[-1]), file=log, flush=True)
    print("\n".join([*table(found, cases, threads), *shares(found)]))
    versions = {line["framework"]: line["version"] for line in found if line.get("version")}
    versions = ", ".join(f"{PEERS[peer]} {versions[peer]}" for peer in PEERS if peer in versions)
    highest = max(line["load1"] for line in found)
    print(f"\n{versions}; {len(cpus)} CPUs; {arguments.rounds} rounds; load average {load:.1f} before, up to {highest:.1f} during.")
    if problems := list(other_work(found)):
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
