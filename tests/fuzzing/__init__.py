"""Settings and files that nobody would write on purpose, for the tests that throw them at the scripts."""
