module gateway.telephony/tests/bench/httpload

go 1.26
