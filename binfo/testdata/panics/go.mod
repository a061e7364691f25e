module panics

go 1.20
