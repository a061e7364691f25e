package agent

import (
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mapsan/mapsan/binfo"
)

// Site is where a probe goes: an instruction of a map function's beginning.
type Site struct {
	Func   string
	Op     binfo.Op
	PC     uint64 // in the file's addresses
	Offset uint64 // in the file
	// Arg is the number of the argument that is the map or, with Iterator, its
	// iterator.
	Arg      int
	Iterator bool
	// Return is the address that the call at PC returns to, where the site is a call.
	Return uint64
	// Watched says that others come by, too: only the maps that are watched count.
	Watched bool
}

// The bits of a cookie; bpf/access.c has the same.
const (
	cookieWrite    = 1 << 0
	cookieIterator = 1 << 1
	cookieArgument = 2
	cookieWatched  = 1 << 6
	cookieMeets    = 1 << 7
	cookieSite     = 8
)

// cookie is what the probe of site number n gives its program.
func (s Site) cookie(n int) uint64 {
	c := uint64(s.Arg)<<cookieArgument | uint64(n)<<cookieSite
	if s.Op.IsWrite() {
		c |= cookieWrite
	}
	if s.Iterator {
		c |= cookieIterator
	}
	if s.Watched {
		c |= cookieWatched
	}
	return c
}

// inner are the functions that do an operation on behalf of others, where the
// compiler may have put the other into its caller.
var inner = map[string]bool{
	"internal/runtime/maps.(*Map).Clear":  true,
	"internal/runtime/maps.(*Map).Delete": true,
	"internal/runtime/maps.(*Map).Clone":  true,
	"internal/runtime/maps.(*Iter).Init":  true,
	"internal/runtime/maps.(*Iter).Next":  true,
}

// outer are those that call one of these.
func outer(fn string) bool {
	for _, name := range []string{"mapdelete", "mapclear", "mapclone", "mapIter", "mapiter"} {
		if strings.HasPrefix(fn, "runtime."+name) {
			return true
		}
	}
	return false
}

// Sites finds the places of all map operations in an executable. Each goroutine
// that touches a map passes one, before the map's writing flag is looked at.
// A function that does not begin as known is an error, as is one of a name that
// another has: nothing is guessed.
func Sites(f *binfo.File) ([]Site, error) {
	var sites []Site
	swiss := len(f.FuncsNamed("internal/runtime/maps.(*Iter).Next")) > 0
	for fn := range f.Funcs() {
		op, _, header, iterator, ok := binfo.OpOf(fn.Name)
		switch {
		case !ok, strings.HasSuffix(fn.Name, ".abi0"):
			continue
		case swiss && outer(fn.Name):
			continue // it calls one of inner
		case !inner[fn.Name] && !strings.HasPrefix(fn.Name, "runtime.map"):
			continue
		}
		if slices.ContainsFunc(sites, func(s Site) bool { return s.Func == fn.Name }) {
			return nil, fmt.Errorf("function %s: it is there twice", fn.Name)
		}
		s := Site{Func: strings.Clone(fn.Name), Op: op, Arg: header} // the name would keep all names
		if header < 0 {
			s.Arg, s.Iterator = iterator, true
		}
		if s.Arg > 2 {
			return nil, fmt.Errorf("function %s: argument %d is in no register that is read", fn.Name, s.Arg)
		}
		pc, err := probePlace(f, fn)
		if err != nil {
			return nil, fmt.Errorf("function %s: %w", fn.Name, err)
		}
		s.PC = pc
		sites = append(sites, s)
	}
	if len(sites) == 0 {
		return nil, errors.New("the executable uses no maps")
	}
	return sites, nil
}

// fatalSite is where the runtime ends the process because of what it cannot recover
// from, with a message that begins in the first argument.
func fatalSite(f *binfo.File) (Site, error) {
	const name = "runtime.fatal"
	fns := f.FuncsNamed(name)
	if len(fns) == 0 {
		return Site{}, fmt.Errorf("function %s: not in the executable", name)
	}
	pc, err := probePlace(f, fns[0])
	if err != nil {
		return Site{}, fmt.Errorf("function %s: %w", name, err)
	}
	return Site{Func: name, PC: pc}, nil
}

// place sets the offsets in the file, which is what probes are set by.
func place(sites []Site, exe *elf.File) error {
	for i := range sites {
		s := &sites[i]
		for _, p := range exe.Progs {
			if p.Type == elf.PT_LOAD && p.Flags&elf.PF_X != 0 && s.PC >= p.Vaddr && s.PC < p.Vaddr+p.Filesz {
				s.Offset = s.PC - p.Vaddr + p.Off
			}
		}
		if s.Offset == 0 {
			return fmt.Errorf("function %s is in no segment of code", s.Func)
		}
	}
	return nil
}
