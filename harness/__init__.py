"""Reproducibility harness: specs say, plans order, stages compute, the store keeps, claims judge, reports show."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["__version__"]
