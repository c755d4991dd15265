"""Local replacements for Supabase and Clerk, for development."""
