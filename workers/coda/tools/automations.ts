import { z } from "zod";
import { defineTool } from "../api.ts";
import { editOutput, whenApplied } from "./applied.ts";
import { docInput, pathPart } from "./input.ts";

export const triggerAutomation = defineTool({
  name: "trigger_automation",
  title: "Trigger an automation",
  description:
    "Starts an automation of a Coda doc that a webhook starts. What it does is its own matter, deleting and sending included. Coda's API does not list automations: the person finds the rule's id in the doc's settings.",
  scope: "coda:write",
  toolset: "automations",
  readOnly: false,
  input: z.strictObject({
    ...docInput,
    rule: pathPart.describe("Id of the automation, e.g. grid-auto-b3Jmey6jBS"),
    payload: z
      .record(z.string().min(1).max(200), z.json())
      .default({})
      .describe("What the automation is given: any JSON object"),
  }),
  output: z.object(editOutput),
  async run({ doc, rule, payload }, context) {
    const parameters = { docId: doc, ruleId: rule };
    const path = "/docs/{docId}/hooks/automation/{ruleId}";
    const { requestId } = await context.upstream.post(path, parameters, payload, context.signal, {
      unanswered: "The automation may have been started all the same: look at what it does before you try again.",
    });
    return whenApplied(requestId, context);
  },
});
