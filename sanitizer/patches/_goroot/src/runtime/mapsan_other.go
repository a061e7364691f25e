//go:build unix && !linux

package runtime

const mapsanOpenFlags = 0x209 // O_WRONLY|O_CREAT|O_APPEND on Darwin and the BSDs

// mapsanPid returns 0: the runtime asks for its process id only on Linux.
func mapsanPid() int { return 0 }
