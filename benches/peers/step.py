"""One case in one peer, on the CPUs that the process may use: a process that `run.py` starts.

    python step.py {torch,torch-unrolled,jax} CASE RECORD SECONDS       time of a training step
    python step.py {torch,jax,jax-batched} sweep RECORD STEPS SEED …   one small VAE after another, or all at once

Before anything is timed, the first steps of the record (`cargo bench --bench train_steps -- --record FOLDER`) are
repeated with its weights and noise: a peer that does not arrive at its losses computes something else, and fails.
One JSON line.
"""

import json
import math
import os
import statistics
import sys
import time

# Relative, per loss: sums in float32 are taken in other orders, and Adam's first steps amplify the difference.
TOLERANCE, LEAST = 1e-3, 1e-2
# Of games the first iteration is as near. After it Adam has moved each weight by its rate and the sign of its gradient, and
# gradients near 0 have either sign: by the fifth PyTorch's own two precisions are 3e-3 apart. A loss near 0 is a
# difference of larger terms.
LATER, GAMES_LEAST = 1e-2, 0.1


def read(path):
    """The tensors of a safetensors file of float32 numbers."""
    import numpy as np

    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header, data = json.loads(file.read(length)), file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*t["data_offsets"])], "<f4").reshape(t["shape"]).copy()
            for name, t in header.items()}


def check(framework, case, record, *options):
    """The largest relative difference from the record's losses; that of a game in double precision."""
    is_game = case.startswith("adv-")
    if is_game:
        record = {name: values.astype(float) for name, values in record.items()}
    step, parameters = framework.build(case, record, *options)
    tolerance, least, worst = TOLERANCE, GAMES_LEAST if is_game else LEAST, 0.0
    for noise, wanted in zip(framework.given(record), record["losses"].tolist()):
        for got, want in zip(step(noise).reshape(-1).tolist(), wanted, strict=True):
            worst = max(worst, abs(got - want) / max(abs(want), least))
            if not worst <= tolerance:
                raise SystemExit(f"{case}: this peer computes something else: loss {got}, want {want}")
        tolerance = LATER if is_game else TOLERANCE
    return parameters, worst


def timed(step, noise, finish, seconds):
    finish(step(noise))  # compiles
    warm, began = 0, time.perf_counter()
    while warm < 3 or time.perf_counter() - began < seconds / 3:
        finish(step(noise))
        warm += 1
    block = max(1, math.ceil(0.02 * warm / (time.perf_counter() - began)))
    times, end, used = [], time.perf_counter() + seconds, time.process_time()
    while len(times) < 5 or time.perf_counter() < end:
        began = time.perf_counter()
        for _ in range(block):
            loss = step(noise)
        finish(loss)
        times.append((time.perf_counter() - began) / block * 1e6)
    used = (time.process_time() - used) / (block * len(times)) * 1e6
    return {
        "us_per_step_median": statistics.median(times), "us_per_step_min": min(times),
        "cpu_us_per_step": used, "steps": block * len(times), "loss_last": float(loss.sum()),
    }


def main():
    name, case, path, number, *seeds = sys.argv[1:]
    threads = len(os.sched_getaffinity(0))
    os.environ |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu"}
    if name.startswith("torch"):
        import in_torch as framework
    else:
        import in_jax as framework
    framework.start(threads)
    record = read(path)
    name, _, way = name.partition("-")
    line = {"framework": name, "case": case, "threads": threads, "version": framework.VERSION} | ({"way": way} if way else {})
    if case == "sweep":
        batched = [True] if way == "batched" else []
        losses = list(framework.sweep(record, [int(seed) for seed in seeds], int(number), *batched))
        line |= {"seeds": len(losses), "loss_mean": statistics.mean(losses)}
    else:
        unrolled = [True] if way == "unrolled" else []
        line["parameters"], line["worst_difference"] = check(framework, case, record, *unrolled)
        step, _ = framework.build(case, record, *unrolled)
        line |= timed(step, framework.fresh(record), framework.finish, float(number))
    print(json.dumps(line))


if __name__ == "__main__":
    main()
