"""One file a metric: per-example `statistics`, and `aggregate` from any sum of them to a percentage.

`GROUPED = True` marks a metric whose example is not a row but all rows with the same `group`: it gets a list of each.
"""
