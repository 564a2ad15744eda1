"""Messages and stubs of the package `gateway.telephony.v1`, as protoc writes them."""
