"""Benchmarks: each prints a table with the ratio to a floor measured in the same run."""
