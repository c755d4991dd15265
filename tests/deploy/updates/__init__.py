"""What keeps the packages safe: audits, the list of what there is, and what asks every week."""
