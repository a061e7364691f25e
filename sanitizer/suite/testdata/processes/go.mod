module processes

go 1.25
