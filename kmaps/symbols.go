package kmaps

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// symbol is where a function begins.
type symbol struct {
	addr uint64
	name string
}

// errHidden is what readSymbols returns where the kernel shows no address.
var errHidden = errors.New("the kernel shows no addresses: sysctl kernel.kptr_restrict, or CAP_SYSLOG is missing")

// readSymbols reads the functions of the kernel itself out of /proc/kallsyms, sorted
// by address. Those of modules, and of eBPF programs, which come and go, are left out.
func readSymbols(r io.Reader) ([]symbol, error) {
	var out []symbol
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		// ffffffff81000000 T _text
		fields := strings.Fields(lines.Text())
		if len(fields) != 3 || !strings.ContainsAny(fields[1], "tTwW") {
			continue
		}
		addr, err := strconv.ParseUint(fields[0], 16, 64)
		if err != nil {
			return nil, fmt.Errorf("read kernel symbols: %q is no address", fields[0])
		}
		if addr != 0 {
			out = append(out, symbol{addr, fields[2]})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read kernel symbols: %w", err)
	}
	if len(out) == 0 {
		return nil, errHidden
	}
	slices.SortStableFunc(out, func(a, b symbol) int { return cmp.Compare(a.addr, b.addr) })
	return out, nil
}

// farthest is how far from its beginning an address may be in a function: beyond,
// it is in no function of the kernel itself.
const farthest = 1 << 20

// find is the function that an address is in.
func find(all []symbol, addr uint64) (string, bool) {
	i, exact := slices.BinarySearchFunc(all, addr, func(s symbol, a uint64) int { return cmp.Compare(s.addr, a) })
	if !exact {
		i--
	}
	if i < 0 || addr-all[i].addr > farthest {
		return "", false
	}
	return all[i].name, true
}
