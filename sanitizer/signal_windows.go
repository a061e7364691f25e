package sanitizer

import "os"

var endSignals = []os.Signal{os.Interrupt}

// forward ends the go command when it is to be killed; the console has sent an
// interrupt to all that are attached to it.
func forward(p *os.Process, sig os.Signal) {
	if sig == os.Kill {
		p.Kill()
	}
}
