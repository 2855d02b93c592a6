import { z } from "zod";
import { repositoryInput } from "./repository-input.ts";

/** The input that names one alert of a repository. @param list the tool that lists them */
export const alertInput = (list: string) => ({
  ...repositoryInput,
  alert_number: z.int().min(1).max(2_000_000_000).describe(`Number of the alert, of ${list}`),
});
