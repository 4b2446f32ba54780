"""Push and fetch of 1 GiB: sweepline beside DVC and a plain copy, in a folder or a bucket, in turns.

    python share.py SWEEPLINE [--files N] [--rounds R] [--dir DIR] [--bucket URL]

N files (1, then 1024) of random bytes, 1 GiB together, are results of steps for the one and under `dvc add` for the other. Each round sends
all to an empty place, empties the store here and fetches all from there; the files are in the cache of the system. `copy`
is `dd` with a sync at its end. With `--bucket http://HOST:PORT` the place is an empty bucket of that server (keys from
AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), which `s3s-fs` or moto's server can be; without it, a folder. DVC (`pip install "dvc[s3]"`) is left
out with a word where it is not on the path. Prints seconds, least and median.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ALL = 1 << 30

parser = argparse.ArgumentParser()
parser.add_argument("program", type=Path)
parser.add_argument("--files", type=int, nargs="*", default=[1, 1024])
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--dir", type=Path)
parser.add_argument("--bucket")
args = parser.parse_args()


def call(folder, *command):
    """Runs a command to its end; the seconds that it took."""
    begun = time.monotonic()
    ended = subprocess.run([str(word) for word in command], cwd=folder, capture_output=True, text=True)
    took = time.monotonic() - begun
    if ended.returncode != 0:
        raise RuntimeError(f"{command}: {ended.stdout[-1000:]}{ended.stderr[-1000:]}")
    return took


class Place:
    """Where results are sent to: new and empty for each round."""

    count = 0

    def __init__(self, folder):
        Place.count += 1
        self.folder = folder
        self.name = f"bench-{os.getpid()}-{Place.count}"
        self.url = f"s3://{self.name}/x" if args.bucket else str(folder / self.name)
        if args.bucket:
            self.client().create_bucket(Bucket=self.name)

    def client(self):
        # Of `dvc[s3]`, or of `moto[server]`.
        import boto3

        return boto3.client("s3", endpoint_url=args.bucket, region_name="us-east-1")

    def remove(self):
        if not args.bucket:
            return shutil.rmtree(self.folder / self.name, ignore_errors=True)
        client = self.client()
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            for found in page.get("Contents", []):
                client.delete_object(Bucket=self.name, Key=found["Key"])


class Sweepline:
    name = "sweepline"

    def __init__(self, folder, files):
        self.folder = folder / "sweepline"
        (self.folder / "manifests").mkdir(parents=True)
        self.files = files
        (self.folder / "sweepline.toml").touch()
        (self.folder / "manifests/o.yaml").write_text(
            f"""experiment: o
axes:
  x: {{range: [0, {files - 1}]}}
stages:
  gen:
    uses: command
    with: {{run: 'head -c {ALL // files} /dev/urandom > "${{out.n}}"  # ${{x}}', out: {{n: n.bin}}}}
"""
        )
        call(self.folder, args.program, "run", "manifests/o.yaml", "--progress", "none")

    def round(self, place):
        url = place.url + (f"?endpoint={args.bucket}&region=us-east-1" if args.bucket else "")
        push = call(self.folder, args.program, "push", "manifests/o.yaml", "--to", url)
        shutil.rmtree(self.folder / "outputs")
        fetch = call(self.folder, args.program, "pull", "manifests/o.yaml", "--from", url)
        found = [path for path in (self.folder / "outputs/store/objects-v1").rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in found) == ALL and len(found) == self.files
        return push, fetch


class Dvc:
    name = "DVC"

    def __init__(self, folder, files):
        self.folder = folder / "dvc"
        (self.folder / "data").mkdir(parents=True)
        for number in range(files):
            (self.folder / f"data/{number}.bin").write_bytes(os.urandom(ALL // files))
        call(self.folder, "dvc", "init", "--no-scm")
        call(self.folder, "dvc", "config", "core.analytics", "false")
        call(self.folder, "dvc", "add", "data")
        shutil.rmtree(self.folder / "data")

    def round(self, place):
        call(self.folder, "dvc", "remote", "add", "--force", "--default", "r", place.url)
        if args.bucket:
            call(self.folder, "dvc", "remote", "modify", "r", "endpointurl", args.bucket)
        push = call(self.folder, "dvc", "push")
        shutil.rmtree(self.folder / ".dvc/cache")
        # What DVC remembers of the place elsewhere would spare it work that a new clone has.
        shutil.rmtree(self.folder / ".dvc/tmp")
        fetch = call(self.folder, "dvc", "fetch")
        found = [path for path in (self.folder / ".dvc/cache").rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in found) >= ALL
        return push, fetch


class Copy:
    name = "copy"

    def __init__(self, folder, files):
        self.folder = folder / "copy"
        self.folder.mkdir()
        (self.folder / "a").write_bytes(os.urandom(ALL))

    def round(self, _):
        copy = lambda a, b: call(self.folder, "dd", f"if={a}", f"of={b}", "bs=1M", "conv=fsync")
        return copy("a", "b"), copy("b", "c")


tools = [Sweepline, Dvc, Copy]
if not shutil.which("dvc"):
    print("dvc is not on the path: not measured")
    tools.remove(Dvc)
for files in args.files:
    with tempfile.TemporaryDirectory(dir=args.dir) as folder:
        folder = Path(folder)
        made = [tool(folder, files) for tool in tools]
        taken = {tool.name: [] for tool in made}
        for _ in range(args.rounds):
            for tool in made.copy():
                os.sync()
                place = Place(folder)
                try:
                    taken[tool.name].append(tool.round(place))
                except RuntimeError as error:
                    print(f"{files} files, {tool.name}: {error}", flush=True)
                    made.remove(tool)
                place.remove()
        for name, rounds in taken.items():
            for what, seconds in zip(["push", "fetch"], zip(*rounds)):
                median = statistics.median(seconds)
                print(f"{files} files, {name}, {what}: {min(seconds):.2f} s, median {median:.2f} s, {ALL / median / 1e9:.2f} GB/s", flush=True)
