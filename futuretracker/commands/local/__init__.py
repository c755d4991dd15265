"""The development service: local replacements for Supabase and Clerk, and help on the terminal."""
