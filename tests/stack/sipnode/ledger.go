package main

import (
	"maps"
	"sync"
	"time"
)

// callRecord is what the inspection endpoint tells about one INVITE.
type callRecord struct {
	SIPCallID     string            `json:"sip_call_id"`
	Inbound       bool              `json:"inbound"`
	Room          string            `json:"room"`
	Identity      string            `json:"identity"`
	To            string            `json:"to"`
	From          string            `json:"from"`
	TrunkID       string            `json:"trunk_id"`
	Hostname      string            `json:"hostname"`
	DisplayName   string            `json:"display_name"`
	Headers       map[string]string `json:"headers"`
	Attributes    map[string]string `json:"attributes"`
	DTMF          string            `json:"dtmf"`
	InviteTime    time.Time         `json:"invite_time"`
	RingTime      *time.Time        `json:"ring_time"`
	AnswerTime    *time.Time        `json:"answer_time"`
	EndTime       *time.Time        `json:"end_time"`
	End           string            `json:"end"`
	EndCause      string            `json:"end_cause"`
	SIPStatusCode int               `json:"sip_status_code"`
	Hears         []string          `json:"hears"`
	Refers        []*referRecord    `json:"refers"`

	ears *ears
}

// referRecord is one REFER within a call.
type referRecord struct {
	To            string            `json:"to"`
	Headers       map[string]string `json:"headers"`
	Time          time.Time         `json:"time"`
	Outcome       string            `json:"outcome"`
	SIPStatusCode int               `json:"sip_status_code"`
}

// ledger keeps the records in INVITE order, and counts the refused attempts.
type ledger struct {
	mu      sync.Mutex
	calls   []*callRecord
	ears    []*ears
	refused map[string]int
}

func newLedger() *ledger {
	return &ledger{refused: make(map[string]int)}
}

// add puts a record in the order of its INVITE, which goes out now. From here on
// the caller changes it only through update.
func (l *ledger) add(record *callRecord) {
	l.mu.Lock()
	defer l.mu.Unlock()
	record.InviteTime = time.Now()
	l.calls = append(l.calls, record)
}

// update changes records under the ledger's lock.
func (l *ledger) update(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// refuse says whether the next attempt to a number is to be refused, and counts
// it if so. A negative limit refuses all.
func (l *ledger) refuse(number string, limit int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limit == 0 || (limit > 0 && l.refused[number] >= limit) {
		return false
	}
	l.refused[number]++
	return true
}

// reset forgets everything; legs still up go on, unrecorded.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls, l.ears = nil, nil
	clear(l.refused)
}

// snapshot copies the records.
func (l *ledger) snapshot() []callRecord {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := make([]callRecord, 0, len(l.calls))
	for _, call := range l.calls {
		shown := *call
		shown.Hears = call.ears.copy(time.Now()).Hears
		shown.Refers = make([]*referRecord, 0, len(call.Refers))
		for _, refer := range call.Refers {
			each := *refer
			shown.Refers = append(shown.Refers, &each)
		}
		calls = append(calls, shown)
	}
	return calls
}

// refusals copies the counts of refused attempts by number.
func (l *ledger) refusals() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.refused)
}
