// The functions of this package without a body are in runtime/mapsan.go.
