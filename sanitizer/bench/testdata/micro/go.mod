module micro

go 1.25
