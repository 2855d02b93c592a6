import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { faultsDocument } from "../../e2e/faults/document.ts";
import { repositoryRoot } from "../cli/stack.ts";
import { readmesWithTables } from "./tool-tables.ts";

/** `npm run docs`: writes what is generated in the documents. */
const documents = { ...readmesWithTables(), "docs/faults.md": faultsDocument() };
for (const [file, text] of Object.entries(documents)) writeFileSync(join(repositoryRoot, file), text);
