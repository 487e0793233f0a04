"""A small language-learning backend: the sample application of querysafe's tests and demo."""
