// Reads a log of tiles over HTTP with the code of golang.org/x/mod/sumdb, which none of us wrote:
// the note's signature, the checkpoint's root, and an inclusion proof of every entry from verified tiles.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func get(url string) []byte {
	answer, err := http.Get(url)
	must(err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	must(err)
	if answer.StatusCode != 200 {
		must(fmt.Errorf("%s: %s", url, answer.Status))
	}
	return data
}

// A tile of height 8 is tile/8/L/N in the sum database, and tile/L/N in c2sp.org/tlog-tiles.
func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}

type reader struct {
	url   string
	known map[tlog.Tile][]byte
}

func (r *reader) Height() int { return 8 }

func (r *reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		if r.known[tile] == nil {
			r.known[tile] = get(r.url + "/" + path(tile))
		}
		all = append(all, r.known[tile])
	}
	return all, nil
}

func (r *reader) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func main() {
	url := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	must(err)
	opened, err := note.Open(get(url+"/checkpoint"), note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	must(err)
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], raw)
	hashes := tlog.TileHashReader(tree, &reader{url, map[tlog.Tile][]byte{}})
	proved := int64(0)
	for first := int64(0); first < size; first += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: first / 256, W: 256}
		if size-first < 256 {
			tile.W = int(size - first)
		}
		data := get(url + "/" + strings.Replace(path(tile), "tile/0/", "tile/entries/", 1))
		for n := first; len(data) > 0; n++ {
			length := int(binary.BigEndian.Uint16(data))
			leaf := tlog.RecordHash(data[2 : 2+length])
			data = data[2+length:]
			proof, err := tlog.ProveRecord(size, n, hashes)
			must(err)
			must(tlog.CheckRecord(proof, size, tree.Hash, n, leaf))
			proved++
		}
	}
	if proved != size {
		must(fmt.Errorf("%d of %d entries", proved, size))
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{"signature": opened.Sigs[0].Name, "entries_proved": proved})
}
