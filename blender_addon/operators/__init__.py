"""Operators of the extension, one per file."""
