"""Trains one classifier on scikit-learn's digits and writes its scores: no word of sweepline in it."""

import argparse
import csv
import json
import time

from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

parser = argparse.ArgumentParser()
parser.add_argument("--model", choices=["logistic", "svm", "forest"], required=True)
parser.add_argument("--C", type=float, default=1.0, help="inverse strength of the penalty")
parser.add_argument("--trees", type=int, default=100)
parser.add_argument("--train-size", type=int, default=600)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

x, y = load_digits(return_X_y=True)
x_rest, x_test, y_rest, y_test = train_test_split(x, y, test_size=400, stratify=y, random_state=args.seed)
x_train, x_valid, y_train, y_valid = train_test_split(
    x_rest, y_rest, train_size=args.train_size, test_size=400, stratify=y_rest, random_state=args.seed
)
model = {
    "logistic": LogisticRegression(C=args.C, max_iter=500),
    "svm": SVC(C=args.C, probability=False),
    "forest": RandomForestClassifier(args.trees, random_state=args.seed),
}[args.model]
model = make_pipeline(StandardScaler(), model)
start = time.perf_counter()
model.fit(x_train, y_train)
seconds = time.perf_counter() - start

predicted = model.predict(x_test)
scores = {
    "valid_accuracy": 100 * model.score(x_valid, y_valid),
    "accuracy": 100 * float((predicted == y_test).mean()),
    "seconds": seconds,
}
if args.model != "svm":
    scores["log_loss"] = log_loss(y_test, model.predict_proba(x_test))
json.dump(scores, open("scores.json", "w"))

with open("confusion.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["true", "predicted", "count"])
    for true, counts in enumerate(confusion_matrix(y_test, predicted)):
        rows.writerows([true, guess, count] for guess, count in enumerate(counts))
