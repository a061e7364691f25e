package runtime

const mapsanOpenFlags = 0x441 // O_WRONLY|O_CREAT|O_APPEND

func mapsanPid() int { return getpid() }
