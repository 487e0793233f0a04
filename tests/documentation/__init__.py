"""The generated part of the documentation: the reference and the pages of the rules."""
