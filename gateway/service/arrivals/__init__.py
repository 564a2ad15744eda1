"""What LiveKit tells: its notices, legs that others have placed, and all legs now and then."""
