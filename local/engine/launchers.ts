const launcher = (module: string) => `#!/bin/sh
script=$(node -e "console.log(require.resolve('${module}'))") || exit 1
exec node "$script" "$@"
`;

/**
 * The two small programs that a release of the CLI has beside it and a built one lacks: they start node on what the project's own
 * @pulumi/pulumi brings for dynamic providers and for policy packs. The engine starts them in the project's folder.
 */
export const launchers = {
  "pulumi-resource-pulumi-nodejs": launcher("@pulumi/pulumi/cmd/dynamic-provider"),
  "pulumi-analyzer-policy": launcher("@pulumi/pulumi/cmd/run-policy-pack"),
};
