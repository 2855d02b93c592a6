import { randomUUID } from "node:crypto";
import type { CrawlErrorsResponse, Document } from "firecrawl";
import type { Account } from "./account.ts";
import type { Walked } from "./walk-site.ts";

/** Gives a job its pages, one at a time. */
export interface PageSource {
  readonly waiting: number;
  next(gone: AbortSignal): Promise<Walked | undefined>;
}

const DAY_MS = 86_400_000;

/**
 * A crawl or a batch. It goes on when its status is asked for, so a test sees every state of it, and none by chance.
 */
export class PageJob {
  readonly id = randomUUID();
  readonly account: Account;
  readonly url: string;
  readonly options: Record<string, unknown>;
  readonly #source: PageSource;
  readonly #expires = new Date(Date.now() + DAY_MS).toISOString();
  readonly #documents: Document[] = [];
  readonly #errors: CrawlErrorsResponse["errors"] = [];
  #ended: "cancelled" | "failed" | undefined;

  /** @param url where it began; of a batch, the first @param options that it was started with, for who asks what runs */
  constructor(account: Account, url: string, options: Record<string, unknown>, source: PageSource) {
    this.account = account;
    this.url = url;
    this.options = options;
    this.#source = source;
  }

  get status(): "scraping" | "completed" | "failed" | "cancelled" {
    return this.#ended ?? (this.#source.waiting > 0 ? "scraping" : "completed");
  }

  /** Reads the next pages; each that was read costs a credit, and without any the job fails. */
  async advance(pages: number, gone: AbortSignal): Promise<void> {
    for (let left = pages; left > 0 && this.status === "scraping"; left--) {
      if (this.account.remainingCredits < 1) {
        this.#ended = "failed";
        return;
      }
      const walked = await this.#source.next(gone);
      if (!walked) return;
      if ("error" in walked) {
        const { code, message } = walked.error;
        const timestamp = new Date().toISOString();
        this.#errors.push({ id: randomUUID(), timestamp, url: walked.url, ...(code && { code }), error: message });
      } else {
        this.account.remainingCredits--;
        this.#documents.push(walked.page.document);
      }
    }
  }

  cancel(): void {
    this.#ended = "cancelled";
  }

  get errors(): CrawlErrorsResponse {
    return { errors: this.#errors, robotsBlocked: [] };
  }

  /** The answer to who asks how it is. @param address of this status, for `next` */
  answer(address: string, skip: number, limit: number) {
    const completed = this.#documents.length + this.#errors.length;
    const total = this.#ended ? completed : completed + this.#source.waiting;
    const data = this.#documents.slice(skip, skip + limit);
    const end = skip + data.length;
    const more = end < this.#documents.length || this.status === "scraping";
    return {
      success: true,
      status: this.status,
      completed,
      total,
      creditsUsed: this.#documents.length,
      expiresAt: this.#expires,
      ...(more && { next: `${address}?skip=${end}&limit=${limit}` }),
      data,
    } as const;
  }
}
