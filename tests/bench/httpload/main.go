// Command httpload posts JSON to one URL as fast as its callers get their answers.
//
// Bodies come from a file that holds a JSON array, one after the other and again from the first.
// It prints what ghz prints, as far as the bench reads it: nanoseconds, one detail a request.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// detail is one request.
type detail struct {
	Timestamp time.Time     `json:"timestamp"`
	Latency   time.Duration `json:"latency"`
	Error     string        `json:"error"`
	Status    string        `json:"status"`
}

// report is a whole run.
type report struct {
	Count   int           `json:"count"`
	Total   time.Duration `json:"total"`
	Details []detail      `json:"details"`
}

// load is what to send, where and by whom.
type load struct {
	client *http.Client
	url    string
	bodies []json.RawMessage
	next   atomic.Int64
}

func main() {
	callers := flag.Int("c", 1, "how many callers, each with a connection of its own")
	seconds := flag.Duration("z", time.Second, "how long; what is under way then is waited for")
	file := flag.String("D", "", "file with a JSON array of bodies")
	timeout := flag.Duration("t", time.Minute, "of one request")
	flag.Parse()

	written, err := os.ReadFile(*file)
	if err != nil {
		log.Fatalf("httpload: %v", err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: *callers, MaxConnsPerHost: *callers}
	l := &load{client: &http.Client{Transport: transport, Timeout: *timeout}, url: flag.Arg(0)}
	if err := json.Unmarshal(written, &l.bodies); err != nil || len(l.bodies) == 0 {
		log.Fatalf("httpload: %s: not an array of bodies: %v", *file, err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(l.run(*callers, *seconds)); err != nil {
		log.Fatalf("httpload: %v", err)
	}
}

// run lets the callers send back to back.
func (l *load) run(callers int, length time.Duration) report {
	own := make([][]detail, callers)
	begun := time.Now()
	var running sync.WaitGroup
	for i := range own {
		running.Go(func() {
			for time.Since(begun) < length {
				own[i] = append(own[i], l.request())
			}
		})
	}
	running.Wait()
	told := report{Total: time.Since(begun), Details: []detail{}}
	for _, details := range own {
		told.Details = append(told.Details, details...)
	}
	told.Count = len(told.Details)
	return told
}

func (l *load) request() detail {
	body := l.bodies[(l.next.Add(1)-1)%int64(len(l.bodies))]
	begun := time.Now()
	err := l.post(body)
	told := detail{Timestamp: begun, Latency: time.Since(begun), Status: "OK"}
	if err != nil {
		told.Status, told.Error = "failed", err.Error()
	}
	return told
}

func (l *load) post(body []byte) error {
	reply, err := l.client.Post(l.url, "application/json", bytes.NewReader(body))
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
