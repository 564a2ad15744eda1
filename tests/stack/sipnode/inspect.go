package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// inspection serves what a test wants to know about the far side of its calls, and
// lets somebody ring in or hang up.
func inspection(n *node) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, n.ledger.snapshot())
	})
	mux.HandleFunc("GET /refused", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, n.ledger.refusals())
	})
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) {
		n.ledger.reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /ring_in", func(w http.ResponseWriter, r *http.Request) {
		var from caller
		if err := json.NewDecoder(r.Body).Decode(&from); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		leg, err := n.ringIn(r.Context(), from)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		writeJSON(w, leg)
	})
	mux.HandleFunc("POST /admit", func(w http.ResponseWriter, r *http.Request) {
		var in invite
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := n.admit(r.Context(), in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		writeJSON(w, answer)
	})
	mux.HandleFunc("GET /hearing", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, n.ledger.hearing(r.URL.Query().Get("room")))
	})
	mux.HandleFunc("POST /invite", func(w http.ResponseWriter, r *http.Request) {
		var asked guest
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := n.invite(r.Context(), asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /dismiss", func(w http.ResponseWriter, r *http.Request) {
		var asked guest
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if !n.guests.dismiss(asked.Room, asked.Identity) {
			http.Error(w, "no such guest", http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /pace/{milliseconds}", func(w http.ResponseWriter, r *http.Request) {
		pause, err := strconv.Atoi(r.PathValue("milliseconds"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		n.pace.set(time.Duration(pause) * time.Millisecond)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /hang_up/{id}", func(w http.ResponseWriter, r *http.Request) {
		if err := n.hangUp(r.PathValue("id")); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]int{"active_calls": n.active()})
	})
	return mux
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
