import * as digitalocean from "@pulumi/digitalocean";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../config.ts";
import { cloudInit } from "./cloud-init.ts";

/** The droplet, its private network and its firewall, and the Docker Engine on it. */
export class Host extends pulumi.ComponentResource {
  /** Drives the droplet's Docker Engine. */
  readonly docker: docker.Provider;
  readonly address: pulumi.Output<string>;
  /** The same Docker Engine, for what hooks do there. */
  readonly engine: pulumi.Output<{ address: string; sshOptions: string[] }>;

  constructor({ name, droplet: config }: Config) {
    super("hybrid-mcp:droplet:Host", "host");
    const parent = { parent: this };
    const { region, size, image, sshPublicKey, sshAllow } = config;

    const key =
      sshPublicKey &&
      new digitalocean.SshKey("deploy-key", { name: `${name}-deploy`, publicKey: sshPublicKey }, parent);
    const vpc = new digitalocean.Vpc("vpc", { name, region }, parent);
    const droplet = new digitalocean.Droplet(
      "droplet",
      {
        name,
        region,
        size,
        image,
        vpcUuid: vpc.id,
        monitoring: true,
        ...(key && { sshKeys: [key.fingerprint] }),
        // A change of user data replaces the droplet: nothing volatile belongs in it.
        userData: cloudInit,
      },
      parent,
    );
    this.address = droplet.ipv4Address;

    const anywhere = { destinationAddresses: ["0.0.0.0/0", "::/0"] };
    const firewall = new digitalocean.Firewall(
      "firewall",
      {
        name,
        dropletIds: [droplet.id.apply(Number)],
        // The tunnel is outbound: no web port is open.
        inboundRules: sshAllow.length > 0 ? [{ protocol: "tcp", portRange: "22", sourceAddresses: sshAllow }] : [],
        outboundRules: [
          { protocol: "tcp", portRange: "1-65535", ...anywhere },
          { protocol: "udp", portRange: "1-65535", ...anywhere },
          { protocol: "icmp", ...anywhere },
        ],
      },
      parent,
    );

    this.engine = pulumi.output({
      address: config.dockerHost ?? pulumi.interpolate`ssh://root@${droplet.ipv4Address}`,
      sshOptions: [],
    });
    this.docker = new docker.Provider(
      "docker",
      config.dockerHost
        ? { host: config.dockerHost }
        : {
            host: pulumi.interpolate`ssh://root@${droplet.ipv4Address}`,
            sshOpts: ["-o", "StrictHostKeyChecking=accept-new"],
          },
      // Whatever the Docker host is called, containers live on this machine: they come after it and go before it.
      { parent: this, dependsOn: [droplet, firewall] },
    );
    this.registerOutputs();
  }
}
