// What the engine is built from where its download site is not reached; go.sum beside it pins every module's contents.
// To move to another version, see buildEngine.ts.
module engine

go 1.25.11

require (
	github.com/pulumi/pulumi/pkg/v3 v3.250.0
	github.com/pulumi/pulumi/sdk/v3 v3.250.0
)

// As in pkg/v3's own module file: a replace does not come along with a requirement.
replace github.com/atotto/clipboard => github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e
