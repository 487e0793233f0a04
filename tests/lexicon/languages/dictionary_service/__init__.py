"""Reads of the dictionary, twice: ``naive`` as it is often written, ``cured`` as it should be.

Both modules have the same functions with the same results; ``*_async`` are their asyncio kin.
"""
