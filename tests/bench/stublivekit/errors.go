package main

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// twirpError is an error as LiveKit sends it.
type twirpError struct {
	status  int
	Code    string            `json:"code"`
	Message string            `json:"msg"`
	Meta    map[string]string `json:"meta,omitempty"`
}

var (
	errGone     = &twirpError{http.StatusNotFound, "not_found", "participant does not exist", nil}
	errTimedOut = &twirpError{http.StatusRequestTimeout, "canceled", "twirp error unknown: sip request timed out", nil}
)

func malformed(err error) *twirpError {
	return &twirpError{http.StatusBadRequest, "malformed", err.Error(), nil}
}

// refused is LiveKit's error for a final response to the INVITE.
func refused(how final) *twirpError {
	text := "unexpected status from INVITE response"
	switch how.code {
	case 404, 480, 486:
		text = "INVITE failed"
	}
	return &twirpError{
		status:  how.http,
		Code:    how.twirp,
		Message: fmt.Sprintf("twirp error unknown: %s: sip status: %d: %s", text, how.code, how.text),
		Meta:    map[string]string{"sip_status_code": fmt.Sprint(how.code), "sip_status": how.text},
	}
}

func fail(writer http.ResponseWriter, err *twirpError) {
	writer.Header().Set("Content-Type", "application/json")
	writer.WriteHeader(err.status)
	_ = json.NewEncoder(writer).Encode(err) // whoever asked may have gone
}
