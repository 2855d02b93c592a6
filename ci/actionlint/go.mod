// What the workflows are linted with. To move to another version: change it here and run, in a copy of this folder,
// `go build -mod=mod -o /dev/null github.com/rhysd/actionlint/cmd/actionlint` to write both files anew.
module hybrid-mcp.test/actionlint

go 1.25.0

require github.com/rhysd/actionlint v1.7.12
