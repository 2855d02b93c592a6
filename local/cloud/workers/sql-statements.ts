/**
 * Splits SQL into its statements, as D1's `/query` does: semicolons in strings, quoted names, comments and trigger
 * bodies don't separate (https://www.sqlite.org/lang.html, "SQL As Understood By SQLite").
 * @returns the statements without their semicolons; ones that are empty or comments only are left out.
 */
export function sqlStatements(sql: string): string[] {
  const statements: string[] = [];
  let statement = "";
  let words: string[] = [];
  let depth = 0;
  const end = () => {
    if (words.length > 0) statements.push(statement.trim());
    statement = "";
    words = [];
    depth = 0;
  };
  for (const [token] of sql.matchAll(TOKEN)) {
    if (token === ";" && depth === 0) {
      end();
      continue;
    }
    statement += token;
    if (token.startsWith("--") || token.startsWith("/*") || token.trim() === "") continue;
    const word = token.toUpperCase();
    words.push(word);
    // BEGIN … END and CASE … END nest, inside a trigger only: elsewhere BEGIN starts a transaction.
    if (/^CREATE (TEMP |TEMPORARY )?TRIGGER/.test(words.slice(0, 3).join(" "))) {
      if (word === "BEGIN" || word === "CASE") depth++;
      if (word === "END") depth--;
    }
  }
  end();
  return statements;
}

/** Comments, strings and quoted names (a doubled quote stays inside), words, spaces, any other character. */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'?|"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[^\]]*\]?|[A-Za-z_][\w$]*|\s+|[\s\S]/g;
