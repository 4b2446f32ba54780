"""schema.py PROGRAM: a validator of JSON schemas and the program itself judge the same manifests.

Each form stands in a small manifest that is right without it. Right ones must be taken by both, wrong ones
refused by both. Needs the packages jsonschema and PyYAML.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import yaml

PROGRAM = sys.argv[1]

STAGE = """experiment: s
axes: {{lr: [0.1, 0.2], seed: {{seeds: 2}}}}
stages:
  fit:
    uses: command
    {}
    with: {{run: 'echo "loss=${{lr}}${{seed}}"', metrics: stdout}}
"""
WITH = """experiment: s
axes: {{lr: [0.1, 0.2]}}
stages:
  fit:
    uses: command
    with: {{run: 'echo "loss=${{lr}}"', {}}}
"""
AXIS = """experiment: s
axes: {{lr: {}}}
stages:
  fit:
    uses: command
    with: {{run: 'echo "loss=${{lr}}"', metrics: stdout}}
"""
TOP = """experiment: s
axes: {{lr: [0.1, 0.2]}}
{}
stages:
  fit:
    uses: command
    with: {{run: 'echo "loss=${{lr}}"', metrics: stdout}}
"""
DATA = """experiment: s
axes: {{lr: [0.1, 0.2]}}
stages:
  data:
    uses: dataset/synthetic
    with: {{name: circle, points: 50}}
  fit:
    uses: train/vae
    in: {{data: data}}
    with: {{latent: 1, lr: "${{lr}}", visible: gaussian, {}}}
"""

SEARCH = """experiment: s
axes: {{lr: {{random: {{space: {{rate: {{uniform: [0, 1]}}}}, trials: 4}}}}}}
profiles: {{quick: {{axes: {{lr: {}}}}}}}
stages:
  fit:
    uses: command
    with: {{run: 'echo "loss=${{rate}}"', metrics: stdout}}
"""
PARAM = """experiment: s
params: {{a: {}}}
stages:
  fit:
    uses: command
    with: {{run: 'echo "loss=1 ${{b}}"', values: {{b: "${{a}}"}}, metrics: stdout}}
"""

RIGHT = [
    (STAGE, ["timeout: 5m", "timeout: 90s", "timeout: 1.5h", "timeout: 30", "isolate: true", "isolate: {memory: 2GiB}",
             "isolate: {memory: 512MiB}", "retries: 2", "retries: 2\n    retry: {exit: [75, 137], signals: true, timeout: true, delay: 10s, factor: 2}",
             "cache: false", "resources: {cpus: 2, memory: 1GiB}", "resources: {gpus: 1, licence: 2}", "when: lr > 0.15",
             "missing: allow", "timeout:", "retries:", "isolate:", "missing:", "when:", "in:", "resources:", "executor:",
             "retries: 1\n    retry: {exit: , signals: , delay: }"]),
    (WITH, ["metrics: stdout", "metrics: m.json", "metrics: {file: stdout, better: {loss: lower}, units: {loss: nats}}",
            "out: {x: x.txt}", "out: {d: d/}", "out: {t: {file: t.csv, type: table}}", "metrics: stdout, values: {a: 1, b: [1, 2]}",
            "metrics: stdout, env: [HOME]", "metrics: stdout, pass_env: [HF_TOKEN, 'SLURM_*']"]),
    (AXIS, ["[1, 2]", "{seeds: 3}", "{range: [1, 3]}", "{range: [0, 1, 0.5]}", "{linspace: [0, 1, 3]}", "{logspace: [1.0e-3, 1.0e-1, 3]}",
            "{a: {}, b: {}}", "[a, b]", "[true, false]", "[1e-3, 0.1]"]),
    (TOP, ["title: A title", "params: {a_b: {type: int, default: 1, doc: a number}}", "exclude: [{lr: 0.1}]", "include: [{lr: 0.3}]",
           "when: lr < 0.15", "profiles: {quick: {axes: {lr: [0.1]}}}", "profiles: {quick: }",
           "profiles: {quick: {params: , axes: }}", "claims:", "exclude:", "when: [lr < 0.15, lr > 0]", "exclude: lr > 0.15", "claims: [{name: a, source: b, says: mean(loss) > 0}]"]),
    (SEARCH, ["{trials: 2}", "{trials: 2, parallel: 1}", "{random: {space: {rate: {uniform: [0, 1]}}, trials: 2}}", "{seed: 3}"]),
    (PARAM, ["{type: int, default: 1}", "{choices: [x, y], default: x}", "{type: resnet, depth: 3}", "{lr: 1}", "[1, 2]", "text",
             "{type: list, of: int, default: [1]}"]),
    (DATA, ["epochs: 2", "hidden: [5, 5]", "activation: tanh", "beta: 0.5"]),
]
WRONG = [
    (STAGE, ["timeout: 5 minutes", "timeout: -1", "timeout: soon", "isolate: {memory: 2 gigs}", "isolate: {cpu: 2}", "retries: -1",
             "retries: many", "retry: {exits: [75]}", "cache: maybe", "resources: [cpus]", "unknown: 1", "missing: ignore", "over: {a: 1}",
             "retry: {exit: [75]}", "timeout: 0", "in: {a: {}}", "over: [1]"]),
    (WITH, ["metrics: 3", "outs: {x: x}", "out: [x]", "out: {t: {file: t.csv, type: tabel}}", "metrics: {flie: stdout}", "metrics: {format: csv}", "env: HOME",
            "code: {a: b}", "metrics: stdout, environment: {a: 3}", "out: {t: {file: t.csv, type: [table]}}", "out: {t: {type: table}}"]),
    (AXIS, ["{seeds: 0}", "{seeds: many}", "{sedes: 3}", "{range: [1]}", "{linspace: [0, 1]}", "{logspace: 3}", "[]",
            "{seeds: 2, range: [1, 3]}", "{range: [1, 3], a: {}}", "{linspace: [0, 1, 3], zip: {a: [1]}}"]),
    (SEARCH, ["{trials: 0}", "{trails: 2}", "{trials: 2, range: [1, 2]}"]),
    (PARAM, ["{type: integer}", "{type: integer, default: 1}", "{default: 3}", "{type: int, defualt: 3}", "{type: [int]}"]),
    (TOP, ["titel: A title", "profiles: [quick]", "claims: {a: b}", "claims: [{name: a, sais: x}]", "params: [a]", "profiles: {quick: {axis: {}}}",
           "profiles: {quick: {axes: 3}}", "profiles: {quick: {doc: 3}}", "doc: 3", "exclude: [3]", "include: lr > 1"]),
    (DATA, ["epochs: 0", "epochs: two", "epoch: 2", "hidden: 5", "hidden: [0]", "latnet: 2"]),
]


class Loader(yaml.SafeLoader):
    """YAML 1.2, where `1e-4` is a number."""


Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"), list("-+.0123456789"))


def verdicts(text, validator, folder):
    path = folder / "m.yaml"
    path.write_text(text)
    profile = ["--profile", "quick"] if "profiles: {quick: {axes: {lr: {" in text else []
    program = subprocess.run([PROGRAM, "check", str(path), *profile], capture_output=True, text=True)
    try:
        schema = not list(validator.iter_errors(json.loads(json.dumps(yaml.load(text, Loader)))))
    except yaml.YAMLError:
        schema = False
    return program.returncode == 0, schema, program.stderr


def main():
    schema = json.loads(subprocess.run([PROGRAM, "schema", "manifest"], capture_output=True, check=True).stdout)
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    bad = count = 0
    with tempfile.TemporaryDirectory() as folder:
        for right, groups in [(True, RIGHT), (False, WRONG)]:
            for template, forms in groups:
                for form in forms:
                    program, by_schema, said = verdicts(template.format(form), validator, Path(folder))
                    count += 1
                    if program != right or by_schema != right:
                        bad += 1
                        print(f"{'right' if right else 'wrong'}: {form}: program {program}, schema {by_schema}\n{said[:300]}")
        root = Path(__file__).parents[2]
        for path in sorted(root.glob("manifests/*.yaml")):
            count += 1
            errors = list(validator.iter_errors(json.loads(json.dumps(yaml.load(path.read_text(), Loader)))))
            if errors:
                bad += 1
                print(f"{path}: {errors[0].message}")
    print(f"{count} manifests, {bad} judged otherwise")
    sys.exit(bad > 0)


main()
