"""The Twirp protocol (v7): routes, encodings and errors, but no messages."""
