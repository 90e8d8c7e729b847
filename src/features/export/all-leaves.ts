import type { ChangeJson } from "../../changes/change-event.js";
import { ChangesFeed } from "../../changes/changes-feed.js";
import type { DatabaseContext } from "../../documents/database-context.js";
import type { JsonRequest } from "../../http/request.js";
import type { DocsOptions } from "../../queries/view-params.js";
import { limitsOf } from "../../shared/arguments.js";
import type { Operation } from "../../streams/operation.js";
import { Rows } from "../../streams/rows.js";
import type { DocumentText } from "./both-ends.js";
import { type Revision, revisionTexts } from "./revision-texts.js";

/** Stream the texts of all leaf revisions of a database, with their histories. */
export function allLeaves(context: DatabaseContext, options: DocsOptions): Rows<DocumentText> {
  const { attachments = true, signal: _, timeout: __, ...others } = options;
  const [name] = Object.keys(others);
  if (name !== undefined) throw new TypeError(`\`conflicts\` excludes \`${name}\``);
  const limits = limitsOf(options);
  const { client, path } = context;
  const current = async (doc_ids: string[], operation: Operation): Promise<Revision[]> => {
    const request: JsonRequest = {
      method: "POST",
      path: `${path}/_changes`,
      query: { filter: "_doc_ids", style: "all_docs" },
      body: JSON.stringify({ doc_ids }),
      effect: "read",
      expects: "results",
    };
    return revisionsOf((await client.value<{ results: ChangeJson[] }>(request, operation)).results);
  };
  return new Rows<DocumentText>({
    begin: () => client.begin(limits),
    open(operation) {
      const feed = new ChangesFeed<object>(context, { style: "all_docs", ...limits });
      operation.onEnd(() => void feed.close());
      const batches = feed.batches();
      const list = async () => {
        const { done, value } = await batches.next();
        return done ? undefined : revisionsOf(value.map(({ json }) => json));
      };
      const query = { revs: true, attachments };
      const ofIds = (ids: string[]) => current(ids, operation);
      return { summary: {}, next: revisionTexts(context, list, query, ofIds, operation) };
    },
  });
}

function revisionsOf(changes: Pick<ChangeJson, "id" | "changes">[]): Revision[] {
  return changes.flatMap(({ id, changes }) => changes.map(({ rev }) => ({ id, rev })));
}
