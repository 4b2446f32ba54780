"""Own data in the forms that NumPy, pandas and Pillow write, and what a data set must hold of it.

own_data.py write DIR: the files and manifests/own.yaml. own_data.py check DIR: compares what was left.
The whole content is compared: every observation of a file must be in exactly one split, with its class.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

N = 60
RNG = np.random.default_rng(7)
X = RNG.normal(size=(N, 3))
Y = np.arange(N) % 3
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]
GREY = RNG.integers(0, 256, size=(N, 4, 5), dtype=np.uint8)
RGB = RNG.integers(0, 256, size=(N, 4, 5, 3), dtype=np.uint8)
COUNTS = RNG.integers(0, 17, size=(N, 6), dtype=np.uint8)

# Case: how its observations are written, what they must be read as, parameters.
DTYPES = ["<f8", ">f8", "<f4", ">f4", "<f2", "<i2", ">i4", "<i8", "<u2", "<u4", "|b1", "|i1"]


def npy_cases():
    for dtype in DTYPES:
        x = (X * 3).astype(dtype)
        yield f"npy{dtype.strip('<>|')}{'big' if dtype[0] == '>' else ''}", x, x.astype("f4"), ""
    yield "fortran", np.asfortranarray(X), X.astype("f4"), ""
    yield "fortran4", np.asfortranarray(RGB), RGB.transpose(0, 3, 1, 2), "channels: last"
    yield "flat", X[:, 0], X[:, :1].astype("f4"), ""
    yield "grey", GREY, GREY[:, None], ""
    yield "nhwc", RGB, RGB.transpose(0, 3, 1, 2), "channels: last"
    yield "wide", RGB.repeat(2, 1), RGB.repeat(2, 1).transpose(0, 3, 1, 2), ""
    yield "nchw", RGB.transpose(0, 3, 1, 2), RGB.transpose(0, 3, 1, 2), ""
    yield "bits", (GREY > 127).astype("u1"), (GREY > 127).astype("f4")[:, None], ""
    yield "counts", COUNTS, COUNTS.astype("f4"), "divide: 1"
    yield "sixteen", COUNTS, (COUNTS / 16).astype("f4"), "divide: 16, range: [0, 1]"
    yield "levels", GREY.reshape(N, -1), GREY.reshape(N, -1), "divide: 255"


def write(folder):
    data = folder / "data"
    data.mkdir(parents=True)
    (folder / "manifests").mkdir()
    stages = []

    def stage(name, kind, slots, params=""):
        params = ", ".join(part for part in ["valid: 10, test: 20, seed: 3", params] if part)
        slots = ", ".join(f"{slot}: {{file: data/{file}}}" for slot, file in slots.items())
        stages.append(f"  {name}:\n    uses: dataset/{kind}\n    in: {{{slots}}}\n    with: {{{params}}}\n")

    np.save(data / "y.npy", Y)
    np.save(data / "y_big.npy", Y.astype(">i2"))
    np.save(data / "names.npy", NAMES)
    np.save(data / "bytes.npy", NAMES.astype("S"))
    for name, x, _, params in npy_cases():
        np.save(data / f"{name}.npy", x)
        stage(name, "npy", {"x": f"{name}.npy", "label": "y.npy"}, params)
    stage("names", "npy", {"x": "npyf8.npy", "label": "names.npy"})
    stage("bytes", "npy", {"x": "npyf8.npy", "label": "bytes.npy"})
    stage("ybig", "npy", {"x": "npyf8.npy", "label": "y_big.npy"})

    np.savez(data / "plain.npz", X=X, y=Y)
    np.savez_compressed(data / "packed.npz", features=X, target=NAMES)
    np.savez(data / "keras.npz", x_train=X[:40], y_train=Y[:40], x_test=X[40:], y_test=Y[40:])
    stage("plain", "npz", {"file": "plain.npz"})
    stage("packed", "npz", {"file": "packed.npz"})
    np.savez(data / "odd.npz", a=X, b=Y, c=Y)
    stage("odd", "npz", {"file": "odd.npz"}, "arrays: {x: a, label: b}")
    save_file({"x": X.astype("f4"), "label": Y}, data / "st.safetensors")
    stage("st", "safetensors", {"file": "st.safetensors"})
    stages.append(
        "  keras:\n    uses: dataset/npz\n    in: {file: {file: data/keras.npz}}\n    with: {valid: 10}\n"
    )

    # As `pandas.DataFrame.to_csv` and R's `write.csv2` write it.
    rows = [",".join(map(repr, map(float, x))) + f",{name}" for x, name in zip(X, NAMES)]
    (data / "header.csv").write_text("a,b,c,species\n" + "\n".join(rows) + "\n")
    (data / "none.csv").write_text("\n".join(rows) + "\n")
    (data / "tabs.tsv").write_text("a\tb\tc\tspecies\r\n" + "\r\n".join(r.replace(",", "\t") for r in rows))
    (data / "quoted.csv").write_text('\ufeff"a";"b";"c";"species"\n' + "\n".join(
        ";".join(f'"{field}"' for field in row.split(",")) for row in rows) + "\n")
    stage("header", "csv", {"file": "header.csv"}, "label: species")
    stage("none", "csv", {"file": "none.csv"}, "label: \"4\"")
    stage("tabs", "csv", {"file": "tabs.tsv"}, "label: species")
    stage("quoted", "csv", {"file": "quoted.csv"}, "label: species")
    stage("standard", "csv", {"file": "header.csv"}, "label: species, scale: standard")

    for name, pictures in [("greys", GREY), ("rgbs", RGB), ("palette", GREY)]:
        for number, (pixels, species) in enumerate(zip(pictures, NAMES)):
            path = data / name / species / f"{number:03}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            image = Image.fromarray(pixels)
            (image.convert("P") if name == "palette" else image).save(path)
        stage(name, "images", {"folder": name})
    (data / "greys" / ".DS_Store").write_text("x")
    (data / "greys" / "README.md").write_text("x")
    stage("asgrey", "images", {"folder": "rgbs"}, "colours: grey")
    for number in range(20):
        side = 20 + number
        pixels = np.full((side, side + 4, 3), number * 10, dtype=np.uint8)
        (data / "uneven").mkdir(exist_ok=True)
        Image.fromarray(pixels).save(data / "uneven" / f"{number:02}.jpg", quality=95)
    stages.append(
        "  uneven:\n    uses: dataset/images\n    in: {folder: {file: data/uneven}}\n    with: {size: 8}\n"
    )
    (folder / "manifests" / "own.yaml").write_text("experiment: own\nstages:\n" + "".join(stages))


def opened(folder, stage):
    with safe_open(folder / f"outputs/own/cells/{stage}/data.safetensors", "np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def rows(x, y):
    return sorted((x[i].tobytes(), int(y[i])) for i in range(len(x)))


def check(folder):
    expected = {name: (x, Y) for name, _, x, _ in npy_cases()}
    plain = (X.astype("f4"), Y)
    for name in ["plain", "packed", "odd", "st", "header", "none", "tabs", "quoted"]:
        expected[name] = plain
    for name in ["names", "bytes", "ybig"]:
        expected[name] = expected["npyf8"]
    expected["greys"] = expected["palette"] = (GREY[:, None], Y)
    expected["rgbs"] = (RGB.transpose(0, 3, 1, 2), Y)
    grey = np.stack([np.asarray(Image.fromarray(p).convert("L")) for p in RGB])
    expected["asgrey"] = (grey[:, None], Y)
    for name, (x, y) in expected.items():
        found, _ = opened(folder, name)
        sizes = [len(found[f"{split}.x"]) for split in ["train", "valid", "test"]]
        assert sizes == [30, 10, 20], (name, sizes)
        all_x = np.concatenate([found[f"{split}.x"] for split in ["train", "valid", "test"]])
        all_y = np.concatenate([found[f"{split}.label"] for split in ["train", "valid", "test"]])
        assert all_x.dtype == x.dtype and all_x.shape == x.shape, (name, all_x.dtype, all_x.shape, x.dtype, x.shape)
        assert rows(all_x, all_y) == rows(np.ascontiguousarray(x), y), name
    found, _ = opened(folder, "keras")
    assert rows(found["test.x"], found["test.label"]) == rows(X[40:].astype("f4"), Y[40:])
    assert len(found["train.x"]) == 30 and len(found["valid.x"]) == 10
    # As StandardScaler: by the training split, with the deviation of the population.
    found, meta = opened(folder, "standard")
    raw, _ = opened(folder, "header")
    mean, deviation = raw["train.x"].astype("f8").mean(0), raw["train.x"].astype("f8").std(0)
    for split in ["train", "valid", "test"]:
        wanted = (raw[f"{split}.x"] - mean) / deviation
        # Single precision, of numbers up to 4.
        assert np.abs(found[f"{split}.x"] - wanted).max() < 1e-6, split
    assert "setosa" in meta["sweepline.dataset.1"]
    found, _ = opened(folder, "uneven")
    levels = sorted(int(x.mean().round()) for split in ["train", "valid", "test"] for x in found[f"{split}.x"])
    assert levels == [number * 10 for number in range(20)], levels
    print(f"{len(expected) + 3} data sets hold what was written")


{"write": write, "check": check}[sys.argv[1]](Path(sys.argv[2]))
