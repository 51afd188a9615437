"""Benchmarks: the same network and rule in this package, in plain Brian2, in other tools and by
hand (`brian-rflo bench`).
"""
