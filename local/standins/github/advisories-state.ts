export interface Advisory {
  ghsa_id: string;
  cve_id: string | null;
  summary: string;
  description: string;
  severity: "low" | "medium" | "high" | "critical";
  ecosystem: string;
  packages: string[];
  publishedAt: string;
}

const advisory = (ghsa_id: string, more: Partial<Advisory> = {}): Advisory => ({
  ghsa_id,
  cve_id: null,
  summary: "Apples are counted twice",
  description: "### Impact\n\nWho sends an apple twice makes the harvest look larger.\n",
  severity: "high",
  ecosystem: "npm",
  packages: ["apple-picker"],
  publishedAt: "2026-01-20T10:00:00Z",
  ...more,
});

/** GitHub's database: nothing here changes it. */
export function advisories(): Advisory[] {
  return [
    advisory("GHSA-2345-6789-cfgh", { cve_id: "CVE-2026-10001" }),
    advisory("GHSA-2345-6789-jmpq", {
      ...{ severity: "critical", ecosystem: "pip", packages: ["cider", "must", "juice", "vinegar", "calvados", "jam"] },
      ...{ summary: "Cider ferments too far", description: "x".repeat(35_000) },
    }),
    advisory("GHSA-rvwx-2345-6789", { severity: "low", packages: ["pear"] }),
  ];
}

/** Those that maintainers wrote, by the full name of the repository; drafts are for themselves. */
export function repositoryAdvisories(): Record<string, (Advisory & { state: "published" | "draft" })[]> {
  return {
    "ada/orchard": [
      { ...advisory("GHSA-cccc-2222-3333", { summary: "A draft" }), state: "draft" },
      { ...advisory("GHSA-ffff-2222-3333", { summary: "Trees can be uprooted" }), state: "published" },
    ],
  };
}
