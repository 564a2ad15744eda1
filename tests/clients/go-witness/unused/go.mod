// What torchwood needs only for programs and tests of its own that are not built here.
module sigsum.org/sigsum-go

go 1.24
