"""How fast this service is, beside the same job as others would build it.

``bench`` compares, ``scaling`` tells how it grows, ``large`` looks at one user with very many rows.
"""
