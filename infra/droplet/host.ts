import * as digitalocean from "@pulumi/digitalocean";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { type Config, engineOverSsh } from "../config.ts";
import { systemClock } from "../cutover/gate.ts";
import { lateError } from "../late-error.ts";
import { kept } from "../stateful.ts";
import { Alerts } from "./alerts.ts";
import { cloudInit } from "./cloud-init.ts";
import type { DataGuard } from "./data-guard.ts";
import { DataVolume, dataFolders, dataMount, keepsDataOnDisk, usesDataVolume } from "./data-volume.ts";
import type { HostKey } from "./host-key.ts";
import { containerLeftoverHook, networkLeftoverHook } from "./leftover.ts";
import { NotReadyError, ready } from "./ready.ts";
import { overSsh, pinnedOptions, sshHostname, throughTunnel } from "./ssh.ts";

/** The droplet, its private network, firewall and data volume, and the Docker Engine on it. */
export class Host extends pulumi.ComponentResource {
  /** Drives the droplet's Docker Engine; there once the droplet is ready for it. */
  readonly docker: docker.Provider;
  readonly address: pulumi.Output<string>;
  /** How that engine is reached, for what hooks do there. */
  readonly connection: pulumi.Output<{ host: string; sshOptions: string[] }>;
  /** Folder of the data volume on the droplet; undefined where the stack keeps nothing there. */
  readonly dataPath: string | undefined;
  private readonly machine: pulumi.Output<string>;
  /** Gone whenever the machine is, of a machine that is reached through its own connector. */
  private readonly end: pulumi.Resource | undefined;
  private readonly leftovers: Record<string, pulumi.ResourceHook> = {
    "docker:index/container:Container": containerLeftoverHook(this),
    "docker:index/network:Network": networkLeftoverHook(this),
  };

  /** @param guard of the data on the volume */
  constructor(config: Config, hostKey: HostKey, guard: DataGuard | undefined) {
    super("hybrid-mcp:droplet:Host", "host");
    const { adopt, project, alerts } = config.droplet;
    const { droplet, parts } = adopt ? this.adopted(config, adopt.id) : this.made(config, hostKey);
    this.machine = droplet.id;
    this.address = droplet.ipv4Address;
    // A machine that was adopted stays when the stack goes.
    if (sshHostname(config) && !adopt) {
      const keepers = { machine: droplet.id };
      this.end = new random.RandomBytes("machine", { length: 8, keepers }, { parent: this });
    }

    const data = usesDataVolume(config) ? new DataVolume(config, guard) : undefined;
    const attachment = data?.attachTo(droplet);
    if (data) this.dataPath = dataMount(config).path;
    if (project) inProject(project, [droplet.dropletUrn, ...(data ? [data.volume.volumeUrn] : [])], this);
    if (alerts) new Alerts(config, droplet);

    const after = [droplet.id, attachment?.id, data?.volume.size];
    const engine = this.engine(config, adopt?.hostKey ?? hostKey.publicKey, after);
    this.connection = pulumi
      .all([engine.host, engine.sshOpts])
      .apply(([host, sshOptions]) => ({ host: host!, sshOptions: sshOptions ?? [] }));
    this.docker = new docker.Provider(
      "docker",
      engine,
      // Whatever the Docker host is called, containers live on this machine: they come after it and go before it.
      { parent: this, dependsOn: [droplet, ...parts, ...(attachment ? [attachment] : [])] },
    );
    this.registerOutputs();
  }

  /**
   * Options of everything that is made in the droplet's Docker Engine. It carries the droplet's id, so that it is taken down
   * from a droplet before that is replaced, and made anew on the next one, though nothing else about it has changed. (With
   * `deletedWith` it would not be taken down: calls would be cut, and files left as at a power failure.) A container or a
   * network is made when nothing is left in its place.
   *
   * @param lastToGo of what the way to the machine itself leads through, if it is reached by the tunnel: it goes with the
   *   machine, when all the rest has been taken down
   */
  options(parent: pulumi.Resource, { lastToGo = false } = {}): pulumi.CustomResourceOptions {
    const { machine, end } = this;
    const deletedWith = lastToGo && end ? { deletedWith: end } : {};
    const tied: pulumi.ResourceTransformation = ({ type, props, opts }) =>
      type === "docker:index/remoteImage:RemoteImage"
        ? { props: { ...props, triggers: { ...props.triggers, machine } }, opts }
        : {
            props: { ...props, labels: [...(props.labels ?? []), { label: "hybrid-mcp-machine", value: machine }] },
            opts: type in this.leftovers ? beforeCreate(opts, this.leftovers[type]!) : opts,
          };
    return { parent, provider: this.docker, transformations: [tied], ...deletedWith };
  }

  /** A droplet of our own: nothing comes in but SSH from the allow-list, and it is set up by cloud-init. */
  private made({ name, droplet: config, ...rest }: Config, hostKey: HostKey) {
    const parent = { parent: this };
    const { region, size, image, sshPublicKey, sshAllow, backups } = config;
    const all = { name, droplet: config, ...rest };

    const key =
      sshPublicKey &&
      new digitalocean.SshKey("deploy-key", { name: `${name}-deploy`, publicKey: sshPublicKey }, parent);
    const vpc = new digitalocean.Vpc("vpc", { name, region }, parent);
    const data = usesDataVolume(all) ? dataMount(all) : undefined;
    const droplet = new digitalocean.Droplet(
      "droplet",
      {
        name,
        region,
        size,
        image,
        vpcUuid: vpc.id,
        monitoring: true,
        gracefulShutdown: true,
        backups: backups !== false,
        ...(typeof backups === "object" && { backupPolicy: backups }),
        ...(key && { sshKeys: [key.fingerprint] }),
        // It is kept by DigitalOcean, with the host key in it, for the droplet alone to read.
        userData: pulumi.secret(hostKey.pair.apply((pair) => cloudInit({ hostKey: pair, data }))),
      },
      // The volume can't be on two droplets: the old one goes first, with all that runs on it.
      {
        parent: this,
        deleteBeforeReplace: true,
        ...(engineOverSsh(config) && keepsDataOnDisk(all) && kept(all, "droplet")),
      },
    );
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
    return { droplet, parts: [firewall] };
  }

  /** A droplet that is there already, with what runs on it: it is known to the stack, and nothing about it is changed. */
  private adopted(config: Config, id: string) {
    const {
      name,
      droplet: { region, size, image },
    } = config;
    const droplet = new digitalocean.Droplet(
      "droplet",
      { name, region, size, image },
      { parent: this, import: id, ignoreChanges: dropletInputs, retainOnDelete: true, ...kept(config, "droplet") },
    );
    return { droplet, parts: [] };
  }

  /**
   * How the Docker Engine is reached. Over SSH the address is given only when the droplet is ready, at every update: the first
   * one, the one after a replaced droplet, and the one after a run that was cut off.
   */
  private engine(config: Config, hostKey: pulumi.Input<string>, after: pulumi.Input<unknown>[]): docker.ProviderArgs {
    const { dockerHost, adopt, readySeconds } = config.droplet;
    if (dockerHost && !engineOverSsh(config.droplet)) return { host: dockerHost };
    const tunnelled = throughTunnel(config);
    const options = pulumi.output(hostKey).apply((key) => pinnedOptions(key, { throughTunnel: tunnelled }));
    const directly = sshHostname(config) !== undefined && !tunnelled;
    const user = (dockerHost && new URL(dockerHost).username) || "root";
    const address =
      dockerHost === undefined || directly ? pulumi.interpolate`ssh://${user}@${this.address}` : dockerHost;
    const data = usesDataVolume(config) ? { mount: dataMount(config), folders: dataFolders(config) } : undefined;
    const host = pulumi.all([address, options, pulumi.all(after)]).apply(async ([host, options]) => {
      // A preview changes nothing, so nothing has to be ready.
      if (pulumi.runtime.isDryRun()) return host;
      try {
        const version = await ready({
          host,
          throughTunnel: tunnelled,
          cloudInit: !adopt,
          data,
          run: overSsh({ host, options }),
          clock: systemClock,
          tell: (message) => void pulumi.log.info(message, this),
          deadlineSeconds: readySeconds,
        });
        pulumi.log.info(`${host} is ready: Docker Engine ${version}`, this);
      } catch (error) {
        throw error instanceof NotReadyError ? lateError(error.message) : error;
      }
      return host;
    });
    return { host, sshOpts: options };
  }
}

/** Everything that the program could say about a droplet, none of which is changed on one that was adopted. */
const dropletInputs = [
  "name",
  "region",
  "size",
  "image",
  "vpcUuid",
  "monitoring",
  "gracefulShutdown",
  "backups",
  "backupPolicy",
  "sshKeys",
  "userData",
  "ipv6",
  "tags",
  "volumeIds",
  "dropletAgent",
  "privateNetworking",
  "publicNetworking",
  "resizeDisk",
];

/** Adds a hook that runs last before the creation. */
function beforeCreate(opts: pulumi.ResourceOptions, hook: pulumi.ResourceHook): pulumi.ResourceOptions {
  return { ...opts, hooks: { ...opts.hooks, beforeCreate: [...(opts.hooks?.beforeCreate ?? []), hook] } };
}

/** Shows the stack's machine and volume together in DigitalOcean's control panel. */
function inProject(name: string, resources: pulumi.Input<string>[], parent: pulumi.Resource): void {
  const project = new digitalocean.Project(
    "project",
    { name, purpose: "Service or API", environment: "Production" },
    { parent },
  );
  new digitalocean.ProjectResources("project-resources", { project: project.id, resources }, { parent });
}
