package binfo

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/hex"
	"io"
	"runtime/debug"
	"strings"
)

// Info is what a binary says of its build.
type Info struct {
	// GoVersion as "go1.26.8"; empty when the build information was removed.
	GoVersion string `json:"go,omitempty"`
	// Path is the import path of package main.
	Path       string            `json:"path,omitempty"`
	Module     string            `json:"module,omitempty"`
	Version    string            `json:"version,omitempty"`
	Settings   map[string]string `json:"settings,omitempty"` // as go version -m prints
	GoBuildID  string            `json:"go_build_id,omitempty"`
	GNUBuildID string            `json:"gnu_build_id,omitempty"`
	Arch       Arch              `json:"arch"`
	PIE        bool              `json:"pie,omitempty"`
	Symbols    bool              `json:"symbols"` // a symbol table is there
	DWARF      bool              `json:"dwarf"`
}

// Info returns what the binary says of its build.
func (f *File) Info() Info { return f.info }

func readInfo(ef *elf.File, r io.ReaderAt, f *File) Info {
	in := Info{Arch: f.arch, PIE: ef.Type == elf.ET_DYN}
	if bi, err := buildinfo.Read(r); err == nil {
		in.GoVersion, in.Path = bi.GoVersion, bi.Path
		in.Module, in.Version = bi.Main.Path, bi.Main.Version
		in.Settings = settings(bi.Settings)
	}
	in.GoBuildID, in.GNUBuildID = buildIDs(ef)
	for _, s := range ef.Sections {
		if s.Name == ".debug_info" || s.Name == ".zdebug_info" {
			in.DWARF = true
		}
	}
	return in
}

func settings(list []debug.BuildSetting) map[string]string {
	m := map[string]string{}
	for _, s := range list {
		m[s.Key] = s.Value
	}
	return m
}

// buildIDs reads the notes, through the segments so that a file without
// section headers will do.
func buildIDs(ef *elf.File) (goID, gnu string) {
	for _, p := range ef.Progs {
		if p.Type != elf.PT_NOTE || p.Filesz > 1<<16 {
			continue
		}
		data := make([]byte, p.Filesz)
		if _, err := p.ReadAt(data, 0); err != nil {
			continue
		}
		for len(data) >= 12 {
			namesz, descsz := ef.ByteOrder.Uint32(data), ef.ByteOrder.Uint32(data[4:])
			typ := ef.ByteOrder.Uint32(data[8:])
			data = data[12:]
			nameEnd := (uint64(namesz) + 3) &^ 3
			descEnd := nameEnd + (uint64(descsz)+3)&^3
			if descEnd > uint64(len(data)) {
				break
			}
			name := string(bytes.TrimRight(data[:namesz], "\x00"))
			desc := data[nameEnd : nameEnd+uint64(descsz)]
			switch {
			case name == "Go" && typ == 4:
				goID = strings.ToValidUTF8(string(desc), "?")
			case name == "GNU" && typ == 3:
				gnu = hex.EncodeToString(desc)
			}
			data = data[descEnd:]
		}
	}
	return goID, gnu
}

// minor is 26 for go1.26.8, and 0 when the version is not known.
func (in Info) minor() int {
	v := in.GoVersion
	if i := strings.Index(v, "go1."); i >= 0 {
		v = v[i+4:]
	} else {
		return 0
	}
	n := 0
	for _, c := range v {
		if c < '0' || c > '9' || n > 1000 {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}
