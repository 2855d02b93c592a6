import {
  getPullRequestDiff,
  getPullRequestStatus,
  listPullRequestCommits,
  listPullRequestFiles,
} from "./pull-requests/changes.ts";
import { mergePullRequest, updatePullRequestBranch } from "./pull-requests/merge.ts";
import {
  createPullRequest,
  getPullRequest,
  listPullRequests,
  removeRequestedReviewers,
  requestReviewers,
  updatePullRequest,
} from "./pull-requests/pull-requests.ts";
import {
  createPullRequestReview,
  deletePendingReview,
  listPullRequestReviews,
  listReviewComments,
  replyToReviewComment,
  submitPendingReview,
} from "./pull-requests/reviews.ts";

export const pullRequestTools = [
  ...[listPullRequests, getPullRequest, createPullRequest, updatePullRequest],
  ...[listPullRequestFiles, getPullRequestDiff, listPullRequestCommits, getPullRequestStatus],
  ...[mergePullRequest, updatePullRequestBranch, requestReviewers, removeRequestedReviewers],
  ...[listPullRequestReviews, createPullRequestReview, submitPendingReview, deletePendingReview],
  ...[listReviewComments, replyToReviewComment],
];
