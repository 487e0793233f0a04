"""The WAL archive: segments pushed, fetched, and proven to have no gap."""
