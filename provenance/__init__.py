"""Bytes and signatures. The one way out is `provenance.release.release`; `provenance.verify.verify` reads any file."""
