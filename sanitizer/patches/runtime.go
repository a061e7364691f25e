package patches

import "github.com/mapsan/mapsan/toolchain"

// runtimeEdits turn on the runtime's own race hooks where they are about
// synchronisation, and give spans room for the detector's lists.
func runtimeEdits() []toolchain.Edit {
	var edits []toolchain.Edit
	add := func(e ...toolchain.Edit) { edits = append(edits, e...) }
	edit := func(name, file, old, new string) {
		add(toolchain.Edit{Name: name, File: file, Old: old, New: new})
	}

	for _, f := range []struct {
		file  string
		times map[string]int
	}{
		{"src/runtime/chan.go", all(13)},
		{"src/runtime/time.go", map[string]int{"1.25": 6, "1.26": 6, "1.27": 6}},
		{"src/runtime/mfinal.go", all(1)},
		{"src/runtime/runtime.go", all(2)},
		{"src/runtime/type.go", map[string]int{"1.25": 2, "1.26": 2, "1.27": 5}},
		{"src/runtime/mcleanup.go", all(3)},
		{"src/runtime/synctest.go", all(3)},
		{"src/runtime/cgocall.go", map[string]int{"1.25": 4, "1.26": 4, "1.27": 5}},
	} {
		add(everywhere("synchronisation hooks", f.file, "raceenabled", "mapsanenabled", f.times)...)
	}
	// The engine finds the clock without knowing the rest of a g.
	edit("the goroutine's clock", "src/runtime/runtime2.go", "\tracectx         uintptr\n", "")
	add(toolchain.Edit{
		Name: "the goroutine's clock", Go: "1.25 1.26", File: "src/runtime/runtime2.go",
		Old: "\tstackguard1 uintptr // offset known to liblink\n",
		New: "\tstackguard1 uintptr // offset known to liblink\n\tracectx     uintptr // offset known to internal/runtime/mapsan\n",
	}, toolchain.Edit{
		Name: "the goroutine's clock", Go: "1.27", File: "src/runtime/runtime2.go",
		Old: "\tstackguard1 uintptr // offset known to cmd/internal/obj/*\n",
		New: "\tstackguard1 uintptr // offset known to cmd/internal/obj/*\n\tracectx     uintptr // offset known to internal/runtime/mapsan\n",
	})
	// The other uses in select.go are of what is sent, not of who sends.
	edit("select: receive from a buffer", "src/runtime/select.go",
		"\tif raceenabled {\n\t\tif cas.elem != nil {\n", "\tif mapsanenabled {\n\t\tif cas.elem != nil {\n")
	edit("select: send to a buffer", "src/runtime/select.go",
		"\tif raceenabled {\n\t\tracenotify(c, c.sendx, nil)\n", "\tif mapsanenabled {\n\t\tracenotify(c, c.sendx, nil)\n")
	edit("select: closed channel", "src/runtime/select.go",
		"\tif raceenabled {\n\t\traceacquire(c.raceaddr())\n", "\tif mapsanenabled {\n\t\traceacquire(c.raceaddr())\n")

	edit("unbuffered channels", "src/runtime/chan.go", `	racerelease(chanbuf(c, 0))
	raceacquireg(sg.g, chanbuf(c, 0))
	racereleaseg(sg.g, chanbuf(c, 0))
	raceacquire(chanbuf(c, 0))
`, `	mapsanExchange(sg.g)
`)
	// A slot of the buffer is sent to and received from in turn; whose turn
	// it is, the queue says: a slot at sendx is sent to.
	add(everywhere("send to a buffer", "src/runtime/chan.go",
		"racenotify(c, c.sendx, nil)", "mapsannotify(c, c.sendx, nil, true)", all(1))...)
	edit("send to a waiting receiver", "src/runtime/chan.go", `			racenotify(c, c.recvx, nil)
			racenotify(c, c.recvx, sg)
			c.recvx++
`, `			mapsannotify(c, c.recvx, nil, true)
			mapsannotify(c, c.recvx, sg, false)
			c.recvx++
`)
	edit("receive for a waiting sender", "src/runtime/chan.go", `			racenotify(c, c.recvx, nil)
			racenotify(c, c.recvx, sg)
		}
`, `			mapsannotify(c, c.recvx, nil, false)
			mapsannotify(c, c.recvx, sg, true)
		}
`)
	edit("receive from a buffer", "src/runtime/chan.go",
		"racenotify(c, c.recvx, nil)", "mapsannotify(c, c.recvx, nil, false)")
	edit("select: send to a buffer", "src/runtime/select.go",
		"racenotify(c, c.sendx, nil)", "mapsannotify(c, c.sendx, nil, true)")
	edit("select: receive from a buffer", "src/runtime/select.go",
		"racenotify(c, c.recvx, nil)", "mapsannotify(c, c.recvx, nil, false)")
	edit("buffer slots", "src/runtime/chan.go", "func racenotify(c *hchan, idx uint, sg *sudog) {", `func mapsannotify(c *hchan, idx uint, sg *sudog, send bool) {
	gp := getg()
	if sg != nil {
		gp = sg.g
	}
	qp := chanbuf(c, idx)
	if c.elemsize == 0 {
		// All slots are at one address, which accumulates.
		raceacquireg(gp, qp)
		racereleaseg(gp, qp)
	} else if send {
		mapsanSend(gp, qp)
	} else {
		mapsanRecv(gp, qp)
	}
}

func racenotify(c *hchan, idx uint, sg *sudog) {`)

	edit("goroutine start", "src/runtime/proc.go", `	if raceenabled {
		newg.racectx = racegostart(callerpc)
		newg.raceignore = 0
`, `	if mapsanenabled {
		mapsanGoStart(newg)
	}
	if raceenabled {
`)
	edit("goroutine end", "src/runtime/proc.go", `	if raceenabled {
		if gp := getg(); gp.bubble != nil {
			racereleasemergeg(gp, gp.bubble.raceaddr())
		}
		racegoend()
	}
`, `	if mapsanenabled {
		if gp := getg(); gp.bubble != nil {
			racereleasemergeg(gp, gp.bubble.raceaddr())
		}
		mapsanGoEnd()
	}
`)
	edit("extra threads", "src/runtime/proc.go", `	if raceenabled {
		gp.racectx = racegostart(abi.FuncPCABIInternal(newextram) + sys.PCQuantum)
`, `	if mapsanenabled {
		gp.racectx = mapsanExtra(gp.goid)
`)
	add(toolchain.Edit{Name: "exit of main", Go: "1.26 1.27", File: "src/runtime/proc.go",
		Old: "\tif raceenabled {\n\t\tracefini() // does not return", New: "\tif mapsanenabled {\n\t\tracefini() // does not return"})
	add(toolchain.Edit{Name: "exit of main", Go: "1.25", File: "src/runtime/proc.go", Old: `	if !exitHooksRun {
		runExitHooks(0)
	}

	exit(0)
`, New: `	if !exitHooksRun {
		runExitHooks(0)
	}
	racefini()

	exit(0)
`})
	edit("os.Exit", "src/runtime/proc.go", "if exitCode == 0 && raceenabled {", "if exitCode == 0 && mapsanenabled {")

	edit("each timer on its own", "src/runtime/time.go", "		raceacquirectx(tsLocal.raceCtx, unsafe.Pointer(t))\n",
		"		mapsanTimer(tsLocal.raceCtx)\n		raceacquirectx(tsLocal.raceCtx, unsafe.Pointer(t))\n")
	edit("spans", "src/runtime/mheap.go",
		"	limit                 uintptr       // end of data in span\n",
		"	limit                 uintptr       // end of data in span\n	mapsanRecords         uintptr\n	mapsanCells           uint32\n")
	edit("spans", "src/runtime/mheap.go", "	// span is *not* zeroed.\n",
		"	// span is *not* zeroed.\n	span.mapsanRecords, span.mapsanCells = 0, 0\n")
	edit("sweep", "src/runtime/mgcsweep.go", `	if hadSpecials && s.specials == nil {
		spanHasNoSpecials(s)
	}
`, `	if hadSpecials && s.specials == nil {
		spanHasNoSpecials(s)
	}
	if s.mapsanRecords != 0 || s.mapsanCells != 0 {
		systemstack(func() { mapsanSweep(s) })
	}
`)

	edit("wake of a condition", "src/runtime/sema.go", `	// Return right away if this ticket has already been notified.
	if less(t, l.notify) {
		unlock(&l.lock)
`, `	// Return right away if this ticket has already been notified.
	if less(t, l.notify) {
		raceacquire(unsafe.Pointer(l))
		unlock(&l.lock)
`)
	edit("wake of a condition", "src/runtime/sema.go", `	atomic.Store(&l.notify, l.wait.Load())
	unlock(&l.lock)
`, `	atomic.Store(&l.notify, l.wait.Load())
	racereleasemerge(unsafe.Pointer(l))
	unlock(&l.lock)
`)
	add(toolchain.Edit{Name: "wake of a condition", File: "src/runtime/sema.go",
		Old: "\t\treadyWithTime(s, 4)\n\t\ts = next\n", New: "\t\tmapsanWake(s.g)\n\t\treadyWithTime(s, 4)\n\t\ts = next\n"})
	add(toolchain.Edit{Name: "wake of a condition", File: "src/runtime/sema.go",
		Old: "\t\t\treadyWithTime(s, 4)\n\t\t\treturn\n\t\t}\n\t}\n\tunlock(&l.lock)\n",
		New: "\t\t\tmapsanWake(s.g)\n\t\t\treadyWithTime(s, 4)\n\t\t\treturn\n\t\t}\n\t}\n\tracereleasemerge(unsafe.Pointer(l))\n\tunlock(&l.lock)\n"})

	edit("contexts of cleanups", "src/runtime/mcleanup.go", "func raceEnterNewCtx() uintptr {", "func racedetEnterNewCtx() uintptr {")
	edit("contexts of cleanups", "src/runtime/mcleanup.go", "func raceRestoreCtx(ctx uintptr) {", "func racedetRestoreCtx(ctx uintptr) {")

	// The hooks that MapSan implements; the rest stay what they are without -race.
	for _, stub := range []string{
		"func raceReadObjectPC(t *_type, addr unsafe.Pointer, callerpc, pc uintptr)  { throw(\"race\") }\n",
		"func raceWriteObjectPC(t *_type, addr unsafe.Pointer, callerpc, pc uintptr) { throw(\"race\") }\n",
		"func racefini()                                                             { throw(\"race\") }\n",
		"func racewritepc(addr unsafe.Pointer, callerpc, pc uintptr)                 { throw(\"race\") }\n",
		"func racereadpc(addr unsafe.Pointer, callerpc, pc uintptr)                  { throw(\"race\") }\n",
		"func raceacquire(addr unsafe.Pointer)                                       { throw(\"race\") }\n",
		"func raceacquireg(gp *g, addr unsafe.Pointer)                               { throw(\"race\") }\n",
		"func raceacquirectx(racectx uintptr, addr unsafe.Pointer)                   { throw(\"race\") }\n",
		"func racerelease(addr unsafe.Pointer)                                       { throw(\"race\") }\n",
		"func racereleaseg(gp *g, addr unsafe.Pointer)                               { throw(\"race\") }\n",
		"func racereleasemerge(addr unsafe.Pointer)                                  { throw(\"race\") }\n",
		"func racereleasemergeg(gp *g, addr unsafe.Pointer)                          { throw(\"race\") }\n",
		"func racefingo()                                                            { throw(\"race\") }\n",
		"func racegostart(pc uintptr) uintptr                                        { throw(\"race\"); return 0 }\n",
	} {
		edit("stubs of -race", "src/runtime/race0.go", stub, "")
	}
	return edits
}
