// getg has no body: the compiler makes it an instruction.
