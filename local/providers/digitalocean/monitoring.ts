import type { Properties, ResourceType } from "../core/resource-type.ts";
import { path } from "./client.ts";
import { plainResource } from "./plain.ts";

/** The SDK has lists named in the plural where the API has them in the singular. */
function alertsToApi(alerts: unknown): Properties {
  const { emails, slacks } = (alerts ?? {}) as Properties;
  return { email: emails ?? [], slack: slacks ?? [] };
}

function alertsFromApi(alerts: unknown): Properties {
  const { email, slack } = (alerts ?? {}) as Properties;
  return { emails: email ?? [], slacks: slack ?? [] };
}

/** https://docs.digitalocean.com/reference/api/reference/monitoring/ (alert policies) */
export const monitorAlert: ResourceType = plainResource({
  inputs: {
    alerts: { required: true },
    compare: { required: true },
    description: { required: true },
    type: { required: true },
    value: { required: true },
    window: { required: true },
    enabled: { default: true },
    entities: { set: true, default: [] },
    tags: { set: true, default: [] },
  },
  outputs: ["uuid"],
  collection: () => "/monitoring/alerts",
  one: "policy",
  many: "policies",
  idField: "uuid",
  named: "description",
  toApi: (inputs) => ({ ...inputs, alerts: alertsToApi(inputs.alerts) }),
  fromApi: (object) => ({ ...object, alerts: alertsFromApi(object.alerts) }),
});

/** https://docs.digitalocean.com/reference/api/reference/uptime/ */
export const uptimeCheck: ResourceType = plainResource({
  autoName: true,
  inputs: {
    name: {},
    target: { required: true },
    type: { computed: true },
    regions: { computed: true, set: true },
    enabled: { default: true },
  },
  outputs: [],
  collection: () => "/uptime/checks",
  one: "check",
  many: "checks",
  named: "name",
});

/** https://docs.digitalocean.com/reference/api/reference/uptime/ (alerts of a check) */
export const uptimeAlert: ResourceType = plainResource({
  autoName: true,
  inputs: {
    checkId: { required: true, replaces: true },
    name: {},
    type: { required: true },
    notifications: { required: true },
    threshold: {},
    comparison: {},
    period: {},
  },
  outputs: [],
  collection: ({ checkId }) => path`/uptime/checks/${checkId}/alerts`,
  one: "alert",
  many: "alerts",
  named: "name",
  toApi({ checkId: _, notifications, ...rest }) {
    return { ...rest, notifications: alertsToApi(((notifications ?? []) as unknown[])[0]) };
  },
  fromApi: (object) => ({ ...object, notifications: [alertsFromApi(object.notifications)] }),
  importId(importId) {
    const [checkId, id] = importId.split(",");
    if (!checkId || !id) throw new Error(`"${importId}" is no import id: it is written <check id>,<alert id>.`);
    return { id, state: { checkId } };
  },
  importIdOf: (id, { checkId }) => `${checkId},${id}`,
});
