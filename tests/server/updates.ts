import { Bell } from "./bell.js";
import { readFeedParams } from "./changes.js";
import type { Context } from "./context.js";
import { BodyStream } from "./http.js";

/** GET /_db_updates */
export async function updates(context: Context): Promise<void> {
  const { instance, query, response } = context;
  const log = instance.updates;
  const { feed, heartbeat, timeout, limit } = readFeedParams(query);
  const isContinuous = feed === "continuous";
  let seq = log.parse(query.get("since") ?? "0");
  let sent = 0;
  const stream = new BodyStream(context);
  const write = async () => {
    for (const { seq: next, type, name } of log.after(seq)) {
      if (sent === limit) return;
      const row = JSON.stringify({ db_name: name, type, seq: log.format(next) });
      await stream.write(isContinuous ? `${row}\n` : sent === 0 ? row : `,\r\n${row}`);
      seq = next;
      sent++;
    }
  };
  const bell = new Bell();
  const unsubscribe = log.subscribe(() => bell.ring());
  response.once("close", () => bell.ring());
  try {
    if (!isContinuous) await stream.write('{"results":[\n');
    await write();
    while (feed !== "normal" && sent < limit && (isContinuous || sent === 0)) {
      if (await bell.wait(heartbeat ?? timeout)) await write();
      else if (heartbeat === undefined) break;
      else await stream.write("\n");
      // Whoever has left is not waited for.
      if (response.destroyed) return;
    }
    const last = JSON.stringify(log.format(seq));
    stream.end(isContinuous ? `{"last_seq":${last}}\n` : `\n],\n"last_seq":${last}}\n`);
  } finally {
    unsubscribe();
  }
}
