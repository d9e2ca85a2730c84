"""Trivial baselines: what a score is worth before any encoder reads the text.

Each file has `VERSION` and `predict(train, test) -> list`, which returns predictions in the form that the
task's metric takes. They learn from the source language's training rows and predict in any language; all
are deterministic. A score that does not clear these lines shows an artefact of the data, not
understanding.
"""
