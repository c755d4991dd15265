"""deploy/platforms/pm2/, run by the real PM2."""
