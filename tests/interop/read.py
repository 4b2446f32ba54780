"""read.py FOLDER: what the four exports in FOLDER say, as their own programs read them.

CSV is the witness: every other form must say the same numbers.
"""

import csv
import math
import os
import pathlib
import sys

os.environ["MLFLOW_ENABLE_TELEMETRY"] = "false"

folder = pathlib.Path(sys.argv[1])


def check(claim, truth, seen=""):
    if not truth:
        raise SystemExit(f"tests/interop: FAILED: {claim} {seen}")
    print(f"ok: {claim}")


def rows(name):
    with open(folder / "csv" / name, newline="") as file:
        return list(csv.DictReader(file))


AXES = ("latent", "seed")
POSITIONS = ("epoch", "iteration")
cells = {}
for row in rows("fit.curves.csv"):
    series = cells.setdefault(f"latent={row['latent']},seed={row['seed']}", {})
    for name, value in row.items():
        if name not in AXES + POSITIONS and value:
            series.setdefault(f"fit/{name}", []).append((int(row["iteration"]), float(value)))
for stage in ("fit", "elbo"):
    for row in rows(f"{stage}.csv"):
        series = cells[f"latent={row['latent']},seed={row['seed']}"]
        end = max(step for points in series.values() for step, _ in points)
        for name, value in row.items():
            if name not in AXES and value:
                points = series.setdefault(f"{stage}/{name}", [])
                points[:] = [point for point in points if point[0] != end] + [(end, float(value))]
check("the witness has four cells with curves and scores", len(cells) == 4 and all("elbo/elbo" in c for c in cells.values()))


def same(found, single=False):
    """The same series as the witness; in single precision where the format has no more."""
    if found.keys() != cells.keys():
        return False
    for cell, series in cells.items():
        if found[cell].keys() != series.keys():
            return False
        for name, points in series.items():
            pairs = zip(points, found[cell][name], strict=True)
            tolerance = 1e-6 if single else 0
            if not all(a[0] == b[0] and math.isclose(a[1], b[1], rel_tol=tolerance) for a, b in pairs):
                return False
    return True


# TensorBoard
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer

multiplexer = EventMultiplexer(size_guidance={"scalars": 0})
multiplexer.AddRunsFromDirectory(str(folder / "tensorboard"))
multiplexer.Reload()
found = {}
for run, kinds in multiplexer.Runs().items():
    found[run.removeprefix("small/")] = {
        tag: [(event.step, event.value) for event in multiplexer.Scalars(run, tag)]
        for tag in kinds["scalars"]
    }
if not any(any(series) for series in found.values()):
    # Newer versions turn scalars into tensors on reading.
    from tensorboard.util import tensor_util

    for run, kinds in multiplexer.Runs().items():
        found[run.removeprefix("small/")] = {
            tag: [
                (event.step, tensor_util.make_ndarray(event.tensor_proto).item())
                for event in multiplexer.Tensors(run, tag)
            ]
            for tag in kinds["tensors"]
        }
check("TensorBoard reads the same curves and scores", same(found, single=True), {run: list(s) for run, s in found.items()})

# The tab HPARAMS, as the page asks for it.
import json
import time
import urllib.request

from tensorboard import program

board = program.TensorBoard()
board.configure(argv=[None, "--logdir", str(folder / "tensorboard"), "--port", "0"])
address = board.launch()


def ask(what, **question):
    request = urllib.request.Request(
        f"{address}data/plugin/hparams/{what}",
        data=json.dumps(question).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


HPARAMS = {*AXES, "epochs"}
for attempt in range(60):
    # It reads the files after it has started.
    time.sleep(0.5)
    listed = {info["name"] for info in ask("experiment").get("hparamInfos", [])}
    groups = ask(
        "session_groups",
        startIndex=0,
        sliceSize=100,
        allowedStatuses=["STATUS_SUCCESS"],
        colParams=[{"hparam": name} for name in sorted(HPARAMS)],
    ).get("sessionGroups", [])
    if len(groups) == len(cells):
        break
check("TensorBoard lists axes and parameters as hyperparameters", listed == HPARAMS, listed)
listed = {",".join(f"{axis}={group['hparams'][axis]:g}" for axis in AXES) for group in groups}
check("TensorBoard lists every cell under its hyperparameters", listed == cells.keys(), listed)
check("TensorBoard knows the epochs", all(group["hparams"]["epochs"] == 3 for group in groups))
scores = {value["name"]["tag"] for group in groups for value in group["metricValues"]}
check("TensorBoard lists the scores beside them", "elbo/elbo" in scores, scores)

# MLflow
from mlflow.tracking import MlflowClient

client = MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
experiment = client.get_experiment_by_name("small")
check("MLflow knows the experiment by its name", experiment is not None)
found = {}
for run in client.search_runs([experiment.experiment_id]):
    check(
        f"MLflow: {run.info.run_name} has its coordinates as parameters",
        run.info.run_name == ",".join(f"{axis}={run.data.params[axis]}" for axis in AXES)
        and run.info.status == "FINISHED",
    )
    check(
        f"MLflow: {run.info.run_name} has the parameters of the experiment and of its stages",
        run.data.params["epochs"] == run.data.params["fit/epochs"] == "3" and run.data.params["fit/batch"] == "50",
        run.data.params,
    )
    found[run.info.run_name] = {
        name: [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
    }
check("MLflow reads the same curves and scores", same(found))

# pandas and polars
import pandas
import polars

for name in ("fit", "fit.curves", "elbo"):
    written = pandas.read_csv(folder / "csv" / f"{name}.csv")
    arrow = pandas.read_feather(folder / "arrow" / f"{name}.arrow")
    check(f"pandas reads {name}.arrow as {name}.csv", written.equals(arrow[written.columns].astype(written.dtypes)))
    # From memory: what maps a file, and how, differs between versions.
    frame = polars.read_ipc((folder / "arrow" / f"{name}.arrow").read_bytes())
    check(f"polars reads {name}.arrow as pandas does", frame.to_pandas().equals(arrow))

import pyarrow.feather

schema = pyarrow.feather.read_table(folder / "arrow" / "elbo.arrow").schema
said = {name.decode(): text.decode() for name, text in schema.metadata.items()}
check(
    "Arrow has where a table comes from",
    said["sweepline.experiment"] == "small" and said["sweepline.stage"] == "elbo" and "small.yaml" in said["sweepline.files"],
    said,
)
