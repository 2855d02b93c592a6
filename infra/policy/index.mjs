// What Pulumi loads. It puts a compiler of its own in the way of `require`d TypeScript, which knows no ES modules; what is imported
// is run by Node itself, as the program is.
import "./policy-pack.ts";
