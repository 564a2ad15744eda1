// What torchwood needs only for a program of its own that is not built here.
module sigsum.org/sigsum-go

go 1.24
