package inspect

import (
	"debug/elf"
	"fmt"
)

// A section of variables, and by how much the same one of another file is off.
type section struct{ addr, size, by uint64 }

// movedSections compares where two executables with the same code have their
// variables. The linker writes its own flags before them, so that a stripped
// build and one that is not differ by that. Without section headers nothing is
// known, and nothing is said to be moved.
func movedSections(file, running string) ([]section, error) {
	a, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	b, err := elf.Open(running)
	if err != nil {
		return nil, fmt.Errorf("its own executable: %w", err)
	}
	defer b.Close()
	var moved []section
	for _, s := range a.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 || s.Flags&elf.SHF_WRITE == 0 {
			continue
		}
		if o := b.Section(s.Name); o != nil && o.Addr != s.Addr {
			moved = append(moved, section{s.Addr, s.Size, o.Addr - s.Addr})
		}
	}
	return moved, nil
}
