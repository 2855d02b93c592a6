/** A workflow as the API gives it: the published `workflow` schema without its optional parts. */
export interface Workflow {
  id: string;
  name: string;
  active: boolean;
  isArchived: boolean;
  createdAt: string;
  updatedAt: string;
  versionId: string;
  triggerCount: number;
  nodes: object[];
  connections: object;
  settings: object;
  staticData: null;
  meta: null;
  pinData: object;
  tags: object[];
}

/** What every instance has; contents are the same every time. */
export const WORKFLOWS: readonly Workflow[] = [
  workflow("2tUt1wbLX592XDdX", "Greet new members", true),
  workflow("7kQm3pRsVb81YcEw", "Weekly report", true),
  workflow("9fHd5nTzWc47LmKj", "Try out a webhook", false),
];

function workflow(id: string, name: string, active: boolean): Workflow {
  return {
    id,
    name,
    active,
    isArchived: false,
    createdAt: "2026-01-05T09:00:00.000Z",
    updatedAt: "2026-01-06T09:00:00.000Z",
    versionId: `version-of-${id}`,
    triggerCount: active ? 1 : 0,
    nodes: [
      {
        id: `webhook-of-${id}`,
        name: "Webhook",
        type: "n8n-nodes-base.webhook",
        typeVersion: 2,
        position: [0, 0],
        parameters: { path: id, httpMethod: "POST" },
      },
    ],
    connections: {},
    settings: { executionOrder: "v1" },
    staticData: null,
    meta: null,
    pinData: {},
    tags: [],
  };
}
