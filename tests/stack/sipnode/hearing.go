package main

import (
	"slices"
	"time"
)

// lately is how long after its newest frame a voice still counts as heard.
const lately = 400 * time.Millisecond

// ears are what one participant has heard: a leg, or a guest.
type ears struct {
	Room     string  `json:"room"`
	Identity string  `json:"identity"`
	Heard    []*span `json:"heard"`
	// Hears are the voices that are heard now.
	Hears []string `json:"hears"`
	// Told are the messages that a guest has got, in order.
	Told []message `json:"told"`

	gone bool
}

// message is a text that a participant was sent.
type message struct {
	Topic string `json:"topic"`
	Text  string `json:"text"`
}

// span is one voice, heard without a longer pause.
type span struct {
	Identity string    `json:"identity"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Frames   int       `json:"frames"`
}

// listener opens the ears of a participant.
func (l *ledger) listener(room, identity string) *ears {
	l.mu.Lock()
	defer l.mu.Unlock()
	opened := &ears{Room: room, Identity: identity}
	l.ears = append(l.ears, opened)
	return opened
}

// heard notes one frame.
func (l *ledger) heard(by *ears, speaker string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, each := range slices.Backward(by.Heard) {
		if each.Identity == speaker && now.Sub(each.Until) < lately {
			each.Until = now
			each.Frames++
			return
		}
	}
	by.Heard = append(by.Heard, &span{Identity: speaker, Since: now, Until: now, Frames: 1})
}

// told notes one message.
func (l *ledger) told(to *ears, topic, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	to.Told = append(to.Told, message{Topic: topic, Text: text})
}

// deafen notes that a participant has left.
func (l *ledger) deafen(by *ears) {
	l.mu.Lock()
	defer l.mu.Unlock()
	by.gone = true
}

// hearing copies what everybody in the room has heard, in the order of their joining.
func (l *ledger) hearing(room string) []ears {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []ears{}
	for _, each := range l.ears {
		if each.Room == room {
			all = append(all, each.copy(time.Now()))
		}
	}
	return all
}

// copy is called under the ledger's lock.
func (e *ears) copy(now time.Time) ears {
	shown := ears{Room: e.Room, Identity: e.Identity, Heard: []*span{}, Hears: []string{}, Told: []message{}}
	for _, each := range e.Heard {
		heard := *each
		shown.Heard = append(shown.Heard, &heard)
		if !e.gone && now.Sub(each.Until) < lately {
			shown.Hears = append(shown.Hears, each.Identity)
		}
	}
	shown.Told = append(shown.Told, e.Told...)
	slices.Sort(shown.Hears)
	shown.Hears = slices.Compact(shown.Hears)
	return shown
}
