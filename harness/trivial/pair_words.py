"""A linear classifier over the bag of words of both sentences, each word marked by its side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VERSION = 1

# One feature that every row has, so that rows without words are classified too.
_ANY = {"": 1.0}
Features = Callable[[dict[str, Any]], dict[str, float]]


def predict(train: list[dict[str, Any]], test: list[dict[str, Any]]) -> list[str]:
    """Return a label for each row from which words each side has."""
    return fit_and_predict(_features, train, test)


def _features(row: dict[str, Any]) -> dict[str, float]:
    words = ["a:" + word for word in row["text_a"].split()] + ["b:" + word for word in (row["text_b"] or "").split()]
    return dict.fromkeys(words, 1.0)


def fit_and_predict(features: Features, train: list[dict[str, Any]], test: list[dict[str, Any]]) -> list[str]:
    """Return the labels that a logistic regression over sparse features, fitted on `train`, gives `test`."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = DictVectorizer(sort=True)
    matrix = vectorizer.fit_transform([_ANY | features(row) for row in train])
    classifier = LogisticRegression(C=1.0, max_iter=300, solver="lbfgs", random_state=0)
    classifier.fit(matrix, [str(row["label"]) for row in train])
    return [str(label) for label in classifier.predict(vectorizer.transform([_ANY | features(row) for row in test]))]
