"""Wire formats as pure functions: one room for each dialect.

A dialect knows no transport, no key and no other dialect.
"""
