module sites

go 1.20
