"""Measures. One command, one table, a peer and a limit beside every figure: see README.md."""
