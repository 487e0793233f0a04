"""Settings, engines and logging."""
