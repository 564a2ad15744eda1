"""The Twirp protocol (v7): routes, encodings and errors, and no message."""
