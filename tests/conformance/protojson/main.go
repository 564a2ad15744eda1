// Answers which JSON texts are which messages, as Twirp's Go servers read them: the first value
// of the body through encoding/json, then protojson without the fields that it does not know.
//
// The first line of standard input is a FileDescriptorSet in base64. Each further line is the full
// name of a message, a space and a body in base64; its answer is a line on standard output:
// "taken" and the message's bytes in base64, or "refused" and why.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const maxLine = 1 << 24

func files(line string) (*protoregistry.Files, error) {
	encoded, err := base64.StdEncoding.DecodeString(line)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(encoded, set); err != nil {
		return nil, err
	}
	return protodesc.NewFiles(set)
}

// read does what the methods do that protoc-gen-twirp generates.
func read(body []byte, message proto.Message) error {
	var raw json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&raw); err != nil {
		return err
	}
	return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, message)
}

func answer(known *protoregistry.Files, line string) (string, error) {
	name, encoded, _ := strings.Cut(line, " ")
	found, err := known.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return "", err
	}
	described, ok := found.(protoreflect.MessageDescriptor)
	if !ok {
		return "", errors.New(name + " is no message")
	}
	body, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", err
	}
	message := dynamicpb.NewMessage(described)
	if err := read(body, message); err != nil {
		return fmt.Sprintf("refused %q", err.Error()), nil
	}
	made, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	return "taken " + base64.StdEncoding.EncodeToString(made), err
}

func serve() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	if !lines.Scan() {
		return errors.New("no FileDescriptorSet came")
	}
	known, err := files(lines.Text())
	if err != nil {
		return err
	}
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		told, err := answer(known, lines.Text())
		if err != nil {
			return err
		}
		fmt.Fprintln(out, told)
	}
	return errors.Join(lines.Err(), out.Flush())
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
