"""Frozen models of everything a user writes, and the one place where YAML is parsed. Torch-free."""
