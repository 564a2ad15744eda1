"""A real PostgreSQL for tests: installed where it is missing, started, restarted, killed."""
