"""Reads a checkpoint with Python's safetensors package and checks every number of it.

    cargo run --example checkpoint -- /tmp/example.safetensors
    python tests/python/checkpoint.py /tmp/example.safetensors

Needs the packages safetensors and numpy.
"""

import json
import sys

import numpy as np
from safetensors import safe_open

SHAPES = {"net.0.weight": (2, 3), "net.0.bias": (2,), "net.1.weight": (1, 2), "net.1.bias": (1,)}

with safe_open(sys.argv[1], framework="numpy") as file:
    names = set(file.keys())
    moments = {f"optimizer/adam/{moment}/{name}" for moment in "mv" for name in SHAPES}
    assert names == set(SHAPES) | moments, names
    for index, (name, shape) in enumerate(SHAPES.items()):
        tensor = file.get_tensor(name)
        assert tensor.dtype == np.float32, (name, tensor.dtype)
        want = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) + 10 * index
        np.testing.assert_array_equal(tensor, want, err_msg=name)
        first, second = (file.get_tensor(f"optimizer/adam/{moment}/{name}") for moment in "mv")
        assert first.shape == second.shape == shape, name
        # After one update m = 0.1 g and v = 0.001 g²; float32 and a tanh allow for 1e-5.
        np.testing.assert_allclose(second, 0.1 * np.square(first), rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(file.get_tensor("optimizer/adam/m/net.1.bias"), [0.1], rtol=1e-6)
    state = json.loads(file.metadata()["sweepline"])
    assert state["header"]["iteration"] == 1, state
    assert state["header"]["config"] == {"model": "example"}, state
    assert state["optimizers"]["adam"]["iteration"] == 1, state
print("every number is as it was written")
