"""The security checklist: each check inspects the running deployment and returns a finding.

A check that cannot find out returns ``unknown``, which never counts as ``ok``.
"""
