"""The HTML report in a real browser: Chromium, spoken to through a pipe."""
