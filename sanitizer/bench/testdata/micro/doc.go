// Package micro measures single operations: those on maps, and those that the
// sanitizer watches to know what is ordered.
package micro
