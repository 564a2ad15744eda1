"""Who is calling by certificates, and certificates that change while a gateway serves."""
