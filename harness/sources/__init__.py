"""Sources: where the bytes of a pinned file come from. One place a module; the name is the path.

Each module has `fetch(file, target)`, which writes the file's bytes to the path `target`. The caller checks
the digest: a source promises nothing about what it got.
"""
