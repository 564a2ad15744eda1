package main

import (
	"strings"
	"testing"
	"time"
)

func TestAFrameNamesItsSpeaker(t *testing.T) {
	for _, name := range []string{"caller", "", "ünïcode", strings.Repeat("x", longestName)} {
		if speaker, said := speakerOf(voice(name)); !said || speaker != name {
			t.Errorf("%q was heard as %q, %v", name, speaker, said)
		}
	}
}

func TestAnotherFrameIsNobodys(t *testing.T) {
	whole := voice("caller")
	for _, payload := range [][]byte{nil, {0xf8, 0xff, 0xfe}, whole[:len(whole)-1], append(whole, 0)} {
		if speaker, said := speakerOf(payload); said {
			t.Errorf("%x was heard as %q", payload, speaker)
		}
	}
}

func TestAPauseBeginsAnotherHearing(t *testing.T) {
	book := newLedger()
	ears := book.listener("room", "agent")
	begun := time.Now()
	for _, after := range []time.Duration{0, 100, 200, 900, 1000} {
		book.heard(ears, "caller", begun.Add(after*time.Millisecond))
	}
	spans := book.hearing("room")[0].Heard
	if len(spans) != 2 || spans[0].Frames != 3 || spans[1].Frames != 2 {
		t.Fatalf("heard %+v", spans)
	}
	if !spans[1].Since.Equal(begun.Add(900 * time.Millisecond)) {
		t.Errorf("the second hearing began at %v", spans[1].Since)
	}
}
