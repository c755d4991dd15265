"""Tests of deploy/platforms/pm2 with the real PM2."""
