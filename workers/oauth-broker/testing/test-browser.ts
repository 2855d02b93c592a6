/** A browser as far as tests need one: it keeps cookies and shows pages, and follows redirects only when told to. */
export class TestBrowser {
  readonly #cookies: Map<string, string>;
  readonly #fetch: typeof fetch;

  /** @param fetcher for https with a test certificate authority, or another address; default: the global one */
  constructor(cookies: Map<string, string> = new Map(), fetcher: typeof fetch = fetch) {
    this.#cookies = cookies;
    this.#fetch = fetcher;
  }

  /** The same browser at this moment, as somebody who copied its cookies has it. */
  copy(): TestBrowser {
    return new TestBrowser(new Map(this.#cookies), this.#fetch);
  }

  async open(
    url: string,
    init: RequestInit = {},
  ): Promise<{ status: number; location: string; text: string; headers: Headers }> {
    const { origin } = new URL(url);
    const response = await this.#fetch(url, {
      ...init,
      redirect: "manual",
      headers: {
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(init.method === "POST" && { origin }),
        ...init.headers,
      },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      if (/max-age=0/i.test(cookie)) this.#cookies.delete(name!);
      else this.#cookies.set(name!, value!);
    }
    const location = response.headers.get("location");
    return {
      status: response.status,
      location: location ? new URL(location, url).toString() : "",
      text: await response.text(),
      headers: response.headers,
    };
  }

  submit(url: string, form: Record<string, string | string[]>, headers: Record<string, string> = {}) {
    const body = new URLSearchParams();
    for (const [name, values] of Object.entries(form)) for (const value of [values].flat()) body.append(name, value);
    return this.open(url, { method: "POST", body, headers });
  }

  /** Opens a page of the broker that asks for a sign-in, signs in as somebody and answers with the page that follows. */
  async signIn(url: string, person: string, provider: "github" | "google" = "github") {
    const page = await this.open(url);
    const toProvider = await this.submit(new URL("/sign-in", url).toString(), {
      provider,
      return: field(page.text, "return"),
    });
    const back = await this.submit(toProvider.location, { person });
    const callback = await this.open(back.location);
    return callback.status === 302 ? this.open(callback.location) : callback;
  }
}

/** The value of a hidden field of a page. */
export function field(html: string, name: string): string {
  const value = new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1];
  if (value === undefined) throw new Error(`the page has no field ${name}:\n${html}`);
  return value.replaceAll("&amp;", "&");
}

/** The scopes that a consent page offers. */
export const scopesOn = (html: string) => [...html.matchAll(/name="scope" value="([^"]*)"/g)].map(([, scope]) => scope);
