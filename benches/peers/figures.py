"""Ten figures of the same data by sweepline and by matplotlib and seaborn, side by side.

    python3 -m venv V && V/bin/pip install matplotlib seaborn
    V/bin/python benches/peers/figures.py target/release/sweepline docs

writes docs/figures-compared.md and docs/pictures/compared/*.png. Each figure is made as SVG, PDF and
PNG of 300 dots per inch, 3.3 in wide, with text of 8 points, by both; times are those of one run on one
thread, and leave out what each program needs to start.
"""

import io
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from PIL import Image

WIDTH = 3.3
random = np.random.default_rng(20260101)


def repeated(rows, columns):
    return pd.DataFrame(rows, columns=columns)


def lines():
    rows = [(m, n, s, a / n**0.5 + 0.03 * random.normal())
            for m, a in (("vae", 1.2), ("iwae", 1.0), ("mapa", 0.8))
            for n in (1, 2, 5, 10, 20, 50) for s in range(5)]
    return repeated(rows, ["method", "samples", "seed", "loss"])


def dates():
    days = pd.date_range("2026-02-20", periods=40).strftime("%Y-%m-%d")
    rows = [(d, m, s, 2 + k + 0.02 * i * k + 0.3 * random.normal())
            for i, d in enumerate(days) for k, m in enumerate(("iwae", "vae")) for s in range(3)]
    return repeated(rows, ["day", "method", "seed", "loss"])


def categories():
    rows = [(f"task-{t:02d}", s, 0.5 + 0.3 * np.sin(t) + 0.05 * random.normal())
            for t in range(1, 41) for s in range(4)]
    return repeated(rows, ["task", "seed", "score"])


def names():
    long = ["variational autoencoder", "importance-weighted, 50 samples", "maximum a posteriori with an ablation",
            "adversarial variational Bayes, spectral norm", "hierarchical VAE without skip connections (ablated)",
            "normalising flow of 8 coupling layers, affine, no mask"]
    rows = [(m, s, 0.3 + 0.1 * i + 0.05 * random.normal()) for i, m in enumerate(long) for s in range(8)]
    return repeated(rows, ["method", "seed", "score"])


def spread():
    rows = [(f"method {m}", s, m + random.normal() * (0.5 + 0.3 * m)) for m in range(1, 5) for s in range(60)]
    return repeated(rows, ["method", "seed", "loss"])


def classes():
    ten = ["aeroplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "sailing ship", "delivery truck"]
    rows = [(p, t, int(random.integers(820, 990) if p == t else random.integers(0, 30))) for t in ten for p in ten]
    return repeated(rows, ["predicted", "truth", "count"])


def many():
    c = np.arange(100_000) % 4
    xy = random.normal(size=(100_000, 2))
    return pd.DataFrame({"class": [f"class {i}" for i in c], "x": (c + xy[:, 0]).round(4), "y": ((c % 2) * 3 + xy[:, 1]).round(4)})


def samples():
    rows = [(m, x) for m, mean in (("prior", 0.0), ("posterior", 1.5)) for x in random.normal(mean, 1 - 0.5 * (mean > 0), 400)]
    return repeated(rows, ["which", "z"])


def columns():
    a = random.normal(size=(300, 3))
    return pd.DataFrame({"class": [f"class {i % 3}" for i in range(300)], "width": a[:, 0] + np.arange(300) % 3,
                         "height": a[:, 0] * 0.7 + a[:, 1], "error": a[:, 2] - 5})


def trade():
    rows = [(m, s, 3 + 4 * i + random.normal(), i - random.normal()) for i, m in enumerate(("vae", "iwae", "mapa", "flow")) for s in range(6)]
    return repeated(rows, ["method", "seed", "cost", "score"])


def axes(height=None):
    figure, ax = plt.subplots(figsize=(WIDTH, height or WIDTH * 0.7), layout="constrained")
    return figure, ax


def p_line(d):
    figure, ax = axes()
    sns.lineplot(d, x="samples", y="loss", hue="method", style="method", markers=True, errorbar=("ci", 95), ax=ax)
    ax.set_xscale("log")
    return figure


def p_dates(d):
    figure, ax = axes()
    d = d.assign(day=pd.to_datetime(d["day"]))
    sns.lineplot(d, x="day", y="loss", hue="method", errorbar=("ci", 95), ax=ax)
    locator = mdates.AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    return figure


def p_bar(d):
    figure, ax = axes()
    sns.barplot(d, x="task", y="score", errorbar="sd", ax=ax)
    return figure


def p_names(d):
    figure, ax = axes()
    sns.pointplot(d, x="score", y="method", errorbar=("ci", 95), linestyle="none", ax=ax)
    return figure


def p_spread(d):
    figure, ax = axes()
    sns.violinplot(d, x="method", y="loss", inner="box", hue="method", ax=ax, legend=False)
    sns.stripplot(d, x="method", y="loss", color="k", size=1.5, ax=ax)
    return figure


def p_heat(d):
    figure, ax = axes(WIDTH * 0.9)
    sns.heatmap(d.pivot(index="truth", columns="predicted", values="count"), annot=True, fmt="d", ax=ax, annot_kws={"size": 5})
    return figure


def p_many(d):
    figure, ax = axes()
    sns.scatterplot(d, x="x", y="y", hue="class", s=3, linewidth=0, alpha=0.7, rasterized=True, ax=ax)
    return figure


def p_histogram(d):
    figure, ax = axes()
    sns.histplot(d, x="z", hue="which", stat="density", common_norm=False, kde=True, ax=ax)
    return figure


def p_pairs(d):
    grid = sns.pairplot(d, hue="class", height=WIDTH / 3, plot_kws={"s": 6})
    return grid.figure


def p_errors(d):
    figure, ax = axes()
    groups = d.groupby("method")[["cost", "score"]]
    mean, sd = groups.mean(), groups.std()
    for method in mean.index:
        ax.errorbar(mean["cost"][method], mean["score"][method], xerr=sd["cost"][method], yerr=sd["score"][method],
                    fmt="o", capsize=2, label=method)
    ax.set(xlabel="cost", ylabel="score")
    ax.legend()
    return figure


# Name, title, data, ours, theirs.
FIGURES = [
    ("line", "Means with intervals", lines, "figure/line", "{x: samples, y: loss, color: method, replicate: seed, x_scale: log}", p_line),
    ("dates", "Dates", dates, "figure/line", "{x: day, y: loss, color: method, replicate: seed, markers: false}", p_dates),
    ("bar", "Forty categories", categories, "figure/bar", "{x: task, y: score, replicate: seed, band: sd}", p_bar),
    ("names", "Long names", names, "figure/dots", "{x: score, y: method, replicate: seed}", p_names),
    ("spread", "Violin, box and values", spread, "figure/box", "{x: method, y: loss, color: method, replicate: seed, shape: [violin, box, strip], legend: none}", p_spread),
    ("heatmap", "Numbers in cells", classes, "figure/heatmap", "{x: predicted, y: truth, value: count}", p_heat),
    ("many", "100,000 points", many, "figure/scatter", "{x: x, y: y, color: class}", p_many),
    ("histogram", "Distributions", samples, "figure/histogram", "{x: z, color: which}", p_histogram),
    ("pairs", "Pairs of columns", columns, "figure/pairs", "{columns: [width, height, error], color: class}", p_pairs),
    ("errorbar", "Intervals of both axes", trade, "figure/errorbar", "{x: cost, y: score, color: method, replicate: seed, band: sd}", p_errors),
]


def theirs(make, data):
    """Seconds, and bytes of SVG, PDF and PNG."""
    started = time.perf_counter()
    figure = make(data)
    files = {}
    for form in ("svg", "pdf", "png"):
        file = io.BytesIO()
        figure.savefig(file, format=form, dpi=300)
        files[form] = file.getvalue()
    seconds = time.perf_counter() - started
    plt.close(figure)
    return seconds, files


def ours(program, folder):
    """Seconds and files of every figure, of one run on one thread."""
    stages = []
    for name, _, data, kind, params, _ in FIGURES:
        table = DATA[name]
        table.to_csv(folder / f"{name}.csv", index=False)
        text = [c for c in table.columns if c in ("method", "seed", "samples", "day", "task", "class", "which", "predicted", "truth")]
        stages.append(f"  rows-{name}: {{uses: table/read, in: {{file: {{file: {name}.csv}}}}, with: {{axes: [{', '.join(text)}]}}}}")
        stages.append(f"  {name}: {{uses: {kind}, in: {{rows: rows-{name}}}, with: {params}}}")
    (folder / "compared.yaml").write_text("experiment: compared\nstages:\n" + "\n".join(stages) + "\n")
    call = [program, "run", "compared.yaml", "-j", "1", "--progress", "none"]
    subprocess.run(call, cwd=folder, check=True)
    trace = json.loads(subprocess.run([program, "trace"], cwd=folder, check=True, capture_output=True).stdout)
    took = {event["name"]: event["dur"] / 1e6 for event in trace["traceEvents"] if event["ph"] == "X"}
    drawn = {}
    for name, *_ in FIGURES:
        base = folder / "outputs/compared/figures" / name
        files = {form: base.with_suffix("." + form).read_bytes() for form in ("svg", "pdf", "png")}
        drawn[name] = took[name], files
    return drawn


def beside(left, right, path):
    """Both pictures on one, in 256 colours."""
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png in (left, right)]
    width = 430
    scaled = [p.resize((width, round(p.height * width / p.width)), Image.LANCZOS) for p in pictures]
    page = Image.new("RGB", (2 * width + 20, max(p.height for p in scaled)), "white")
    page.paste(scaled[0], (0, 0))
    page.paste(scaled[1], (width + 20, 0))
    page.quantize(48).save(path, optimize=True)


def kilobytes(count):
    return f"{count / 1000:,.0f}"


PAGE = """# Figures compared

The same data by sweepline (left) and by matplotlib {matplotlib} with seaborn {seaborn} (right), both 3.3 in wide with text of 8
points: what each draws when it is asked for no more than which column means what. Each is written as SVG, PDF and PNG of
300 dots per inch; times are those of one run on one thread of {machine}, in which other work ran too, without the start of either
program. `benches/peers/figures.py` draws and measures them and writes this page.

| figure | seconds | | SVG (kB) | | PDF (kB) | | PNG (kB) | |
| --- | --: | --: | --: | --: | --: | --: | --: | --: |
| | ours | theirs | ours | theirs | ours | theirs | ours | theirs |
"""


def main(program, docs):
    pictures = docs / "pictures/compared"
    pictures.mkdir(parents=True, exist_ok=True)
    plt.rcParams.update({"font.size": 8, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7,
                         "lines.linewidth": 1.1, "lines.markersize": 4})
    # What the first figure loads is no time of its own.
    theirs(p_line, DATA["line"])
    with tempfile.TemporaryDirectory() as folder:
        drawn = ours(str(Path(program).resolve()), Path(folder))
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    text = PAGE.format(matplotlib=matplotlib.__version__, seaborn=sns.__version__, machine=f"an {processor}")
    shown = ""
    for name, title, _, kind, params, make in FIGURES:
        (our_time, our_files), (their_time, their_files) = drawn[name], theirs(make, DATA[name])
        sizes = "".join(f" {kilobytes(len(our_files[f]))} | {kilobytes(len(their_files[f]))} |" for f in ("svg", "pdf", "png"))
        text += f"| {title} | {our_time:.2f} | {their_time:.2f} |{sizes}\n"
        beside(our_files["png"], their_files["png"], pictures / f"{name}.png")
        shown += f"\n## {title}\n\n![{title}](pictures/compared/{name}.png)\n\n`{kind}` with `{params}`\n"
    (docs / "figures-compared.md").write_text(text + shown)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    DATA = {name: make() for name, _, make, *_ in FIGURES}
    main(sys.argv[1], Path(sys.argv[2]))
