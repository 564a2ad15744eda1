"""Generated from `proto/gateway/telephony`; what is not in the proto does not belong here."""
