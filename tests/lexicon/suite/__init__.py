"""The lexicon's own tests, as its team writes them: every read and write, naive and cured."""
