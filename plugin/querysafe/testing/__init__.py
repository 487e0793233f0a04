"""What a test suite uses: fixtures, functions, and the guard that judges each test."""
