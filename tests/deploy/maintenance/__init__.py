"""The units of the timers that erase users and delete old audit entries."""
