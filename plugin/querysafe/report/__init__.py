"""Words: findings and results as text, files and pages. Everything here takes values."""
