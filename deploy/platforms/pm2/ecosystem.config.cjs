// Use this file instead of `pm2 start src/server.js --name futuretracker-api`.
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
      // gunicorn starts the workers itself (WEB_CONCURRENCY).
      exec_mode: "fork",
      instances: 1,
      // PM2 stops only gunicorn, which lets its workers finish.
      treekill: false,
      // Milliseconds. Longer than gunicorn's graceful_timeout of 30 seconds.
      kill_timeout: 35000,
      // Stop after a few failed starts. With a delay between them PM2 7 would report "waiting".
      min_uptime: 5000,
      max_restarts: 3,
    },
  ],
};
