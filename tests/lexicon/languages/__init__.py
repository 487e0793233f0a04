"""The dictionary: languages, concepts, their names, and who learns them."""
