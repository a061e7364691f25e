module near

go 1.20
