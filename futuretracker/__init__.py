"""FutureTracker: internships and hackathons, tracked per user."""
