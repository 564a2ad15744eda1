package main

import (
	"strconv"
	"strings"
	"time"
)

// reply is a final SIP response, or the status line of a NOTIFY. The zero value
// means that none ever comes.
type reply struct {
	code   int
	reason string
}

var (
	noReply      = reply{}
	ok           = reply{200, "OK"}
	accepted     = reply{202, "Accepted"}
	notFound     = reply{404, "Not Found"}
	unavailable  = reply{480, "Temporarily Unavailable"}
	busyHere     = reply{486, "Busy Here"}
	serviceError = reply{503, "Service Unavailable"}
	decline      = reply{603, "Decline"}
)

const (
	// soon is how long after the INVITE a phone begins to ring.
	soon = 50 * time.Millisecond
	// shortly is when a phone that decides quickly decides, counted from the INVITE.
	shortly = 300 * time.Millisecond
	// notifyAfter is how long an ordinary transfer takes from REFER to the final NOTIFY.
	notifyAfter = 700 * time.Millisecond
	// never marks a step that does not happen.
	never = time.Duration(-1)
)

// phone is what the far end of a call does. Times count from the INVITE, except
// hangUpAfter, which counts from the answer.
type phone struct {
	ringAfter   time.Duration // first 18x, or never
	final       reply         // ok answers the call
	finalAfter  time.Duration
	hangUpAfter time.Duration // never: stays on the line

	// refer is set where this phone decides every transfer of its leg itself,
	// whatever the target.
	refer *referral
	// ignoresTimeout makes the node itself misbehave: neither the ringing
	// timeout nor the end of the request cancels the INVITE.
	ignoresTimeout bool
	// refusals is how many attempts the node refuses for want of CPU before it
	// dials; negative refuses all.
	refusals int
}

// referral is what becomes of a REFER.
type referral struct {
	answer      reply // final response to the REFER
	notify      reply // final NOTIFY, after an accepted REFER
	notifyAfter time.Duration
}

func rings(final reply, after time.Duration) phone {
	return phone{ringAfter: soon, final: final, finalAfter: after, hangUpAfter: never}
}

func silent(final reply, after time.Duration) phone {
	return phone{ringAfter: never, final: final, finalAfter: after, hangUpAfter: never}
}

func reports(notify reply, after time.Duration) *referral {
	return &referral{answer: accepted, notify: notify, notifyAfter: after}
}

// testPhones are the numbers +1 500 555 0100 to 0113, by their last two digits.
var testPhones = []phone{
	0: rings(ok, time.Second),
	1: rings(busyHere, shortly),
	2: rings(noReply, 0),
	3: rings(decline, shortly),
	4: rings(notFound, shortly),
	5: rings(unavailable, shortly),
	6: silent(serviceError, shortly),
	7: silent(noReply, 0),
	8: {ringAfter: soon, final: ok, finalAfter: time.Second, hangUpAfter: 2 * time.Second},
	9: {ringAfter: soon, final: ok, finalAfter: 3 * time.Second, hangUpAfter: never},
	10: {ringAfter: soon, final: ok, finalAfter: shortly, hangUpAfter: never,
		refer: &referral{answer: decline}},
	11: {ringAfter: soon, final: ok, finalAfter: shortly, hangUpAfter: never,
		refer: reports(ok, 8*time.Second)},
	12: {ringAfter: soon, final: ok, finalAfter: shortly, hangUpAfter: never,
		refer: reports(noReply, 0)},
	13: rings(serviceError, time.Second),
}

// stackPhones are the further numbers of this stack, +1 500 555 0200 to 0203.
var stackPhones = []phone{
	0: {refusals: -1},
	1: {ringAfter: soon, final: ok, finalAfter: time.Second, hangUpAfter: never, refusals: 2},
	2: {ringAfter: soon, final: noReply, hangUpAfter: never, ignoresTimeout: true},
	3: rings(serviceError, shortly),
}

// targets are the outcomes of a transfer by the target's last two digits.
var targets = []*referral{
	0:  reports(ok, notifyAfter),
	1:  reports(busyHere, notifyAfter),
	2:  reports(noReply, 0),
	3:  reports(decline, notifyAfter),
	4:  reports(notFound, notifyAfter),
	5:  reports(unavailable, notifyAfter),
	6:  reports(serviceError, notifyAfter),
	7:  {answer: noReply},
	8:  reports(ok, notifyAfter),
	9:  reports(ok, 3*time.Second),
	10: {answer: decline},
	11: reports(ok, 8*time.Second),
	12: reports(noReply, 0),
	13: reports(serviceError, notifyAfter),
}

// nobody is every other number.
var (
	nobody       = silent(notFound, soon)
	nobodyTarget = reports(notFound, notifyAfter)
)

// phoneFor finds the phone by the trunk's host ("phone-NN." at its beginning
// wins) or by the number dialled.
func phoneFor(number, host string) phone {
	if name, _, found := strings.Cut(host, "."); found {
		if digits, found := strings.CutPrefix(name, "phone-"); found {
			return pick(testPhones, digits, nobody)
		}
	}
	digits := digitsOf(number)
	if last, found := strings.CutPrefix(digits, "150055501"); found {
		return pick(testPhones, last, nobody)
	}
	if last, found := strings.CutPrefix(digits, "150055502"); found {
		return pick(stackPhones, last, nobody)
	}
	return nobody
}

// transferFor finds what becomes of a transfer of p's leg to a tel: or sip: URI.
func transferFor(p phone, uri string) *referral {
	if p.refer != nil {
		return p.refer
	}
	if last, found := strings.CutPrefix(digitsOf(userPart(uri)), "150055501"); found {
		return pick(targets, last, nobodyTarget)
	}
	return nobodyTarget
}

// pick indexes a table by exactly two digits.
func pick[T any](table []T, digits string, other T) T {
	n, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 2 || n < 0 || n >= len(table) {
		return other
	}
	return table[n]
}

// userPart takes the user of a URI such as <sip:+1500@host;user=phone> or tel:+1-500.
func userPart(uri string) string {
	uri = strings.Trim(uri, "<> ")
	if _, rest, found := strings.Cut(uri, ":"); found {
		uri = rest
	}
	if end := strings.IndexAny(uri, "@;?>"); end >= 0 {
		uri = uri[:end]
	}
	return uri
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}
