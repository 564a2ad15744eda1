"""A loop whose time is nobody's: it jumps to what comes next, and starts no thread."""
