"""Readers: bytes → rows. One file format a module; the name is the path.

Each module has `VERSION`, `Options` (a Spec, what a task file may set) and

    read(paths, *, options, language) -> Iterator[dict]

which yields rows in the shape of the task's family. Lines end at a line feed and nowhere else: text may hold
other characters that Unicode calls separators. Whatever a file gets wrong is a SpecError with file and line.
"""
