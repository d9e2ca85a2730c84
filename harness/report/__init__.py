"""Records → pages: verdicts for people and for CI, and a study's report. Torch-free, read-only.

`files.write` writes a whole report; `verdicts.render` shows verdicts alone. Same store, same bytes.
"""
