"""What comes from LiveKit: notices, legs not dialled here, and the periodic sweep of all legs."""
