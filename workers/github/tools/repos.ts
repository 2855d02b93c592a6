import { createBranch, deleteBranch, listBranches, listTags } from "./repos/branches.ts";
import { compareCommits, getCommit, getDiff, listCommits } from "./repos/commits.ts";
import { getFileContents } from "./repos/get-file-contents.ts";
import {
  createRepository,
  deleteRepository,
  forkRepository,
  getRepository,
  listCollaborators,
  listRepositories,
  updateRepository,
} from "./repos/repositories.ts";
import { createOrUpdateFile, deleteFile, pushFiles } from "./repos/write-files.ts";

export const repoTools = [
  ...[listRepositories, getRepository, getFileContents, createOrUpdateFile, pushFiles, deleteFile],
  ...[listBranches, createBranch, deleteBranch, listTags, listCommits, getCommit, compareCommits, getDiff],
  ...[createRepository, forkRepository, updateRepository, deleteRepository, listCollaborators],
];
