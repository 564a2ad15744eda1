"""The vocabulary of `gateway.telephony.v1`: messages, and no protocol."""
