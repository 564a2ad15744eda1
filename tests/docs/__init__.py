"""What README and docs say is so: examples run, tables are complete, links lead somewhere."""
