// An auditor who has no part of the gateway: Go's own note and tlog, and torchwood.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// told is what a command has found, printed as JSON.
type told map[string]any

func main() {
	commands := map[string]func(key string, files []string) (told, error){
		"checkpoint":  checkpoint,
		"cosigned":    cosigned,
		"receipts":    receipts,
		"tiles":       tiles,
		"consistency": consistency,
	}
	found, err := commands[os.Args[1]](os.Args[2], os.Args[3:])
	if err != nil {
		found = told{"error": err.Error()}
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		panic(err)
	}
}

// opened is the tree of a signed checkpoint in a file.
func opened(key, file string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return tlog.Tree{}, err
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	found, err := torchwood.ParseCheckpoint(signed.Text)
	if err != nil {
		return tlog.Tree{}, err
	}
	if found.Origin != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the origin is %q, the key's name %q", found.Origin, verifier.Name())
	}
	return found.Tree, nil
}

func checkpoint(key string, files []string) (told, error) {
	tree, err := opened(key, files[0])
	return told{"size": tree.N, "root": tree.Hash.String()}, err
}

// cosigned opens a checkpoint that the witness of a key has signed, too.
func cosigned(key string, files []string) (told, error) {
	log, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	witness, err := torchwood.NewCosignatureVerifier(files[1])
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	policy := torchwood.ThresholdPolicy(3, torchwood.OriginPolicy(log.Name()),
		torchwood.SingleVerifierPolicy(log), torchwood.SingleVerifierPolicy(witness))
	found, _, err := torchwood.VerifyCheckpoint(text, policy)
	return told{"size": found.N}, err
}

// receipts verifies files with one receipt each; a record is in its extra line.
func receipts(key string, files []string) (told, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	policy := torchwood.ThresholdPolicy(2,
		torchwood.OriginPolicy(verifier.Name()), torchwood.SingleVerifierPolicy(verifier))
	records := []json.RawMessage{}
	for _, file := range files {
		proof, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		record, err := torchwood.ProofExtraData(proof)
		if err != nil {
			return nil, err
		}
		if err := torchwood.VerifyProof(policy, tlog.RecordHash(record), proof); err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return told{"records": records}, nil
}

// tiles reads a whole log from a folder, with every hash checked against the checkpoint.
func tiles(key string, files []string) (told, error) {
	folder := files[0]
	tree, err := opened(key, folder+"/checkpoint")
	if err != nil {
		return nil, err
	}
	reader, err := torchwood.NewTileFS(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	client, err := torchwood.NewClient(reader)
	if err != nil {
		return nil, err
	}
	count, bytes := int64(0), 0
	for index, entry := range client.AllEntries(context.Background(), tree, 0) {
		if index != count || !json.Valid(entry) {
			return nil, fmt.Errorf("entry %d is no record", index)
		}
		count++
		bytes += len(entry)
	}
	return told{"records": count, "size": tree.N, "bytes": bytes}, client.Err()
}

// consistency checks what `gateway audit prove-consistency` has printed.
func consistency(key string, files []string) (told, error) {
	first, err := opened(key, files[0])
	if err != nil {
		return nil, err
	}
	last, err := opened(key, files[1])
	if err != nil {
		return nil, err
	}
	printed, err := os.ReadFile(files[2])
	if err != nil {
		return nil, err
	}
	var proof tlog.TreeProof
	for _, line := range strings.Fields(string(printed)) {
		hash, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(hash) != tlog.HashSize {
			return nil, fmt.Errorf("%q is no hash", line)
		}
		proof = append(proof, tlog.Hash(hash))
	}
	if err := tlog.CheckTree(proof, last.N, last.Hash, first.N, first.Hash); err != nil {
		return nil, err
	}
	return told{"first": first.N, "last": last.N}, nil
}
