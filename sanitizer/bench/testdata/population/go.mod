module population

go 1.25
