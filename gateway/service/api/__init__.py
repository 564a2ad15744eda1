"""One story an RPC, told in order. What it leaves under way, `following` follows."""
