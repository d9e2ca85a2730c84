"""From arrays to numbers: intervals, p values, corrections and power."""
