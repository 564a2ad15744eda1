"""The vocabulary of `gateway.telephony.v1`: messages, but no protocol."""
