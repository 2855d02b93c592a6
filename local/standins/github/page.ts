const DEFAULT_PER_PAGE = 30;
const MAX_PER_PAGE = 100;

/**
 * Cuts a page out of a list, by `page` and `per_page` of the request's query. What is no positive number is taken for the
 * default, as GitHub does.
 * @param url the request's URL
 * @returns the page, and the `Link` header, which is left out when there is one page only
 *   (https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api)
 */
export function pageOf<T>(url: URL, all: readonly T[]): { items: T[]; headers: Record<string, string> } {
  const perPage = Math.min(positive(url.searchParams.get("per_page")) ?? DEFAULT_PER_PAGE, MAX_PER_PAGE);
  const page = positive(url.searchParams.get("page")) ?? 1;
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const link = (to: number, rel: string) => {
    const target = new URL(url);
    target.searchParams.set("page", String(to));
    return `<${target}>; rel="${rel}"`;
  };
  const links = [
    ...(page > 1 ? [link(Math.min(page - 1, last), "prev")] : []),
    ...(page < last ? [link(page + 1, "next"), link(last, "last")] : []),
    ...(page > 1 ? [link(1, "first")] : []),
  ];
  return {
    items: all.slice((page - 1) * perPage, page * perPage),
    headers: links.length > 0 ? { link: links.join(", ") } : {},
  };
}

function positive(text: string | null): number | undefined {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}
