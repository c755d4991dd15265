"""Is it safe to go live: one check an item, each of which looks at the real thing.

A check returns a finding. What it cannot find out is ``unknown``, which is never taken for ``ok``.
"""
