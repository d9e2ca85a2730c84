"""Records → what other programs take: one file a form. Torch-free; reads the store, writes one folder."""
