package main

import "testing"

func TestPhoneFor(t *testing.T) {
	tests := []struct {
		name, number, host string
		final              reply
		rings              bool
	}{
		{"a test number", "+15005550101", "sip.example.com", busyHere, true},
		{"the same without the plus", "15005550101", "sip.example.com", busyHere, true},
		{"a carrier failure does not ring", "+15005550106", "sip.example.com", serviceError, false},
		{"a silent trunk", "+15005550107", "sip.example.com", noReply, false},
		{"a number past the last one", "+15005550114", "sip.example.com", notFound, false},
		{"any other number", "+4930123456", "sip.example.com", notFound, false},
		{"the trunk's host wins", "+4930123456", "phone-03.example.com", decline, true},
		{"even over a test number", "+15005550100", "phone-06.example.com", serviceError, false},
		{"a failure after ringing", "+15005550203", "sip.example.com", serviceError, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			far := phoneFor(test.number, test.host)
			if far.final != test.final {
				t.Errorf("final response %v, want %v", far.final, test.final)
			}
			if rings := far.ringAfter != never; rings != test.rings {
				t.Errorf("rings is %v, want %v", rings, test.rings)
			}
		})
	}
}

func TestTransferFor(t *testing.T) {
	ordinary := testPhones[0]
	tests := []struct {
		name   string
		far    phone
		target string
		want   *referral
	}{
		{"a tel URI", ordinary, "tel:+15005550101", targets[1]},
		{"a sip URI in angle brackets", ordinary, "<sip:+15005550103@sip.example.com;user=phone>", targets[3]},
		{"an unknown target", ordinary, "tel:+4930123456", nobodyTarget},
		{"a phone that decides itself", testPhones[10], "tel:+15005550100", testPhones[10].refer},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := transferFor(test.far, test.target); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}
