package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"log"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
)

const (
	lanes       = 16
	lanesHold   = 16384
	sendTimeout = 10 * time.Second
	validity    = 5 * time.Minute
)

// notices are LiveKit's webhooks: signed, and in order for each room. One that fails, or for which
// there is no room because those before it wait, is counted and not sent again.
type notices struct {
	key    string
	secret []byte
	url    atomic.Pointer[string]
	lanes  [lanes]chan *livekit.WebhookEvent
	client *http.Client
	number atomic.Int64
	sent   atomic.Int64
	failed atomic.Int64
}

func newNotices(key, secret string) *notices {
	transport := &http.Transport{MaxIdleConnsPerHost: lanes}
	n := &notices{key: key, secret: []byte(secret), client: &http.Client{Transport: transport, Timeout: sendTimeout}}
	for i := range n.lanes {
		n.lanes[i] = make(chan *livekit.WebhookEvent, lanesHold)
		go n.deliver(n.lanes[i])
	}
	return n
}

// sendTo makes notices go to another URL; to none if it is empty.
func (n *notices) sendTo(url string) {
	n.url.Store(&url)
}

// told is how many were accepted, and how many were not.
func (n *notices) told() (sent, failed int64) {
	return n.sent.Load(), n.failed.Load()
}

// tell sends what happened to a participant, once those before it in its room are out. The
// participant must not be changed afterwards.
func (n *notices) tell(event, room string, participant *livekit.ParticipantInfo) {
	if *n.url.Load() == "" {
		return
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(room))
	told := &livekit.WebhookEvent{
		Event:       event,
		Id:          fmt.Sprintf("EV_%d", n.number.Add(1)),
		CreatedAt:   time.Now().Unix(),
		Room:        &livekit.Room{Sid: "RM_" + room, Name: room},
		Participant: participant,
	}
	select {
	case n.lanes[hash.Sum32()%lanes] <- told:
	default: // nobody who asks for something waits for a notice
		n.failed.Add(1)
	}
}

func (n *notices) deliver(lane <-chan *livekit.WebhookEvent) {
	for event := range lane {
		url := *n.url.Load()
		if url == "" {
			continue
		}
		if err := n.post(url, event); err != nil {
			n.failed.Add(1)
			log.Printf("stublivekit: notice: %v", err)
			continue
		}
		n.sent.Add(1)
	}
}

func (n *notices) post(url string, event *livekit.WebhookEvent) error {
	body, err := protojson.Marshal(event)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/webhook+json")
	request.Header.Set("Authorization", n.sign(body))
	reply, err := n.client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	if _, err := io.Copy(io.Discard, reply.Body); err != nil {
		return err
	}
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("answered with %s", reply.Status)
	}
	return nil
}

// sign makes the token that proves a body: a JWT (HS256) with the body's SHA-256.
func (n *notices) sign(body []byte) string {
	now, digest := time.Now(), sha256.Sum256(body)
	claims, err := json.Marshal(map[string]any{
		"iss":    n.key,
		"nbf":    now.Unix(),
		"exp":    now.Add(validity).Unix(),
		"sha256": base64.StdEncoding.EncodeToString(digest[:]),
	})
	if err != nil {
		panic(err) // texts and numbers are always JSON
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, n.secret)
	mac.Write([]byte(signed))
	return signed + "." + encode(mac.Sum(nil))
}
