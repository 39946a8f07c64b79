"""One Record in the words of others."""
