import { randomBytes } from "node:crypto";
import Docker from "dockerode";
import { removeLeftovers } from "../../cli/leftovers.ts";
import { findDocker } from "../../docker/docker-engine.ts";
import { shellImage } from "./base-image.ts";
import { createTestStack, type TestStack } from "./stack.ts";

/** A stack on this machine's real Docker Engine, with a container of its own name. */
export interface DockerStack extends AsyncDisposable {
  docker: Docker;
  stack: TestStack;
  /** Of the container, and what its label `hybrid-mcp` says. */
  name: string;
  /** An image with a shell. */
  image: string;
  /** Source text of a host whose engine it is, as hooks know one. */
  host: string;
  up: () => ReturnType<TestStack["run"]>;
  /** Id of the container. */
  id(): Promise<string>;
}

/** @param prefix of the name */
export async function createDockerStack(prefix: string): Promise<DockerStack> {
  const name = `${prefix}-${randomBytes(4).toString("hex")}`;
  const { socket } = (await findDocker())!;
  const docker = new Docker({ socketPath: socket });
  const url = `unix://${socket}`;
  const image = await shellImage();
  const stack = await createTestStack({ DOCKER_HOST: url });
  return {
    docker,
    stack,
    name,
    image,
    host: `{ connection: pulumi.output({ host: ${JSON.stringify(url)}, sshOptions: [] }) }`,
    up: () => stack.run("up", "--yes", "--skip-preview"),
    id: async () => (await docker.getContainer(name).inspect()).Id,
    [Symbol.asyncDispose]: async () => {
      await removeLeftovers(socket, name);
      await stack[Symbol.asyncDispose]();
    },
  };
}
