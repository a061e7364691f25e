module github.com/mapsan/mapsan/examples/sessions

go 1.25
