import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../cli/stack.ts";
import { readmesWithTables } from "./tool-tables.ts";

/** `npm run docs`: writes what is generated in the documents. */
for (const [file, text] of Object.entries(readmesWithTables())) writeFileSync(join(repositoryRoot, file), text);
