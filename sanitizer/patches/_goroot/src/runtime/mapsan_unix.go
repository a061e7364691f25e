//go:build unix

package runtime

import "unsafe"

// mapsanOpen opens the log of this process, path.pid, for appending; if it
// cannot, reports go to standard error.
func mapsanOpen(path string) int32 {
	var name [1024]byte
	n := copy(name[:len(name)-24], path)
	name[n] = '.'
	n++
	pid := mapsanPid()
	var digits [20]byte
	i := len(digits)
	for {
		i--
		digits[i] = byte('0' + pid%10)
		if pid /= 10; pid == 0 {
			break
		}
	}
	copy(name[n:], digits[i:])
	fd := open(&name[0], mapsanOpenFlags, 0o644)
	if fd < 0 {
		msg := "mapsan: cannot open the log_path of MAPSAN: reports go to standard error\n"
		write(2, unsafe.Pointer(unsafe.StringData(msg)), int32(len(msg)))
		return 2
	}
	return fd
}
