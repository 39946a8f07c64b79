"""The append-only log: one file per C2SP concept."""
