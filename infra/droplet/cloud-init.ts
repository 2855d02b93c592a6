/** Makes a fresh Debian droplet a Docker host. https://cloudinit.readthedocs.io/en/latest/reference/modules.html */
export const cloudInit = `#cloud-config
package_update: true
packages: [docker.io, unattended-upgrades]
runcmd:
  - [systemctl, enable, --now, docker]
`;
