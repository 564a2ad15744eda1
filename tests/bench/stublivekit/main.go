// Command stublivekit stands in for LiveKit where a gateway is measured.
//
// It speaks LiveKit's Twirp API in protobuf over HTTP and plays the phones itself: what a
// phone does is decided by its number (phones.go). It does so little work that the time
// measured is the gateway's. Rooms are made by the first leg and end with the last one; there
// are no media, and tokens are not verified.
//
// It prints its port, and serves until it is ended. Beside LiveKit's methods:
//
//	GET  /counts   requests by method, legs there now, notices sent and failed, as JSON
//	POST /notices  the body is the URL that notices go to from now on; empty: none go
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// mostBytes bounds a request's body; LiveKit's requests are a few hundred bytes.
const mostBytes = 1 << 20

// counts are the requests by method.
type counts struct {
	mu       sync.Mutex
	requests map[string]int
}

func (c *counts) add(method string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[method]++
}

func (c *counts) all() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := make(map[string]int, len(c.requests))
	for method, number := range c.requests {
		told[method] = number
	}
	return told
}

// stub is one LiveKit.
type stub struct {
	legs    *legs
	notices *notices
	counts  *counts
}

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	answerAfter := flag.Duration("answer-after", 0, "how long a phone rings before it does what its number says")
	key := flag.String("api-key", "bench", "key that signs the notices")
	secret := flag.String("api-secret", "", "secret of the key")
	url := flag.String("notices", "", "URL that notices go to")
	flag.Parse()

	told := newNotices(*key, *secret)
	told.sendTo(*url)
	served := &stub{newLegs(*answerAfter, told), told, &counts{requests: map[string]int{}}}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatalf("stublivekit: %v", err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: served.handler(), ReadHeaderTimeout: 5 * time.Second}
	log.Fatalf("stublivekit: %v", server.Serve(listener))
}

func (s *stub) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /twirp/{service}/{method}", s.answer)
	mux.HandleFunc("GET /counts", s.tellCounts)
	mux.HandleFunc("POST /notices", s.setNotices)
	return mux
}

// answer is one request of LiveKit's API.
func (s *stub) answer(writer http.ResponseWriter, request *http.Request) {
	name := strings.TrimPrefix(request.PathValue("service"), "livekit.") + "/" + request.PathValue("method")
	s.counts.add(name)
	if !strings.HasPrefix(request.Header.Get("Authorization"), "Bearer ") {
		fail(writer, &twirpError{status: http.StatusUnauthorized, Code: "unauthenticated", Message: "no token"})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, mostBytes))
	if err != nil {
		fail(writer, malformed(err))
		return
	}
	method, known := methods[name]
	if !known {
		fail(writer, &twirpError{status: http.StatusNotFound, Code: "bad_route", Message: "no such method: " + name})
		return
	}
	reply, failure := method(s.legs, body)
	if failure != nil {
		fail(writer, failure)
		return
	}
	writer.Header().Set("Content-Type", "application/protobuf")
	_, _ = writer.Write(reply) // whoever asked may have gone
}

func (s *stub) tellCounts(writer http.ResponseWriter, _ *http.Request) {
	sent, failed := s.notices.told()
	writer.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(writer).Encode(map[string]any{
		"requests":       s.counts.all(),
		"legs":           s.legs.number(),
		"notices_sent":   sent,
		"notices_failed": failed,
	})
}

func (s *stub) setNotices(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(writer, request.Body, mostBytes))
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	s.notices.sendTo(strings.TrimSpace(string(body)))
}
