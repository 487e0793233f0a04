"""Four schemas with one text: blocking and asyncio resolvers, ``naive`` and ``cured``."""
