"""What replaces Supabase and Clerk on a development machine."""
