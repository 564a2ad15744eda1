"""What operators ask for and are told, and what keys must be."""
