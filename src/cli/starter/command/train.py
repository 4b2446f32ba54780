"""Fits a line through noisy points by gradient descent. Any program will do: its settings are options, its
numbers go to a file."""

import argparse
import json
import random

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1, help="learning rate")
parser.add_argument("--noise", type=float, default=0.1, help="standard deviation of the observations")
parser.add_argument("--steps", type=int, default=50, help="steps along the gradient")
parser.add_argument("--seed", type=int, default=0, help="which observations")
parser.add_argument("--scores", default="scores.json", help="where the numbers go")
args = parser.parse_args()

draw = random.Random(args.seed)


def observe(count):
    xs = [draw.uniform(-1, 1) for _ in range(count)]
    return [(x, 2 * x + 1 + draw.gauss(0, args.noise)) for x in xs]


def error(points):
    return sum((slope * x + offset - y) ** 2 for x, y in points) / len(points)


train, test = observe(50), observe(1000)
slope = offset = 0.0
for step in range(args.steps):
    rests = [(x, slope * x + offset - y) for x, y in train]
    slope -= args.lr * 2 * sum(rest * x for x, rest in rests) / len(train)
    offset -= args.lr * 2 * sum(rest for _, rest in rests) / len(train)

with open(args.scores, "w") as file:
    json.dump({"train_error": error(train), "test_error": error(test)}, file)
print(f"slope {slope:.3f}, offset {offset:.3f}")
