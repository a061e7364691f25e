//go:build !unix

package cli

func keepRunning() {}
