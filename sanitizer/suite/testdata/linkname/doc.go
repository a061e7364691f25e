// Package linkname has racing and race-free programs whose maps are accessed by
// libraries that call the runtime's map functions by linkname, or by code that
// they generate. Names and comments of the tests are as in corpus/edges.
package linkname
