/** What a person is told, and is not. */
export interface NotificationsState {
  threads: Thread[];
  /** Of repositories, by full name; what is not there is as GitHub has it by default. */
  repositories: Record<string, Subscription>;
}

export type Subscription = "subscribed" | "ignored";

export interface Thread {
  id: string;
  /** Full name. */
  repository: string;
  type: "Issue" | "PullRequest" | "Release";
  title: string;
  /** Of the issue or pull request. */
  number: number;
  reason: string;
  unread: boolean;
  updatedAt: string;
  lastReadAt: string | null;
  subscription?: Subscription;
}

/** What people have from the start, by login: newest first. */
export function seedNotifications(): Record<string, NotificationsState> {
  const threads = Array.from({ length: 6 }, (_, index): Thread => {
    const number = 6 - index;
    return {
      id: String(300 + number),
      repository: number === 1 ? "ada/ledger" : "ada/orchard",
      type: "Issue",
      title: `Count the apples of row ${number}`,
      number,
      reason: number % 2 === 0 ? "mention" : "subscribed",
      unread: number !== 2,
      updatedAt: `2026-02-0${number}T10:00:00Z`,
      lastReadAt: number === 2 ? "2026-02-02T11:00:00Z" : null,
    };
  });
  return { ada: { threads, repositories: {} } };
}
