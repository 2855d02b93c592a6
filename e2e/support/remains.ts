import Docker from "dockerode";
import type { TestStack } from "./test-stack.ts";

/** What there is of a stack's droplet, and of commands that are gone: for checks that nothing is left over. */
export async function remains(stack: TestStack): Promise<{ containers: string[]; networks: number; runs: string[] }> {
  const docker = new Docker({ socketPath: stack.stack.engineSocket });
  const filters = { label: [`hybrid-mcp=${stack.stack.name}`] };
  const containers = await docker.listContainers({ all: true, filters });
  return {
    containers: containers.map(({ Labels, State }) => `${Labels["hybrid-mcp-role"]} ${State}`).sort(),
    networks: (await docker.listNetworks({ filters })).length,
    /** Engines, their language hosts, plugins and programs. */
    runs: stack.processes().filter((process) => process.includes("pulumi")),
  };
}
