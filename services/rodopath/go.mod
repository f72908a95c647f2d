module github.com/rodopath/rodopath/services/rodopath

go 1.26.0
