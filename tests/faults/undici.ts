interface Undici {
  Agent: new (options: { headersTimeout: number; bodyTimeout: number }) => object;
}

/** What the package `undici` exports, in the version that this Node has within. */
export async function undici(): Promise<Undici> {
  // Node creates its dispatcher when fetch is first used.
  await fetch("data:,");
  const name = Symbol.for("undici.globalDispatcher.1");
  const dispatcher = (globalThis as Record<symbol, unknown>)[name] as object;
  return { Agent: dispatcher.constructor as Undici["Agent"] };
}
