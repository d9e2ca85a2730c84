"""Options of each task family, one module a family; torch-free, so that specs are checked without torch."""
