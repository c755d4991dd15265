// In the place of the guide's `pm2 start src/server.js --name futuretracker-api`.
const path = require("node:path");

const root = path.resolve(__dirname, "../../..");

module.exports = {
  apps: [
    {
      name: "futuretracker-api",
      cwd: root,
      script: path.join(root, ".venv/bin/gunicorn"),
      args: ["--config", path.join(__dirname, "gunicorn.conf.py"), "wsgi:app"],
      interpreter: "none",
      merge_logs: true,
      // gunicorn has its own workers (WEB_CONCURRENCY).
      exec_mode: "fork",
      instances: 1,
      // Only gunicorn is told to stop: it lets its workers finish.
      treekill: false,
      // Milliseconds; above gunicorn's graceful_timeout of 30 seconds.
      kill_timeout: 35000,
      // A wrong setting is said a few times, not for ever; with a delay PM2 7 would call it "waiting".
      min_uptime: 5000,
      max_restarts: 3,
    },
  ],
};
