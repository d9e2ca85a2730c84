"""The training loop, once, and its parts: which batches, in which order, at which rate, kept where."""
