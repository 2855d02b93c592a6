import { Hono } from "hono";
import type { Fields } from "./body.ts";
import { notFound, page } from "./envelope.ts";

const allRegions = {
  ams3: "Amsterdam 3",
  blr1: "Bangalore 1",
  fra1: "Frankfurt 1",
  lon1: "London 1",
  nyc1: "New York 1",
  nyc3: "New York 3",
  sfo3: "San Francisco 3",
  sgp1: "Singapore 1",
  syd1: "Sydney 1",
  tor1: "Toronto 1",
};

/** slug: vCPUs, memory in MiB, disk in GiB, transfer in TiB, US dollars a month */
const allSizes: Record<string, [number, number, number, number, number]> = {
  "s-1vcpu-512mb-10gb": [1, 512, 10, 0.5, 4],
  "s-1vcpu-1gb": [1, 1024, 25, 1, 6],
  "s-1vcpu-1gb-amd": [1, 1024, 25, 1, 7],
  "s-1vcpu-1gb-intel": [1, 1024, 25, 1, 7],
  "s-1vcpu-2gb": [1, 2048, 50, 2, 12],
  "s-1vcpu-2gb-amd": [1, 2048, 50, 2, 14],
  "s-1vcpu-2gb-intel": [1, 2048, 50, 2, 14],
  "s-2vcpu-2gb": [2, 2048, 60, 3, 18],
  "s-2vcpu-2gb-amd": [2, 2048, 60, 3, 21],
  "s-2vcpu-2gb-intel": [2, 2048, 60, 3, 21],
  "s-2vcpu-4gb": [2, 4096, 80, 4, 24],
  "s-2vcpu-4gb-amd": [2, 4096, 80, 4, 28],
  "s-2vcpu-4gb-intel": [2, 4096, 80, 4, 28],
  "s-4vcpu-8gb": [4, 8192, 160, 5, 48],
  "s-4vcpu-8gb-amd": [4, 8192, 160, 5, 56],
  "s-4vcpu-8gb-intel": [4, 8192, 160, 5, 56],
  "s-8vcpu-16gb": [8, 16_384, 320, 6, 96],
  "c-2": [2, 4096, 25, 4, 42],
  "c-4": [4, 8192, 50, 5, 84],
  "g-2vcpu-8gb": [2, 8192, 25, 4, 63],
  "m-2vcpu-16gb": [2, 16_384, 50, 4, 84],
};

/** slug: id, distribution, name, type */
const allImages: Record<string, [number, string, string, string]> = {
  "debian-12-x64": [129_211_873, "Debian", "12 x64", "base"],
  "debian-13-x64": [195_932_981, "Debian", "13 x64", "base"],
  "ubuntu-22-04-x64": [129_211_874, "Ubuntu", "22.04 (LTS) x64", "base"],
  "ubuntu-24-04-x64": [155_133_621, "Ubuntu", "24.04 (LTS) x64", "base"],
  "docker-20-04": [129_211_875, "Ubuntu", "Docker on Ubuntu 22.04", "snapshot"],
};
const hoursOfMonth = 672;

/** The region as the API tells it. @returns undefined if there is none with that slug */
export function region(slug: string): Fields | undefined {
  const name = (allRegions as Record<string, string>)[slug];
  if (name === undefined) return undefined;
  const features = ["backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer"];
  return { slug, name, available: true, features, sizes: Object.keys(allSizes) };
}

/** The size as the API tells it. @returns undefined if there is none with that slug */
export function size(slug: string) {
  const found = allSizes[slug];
  if (!found) return undefined;
  const [vcpus, memory, disk, transfer, price_monthly] = found;
  const price_hourly = Number((price_monthly / hoursOfMonth).toFixed(5));
  return {
    slug,
    memory,
    vcpus,
    disk,
    transfer,
    price_monthly,
    price_hourly,
    regions: Object.keys(allRegions),
    available: true,
  };
}

/** The image as the API tells it, by slug or id. @returns undefined if there is none */
export function image(slugOrId: string | number) {
  const entry = Object.entries(allImages).find(([slug, [id]]) => slug === slugOrId || String(id) === String(slugOrId));
  if (!entry) return undefined;
  const [slug, [id, distribution, name, type]] = entry;
  return {
    id,
    slug,
    name,
    distribution,
    description: `${distribution} ${name}`,
    type,
    public: true,
    status: "available",
    regions: Object.keys(allRegions),
    min_disk_size: 7,
    size_gigabytes: 1,
    tags: [],
    error_message: "",
    created_at: "2026-01-01T00:00:00Z",
  };
}

/** `/v2/regions`, `/v2/sizes` and `/v2/images`: what can be chosen from, to read only. */
export function catalogRoutes(): Hono {
  return new Hono()
    .get("/regions", (c) => page(c, "regions", Object.keys(allRegions).map(region)))
    .get("/sizes", (c) => page(c, "sizes", Object.keys(allSizes).map(size)))
    .get("/images", (c) => {
      const type = c.req.query("type");
      const kinds: Record<string, string> = { distribution: "base", application: "snapshot" };
      const images = Object.keys(allImages).map(image);
      return page(c, "images", type === undefined ? images : images.filter((one) => one?.type === kinds[type]));
    })
    .get("/images/:image", (c) => {
      const found = image(c.req.param("image"));
      if (!found) throw notFound();
      return c.json({ image: found });
    });
}
