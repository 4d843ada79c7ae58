"""What user code hands in: bounded, thread-safe, fast."""
