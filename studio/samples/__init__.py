"""The seeded generator of the sample works that the demonstration and the tests draw."""
