import { getEditStatus, resolveLink, whoami } from "./tools/account.ts";
import { getAnalyticsDate, getAnalyticsSummary, listDocAnalytics, listPageAnalytics } from "./tools/analytics.ts";
import { triggerAutomation } from "./tools/automations.ts";
import { deleteRow, deleteRows, pushButton, updateRow } from "./tools/change-rows.ts";
import { copyDoc, createDoc, deleteDoc, getDoc, listDocs, updateDoc } from "./tools/docs.ts";
import { getControl, getFormula, listControls, listFormulas } from "./tools/formulas.ts";
import { createPage, deletePage, duplicatePage, getPage, listPages, updatePage } from "./tools/pages.ts";
import { listCategories, publishDoc, unpublishDoc } from "./tools/publishing.ts";
import { peekPage, readPage } from "./tools/read-page.ts";
import { getRow, listRows } from "./tools/rows.ts";
import {
  addPermission,
  deletePermission,
  getSharing,
  getSharingSettings,
  listPermissions,
  searchPrincipals,
  updateSharingSettings,
} from "./tools/sharing.ts";
import { getColumn, getTable, listColumns, listTables } from "./tools/tables.ts";
import { upsertRows } from "./tools/upsert-rows.ts";
import { listWorkspaceMembers, listWorkspaceRoles, setWorkspaceRole } from "./tools/workspace.ts";
import { appendToPage, replacePageContent } from "./tools/write-page.ts";

/** Every tool of the service, in the order in which clients see them. */
export const tools = [
  ...[resolveLink, whoami, getEditStatus],
  ...[listDocs, getDoc, createDoc, copyDoc, updateDoc, deleteDoc],
  ...[listPages, getPage, readPage, peekPage, createPage, appendToPage, replacePageContent],
  ...[updatePage, duplicatePage, deletePage],
  ...[listTables, getTable, listColumns, getColumn],
  ...[listRows, getRow, upsertRows, updateRow, deleteRow, deleteRows, pushButton],
  ...[listFormulas, getFormula, listControls, getControl],
  triggerAutomation,
  ...[getSharing, listPermissions, addPermission, deletePermission, searchPrincipals],
  ...[getSharingSettings, updateSharingSettings, listCategories, publishDoc, unpublishDoc],
  ...[listDocAnalytics, listPageAnalytics, getAnalyticsSummary, getAnalyticsDate],
  ...[listWorkspaceMembers, setWorkspaceRole, listWorkspaceRoles],
];
