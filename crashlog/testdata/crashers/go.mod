module crashers

go 1.20
