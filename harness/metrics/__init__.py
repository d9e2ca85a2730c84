"""One file a metric: per-example `statistics`, and `aggregate` from any sum of them to a percentage."""
