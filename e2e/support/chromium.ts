import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "playwright-core";

/** Starts the Chromium of this machine, without a window. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
  });
}

/** Somebody at a browser of their own, who clicks what they see. */
export class PersonAtBrowser {
  readonly page: Page;
  /** Name on the stand-in's sign-in page. */
  readonly #name: string;

  private constructor(page: Page, name: string) {
    this.page = page;
    this.#name = name;
  }

  static async sitDown(browser: Browser, name: string): Promise<PersonAtBrowser> {
    return new PersonAtBrowser(await (await browser.newContext()).newPage(), name);
  }

  /** Opens a page of the broker and signs in with GitHub on the way, unless this browser is signed in. */
  async open(url: string): Promise<void> {
    await this.page.goto(url);
    const gitHub = this.page.getByRole("button", { name: "Continue with GitHub" });
    if (!(await gitHub.isVisible())) return;
    await gitHub.click();
    await this.chooseAccount();
  }

  /** Says who they are on the page of the stand-in of GitHub. */
  async chooseAccount(): Promise<void> {
    await this.page.getByRole("button", { name: `Continue as ${this.#name}` }).click();
  }

  /** The scopes that the consent page offers. */
  async offered(): Promise<string[]> {
    const boxes = await this.page.locator('input[name="scope"]').all();
    return Promise.all(boxes.map((box) => box.inputValue()));
  }

  /**
   * On the consent page: takes the tick from some scopes and allows the rest.
   *
   * @returns once the browser has gone to the client
   */
  async allow({ untick = [] }: { untick?: string[] } = {}): Promise<void> {
    const { origin } = new URL(this.page.url());
    for (const scope of untick) await this.page.getByRole("checkbox", { name: scope }).uncheck();
    await this.page.getByRole("button", { name: "Allow" }).click();
    await this.page.waitForURL((url) => url.origin !== origin);
  }
}

/** Where a client waits on this machine for the browser to come back (RFC 8252 section 7.3). */
export class CallbackListener {
  readonly url: string;
  readonly #server: Server;
  #arrived = Promise.withResolvers<URLSearchParams>();

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
    server.on("request", (request, response) => {
      const url = new URL(request.url!, this.url);
      response.end("You can close this page.");
      if (url.pathname === "/callback") this.#arrived.resolve(url.searchParams);
    });
  }

  static async start(): Promise<CallbackListener> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new CallbackListener(server);
  }

  /** The parameters of the next return, which may have come already. */
  async next(): Promise<URLSearchParams> {
    const parameters = await this.#arrived.promise;
    this.#arrived = Promise.withResolvers();
    return parameters;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
