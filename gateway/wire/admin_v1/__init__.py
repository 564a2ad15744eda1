"""The vocabulary of `AdminService`: messages, and no protocol."""
