/** A row of a page's tables: their call, ours, and what ours gives where the page says so. */
export interface Row {
  line: number;
  theirs: string;
  code: string | undefined;
  gives: string | undefined;
  /** Why there is nothing to try. */
  missing: string | undefined;
}

/**
 * The rows of a page: their call, ours as code, and notes, which may begin with "gives" and what our
 * code gives; or "—" in place of code, with notes that say why. What looks like a table and cannot be
 * understood is an error, not left out.
 */
export function parse(page: string): Row[] {
  const rows: Row[] = [];
  let columns = 0;
  let isFenced = false;
  for (const [index, text] of page.split("\n").entries()) {
    const line = index + 1;
    if (text.startsWith("```")) isFenced = !isFenced;
    if (isFenced || !text.trimStart().startsWith("|")) {
      columns = 0;
      continue;
    }
    const cells = text
      .trim()
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|"));
    if (cells.shift() !== "" || cells.pop() !== "") throw new Error(`line ${line}: no whole row`);
    const [theirs = "", ours = "", notes = ""] = cells;
    if (columns === 0) {
      columns = cells.length;
      if (columns > 3 || ours !== "couchfetch") throw new Error(`line ${line}: no header of ours`);
    } else if (cells.length !== columns) {
      throw new Error(`line ${line}: ${cells.length} cells under a header of ${columns}`);
    } else if (!cells.every((cell) => /^-+$/.test(cell))) {
      const code = /^(`+)(.+)\1$/.exec(ours)?.[2];
      const gives = /^gives `([^`]+)`/.exec(notes)?.[1];
      const missing = ours === "—" && notes !== "" ? notes : undefined;
      if (!theirs.includes("`")) throw new Error(`line ${line}: no call in the first column`);
      if (!code && !missing) throw new Error(`line ${line}: neither code nor "—" and a reason`);
      if (notes.startsWith("gives") && !gives) throw new Error(`line ${line}: gives what?`);
      rows.push({ line, theirs, code, gives, missing });
    }
  }
  if (isFenced) throw new Error("a code block has no end");
  if (rows.length === 0) throw new Error("the page has no rows");
  return rows;
}
