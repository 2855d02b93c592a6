import {
  addIssueComment,
  deleteIssueComment,
  getIssueComment,
  listIssueComments,
  updateIssueComment,
} from "./issues/comments.ts";
import {
  createIssue,
  createMilestone,
  getIssue,
  listAssignees,
  listIssues,
  listMilestones,
  lockIssue,
  updateIssue,
} from "./issues/issues.ts";
import { addSubIssue, listSubIssues, removeSubIssue, reprioritizeSubIssue } from "./issues/sub-issues.ts";

export const issueTools = [
  ...[listIssues, getIssue, createIssue, updateIssue, lockIssue],
  ...[listIssueComments, getIssueComment, addIssueComment, updateIssueComment, deleteIssueComment],
  ...[listSubIssues, addSubIssue, removeSubIssue, reprioritizeSubIssue],
  ...[listAssignees, listMilestones, createMilestone],
];
