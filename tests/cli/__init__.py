"""What people and scripts see: text, JSON, exit codes, and errors explained."""
