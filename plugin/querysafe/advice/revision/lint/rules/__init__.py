"""One rule a file; :mod:`querysafe.advice.revision.lint.registry` lists them."""
