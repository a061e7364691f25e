module example.com/racers

go 1.24
