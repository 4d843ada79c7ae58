"""Where snapshots and events go."""
