import type { ProviderDefinition } from "../core/resource-type.ts";
import { droplet } from "./droplet.ts";
import { monitorAlert, uptimeAlert, uptimeCheck } from "./monitoring.ts";
import { firewall, vpc } from "./network.ts";
import { project, projectResources } from "./project.ts";
import { sshKey } from "./ssh-key.ts";
import { volume, volumeAttachment } from "./volume.ts";

/** Stands in for the official `digitalocean` plugin. */
export const provider: Omit<ProviderDefinition, "version"> = {
  name: "digitalocean",
  resources: {
    "digitalocean:index/droplet:Droplet": droplet,
    "digitalocean:index/firewall:Firewall": firewall,
    "digitalocean:index/monitorAlert:MonitorAlert": monitorAlert,
    "digitalocean:index/project:Project": project,
    "digitalocean:index/projectResources:ProjectResources": projectResources,
    "digitalocean:index/sshKey:SshKey": sshKey,
    "digitalocean:index/uptimeAlert:UptimeAlert": uptimeAlert,
    "digitalocean:index/uptimeCheck:UptimeCheck": uptimeCheck,
    "digitalocean:index/volume:Volume": volume,
    "digitalocean:index/volumeAttachment:VolumeAttachment": volumeAttachment,
    "digitalocean:index/vpc:Vpc": vpc,
  },
};
