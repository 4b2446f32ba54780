#!/usr/bin/env python3
"""What a first run and a run with nothing to do cost, beside ninja, make, Snakemake and DVC.

    noop.py [--cells N] [--runs R] [--jobs J] [--sweepline PATH] [--tools a,b,…] [--dir DIR]

The graph is the same for all: N cells `cp in.txt out/I.txt && echo I >> out/I.txt`, and one step that
concatenates their results. Each tool runs it once with J jobs, then R times with nothing to do; the
table has the median and least of these, as wall time of the whole process. A tool that is not on the
path is left out. Needs Python 3.9 and nothing else.

DVC and Snakemake take minutes and more for the first run of thousands of cells. With more than 1,000
cells their outputs are made by a plain shell beforehand (`-` in the column of the first run); DVC is
then left out, since it would have to hash and lock every stage itself.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CELL = "cp in.txt out/{0}.txt && echo {0} >> out/{0}.txt"


def sweepline(folder, n, jobs, program):
    (folder / "cells.yaml").write_text(
        f"""experiment: cells
axes:
  i: {{range: [0, {n}]}}
stages:
  cell:
    uses: command
    in: {{source: {{file: in.txt}}}}
    with: {{run: 'cp "${{in.source}}" "${{out.text}}" && echo "${{i}}" >> "${{out.text}}"', out: {{text: text.txt}}}}
  all:
    uses: command
    in: {{parts: cell}}
    over: [i]
    with: {{run: 'cat "${{in.parts}}"/*/text.txt > "${{out.text}}"', out: {{text: all.txt}}}}
"""
    )
    command = [program, "run", "cells.yaml", "--jobs", str(jobs)]
    return command, command


def ninja(folder, n, jobs, _):
    lines = ["rule cell", "  command = cp in.txt $out && echo $i >> $out", "rule all", "  command = cat out/*.txt > $out"]
    for i in range(n):
        lines += [f"build out/{i}.txt: cell in.txt", f"  i = {i}"]
    lines.append("build all.txt: all " + " ".join(f"out/{i}.txt" for i in range(n)))
    (folder / "build.ninja").write_text("\n".join(lines) + "\n")
    return ["ninja", "-j", str(jobs), "--quiet"], ["ninja", "-j", str(jobs)]


def make(folder, n, jobs, _):
    (folder / "Makefile").write_text(
        f"""CELLS := $(patsubst %,out/%.txt,$(shell seq 0 {n - 1}))
all.txt: $(CELLS)
\t@cat out/*.txt > $@
out/%.txt: in.txt
\t@cp in.txt $@ && echo $* >> $@
"""
    )
    command = ["make", "-j", str(jobs)]
    return command, command


def snakemake(folder, n, jobs, _):
    (folder / "Snakefile").write_text(
        f"""rule all:
    input: "all.txt"
rule gather:
    input: expand("out/{{i}}.txt", i=range({n}))
    output: "all.txt"
    shell: "cat out/*.txt > {{output}}"
rule cell:
    input: "in.txt"
    output: "out/{{i}}.txt"
    shell: "cp {{input}} {{output}} && echo {{wildcards.i}} >> {{output}}"
"""
    )
    if n > 1000:
        for i in range(n):
            (folder / "out" / f"{i}.txt").write_text(f"the input\n{i}\n")
        (folder / "all.txt").write_text("made beforehand\n")
    command = ["snakemake", "--cores", str(jobs), "--quiet", "all"]
    return (None if n > 1000 else command), command


def dvc(folder, n, _jobs, _):
    if n > 1000:
        raise SystemExit("DVC is left out above 1,000 cells")
    subprocess.run(["dvc", "init", "--no-scm", "-q"], cwd=folder, check=True)
    cells = ", ".join(str(i) for i in range(n))
    deps = "\n".join(f"    - out/{i}.txt" for i in range(n))
    (folder / "dvc.yaml").write_text(
        f"""stages:
  cell:
    matrix:
      i: [{cells}]
    cmd: cp in.txt out/${{item.i}}.txt && echo ${{item.i}} >> out/${{item.i}}.txt
    deps: [in.txt]
    outs: ["out/${{item.i}}.txt"]
  all:
    cmd: cat out/*.txt > all.txt
    deps:
{deps}
    outs: [all.txt]
"""
    )
    command = ["dvc", "repro", "-q"]
    return command, command


TOOLS = {"sweepline": sweepline, "ninja": ninja, "make": make, "snakemake": snakemake, "dvc": dvc}


def timed(command, folder):
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}")
    return seconds


def bare(folder, n, jobs):
    """Seconds for the same cells as bare processes of `sh`, one worker per job."""
    script = "\n".join(str(i) for i in range(n))
    start = time.perf_counter()
    command = ["xargs", "-P", str(jobs), "-I{}", "sh", "-c", CELL.format("{}")]
    subprocess.run(command, input=script, text=True, cwd=folder, check=True)
    return time.perf_counter() - start


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("--cells", type=int, default=1000)
    args.add_argument("--runs", type=int, default=5)
    args.add_argument("--jobs", type=int, default=2)
    args.add_argument("--sweepline", default="target/release/sweepline")
    args.add_argument("--tools", default=",".join(TOOLS))
    args.add_argument("--dir", help="where to work; a temporary folder by default")
    args = args.parse_args()
    os.environ["DVC_NO_ANALYTICS"] = "1"
    program = str(Path(args.sweepline).resolve())

    # Nothing is removed before the end: file systems pay for it when they next make files.
    root = Path(tempfile.mkdtemp(prefix="noop-", dir=args.dir))

    def fresh(tool):
        folder = root / tool
        (folder / "out").mkdir(parents=True)
        (folder / "in.txt").write_text("the input\n")
        os.utime(folder / "in.txt", (1e9, 1e9))
        return folder

    print(f"\n{args.cells} cells and one step over them, {args.jobs} jobs; bare `sh` processes: ", end="", flush=True)
    spawned = bare(fresh("bare"), args.cells, args.jobs)
    print(f"{spawned:.2f} s\n\n| tool | first run | per cell | nothing to do, median | least |\n| --- | --: | --: | --: | --: |")
    for tool in args.tools.split(","):
        if not shutil.which(program if tool == "sweepline" else tool) or (tool == "dvc" and args.cells > 1000):
            continue
        folder = fresh(tool)
        first, again = TOOLS[tool](folder, args.cells, args.jobs, program)
        once = timed(first, folder) if first else None
        # What the first run left to be written must not disturb the others.
        os.sync()
        idle = [timed(again, folder) for _ in range(args.runs)]
        shown = f"{once:.2f} s | {1e3 * once / args.cells:.2f} ms" if once is not None else "- | -"
        print(f"| {tool} | {shown} | {1e3 * statistics.median(idle):.0f} ms | {1e3 * min(idle):.0f} ms |", flush=True)
    shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
