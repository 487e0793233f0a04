"""One rule a file: its description as data, and the function that finds its breaches."""
