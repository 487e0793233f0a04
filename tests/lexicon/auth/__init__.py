"""Who uses the lexicon, and what they may do."""
