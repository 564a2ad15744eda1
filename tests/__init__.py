"""One folder per room of the gateway, plus behaviour, clients and the real stack."""
