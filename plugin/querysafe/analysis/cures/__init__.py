"""Code to paste: the user's own expression, rewritten, or the plainest general form."""
