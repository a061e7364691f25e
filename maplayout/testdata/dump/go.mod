module dump

go 1.20
