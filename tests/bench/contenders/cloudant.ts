import { BasicAuthenticator, CloudantV1 } from "@ibm-cloud/cloudant";
import type { Task } from "./contender.js";

export async function docs({ server, database, tally }: Task): Promise<void> {
  // It takes no service without an authenticator; this one asks the server nothing.
  const authenticator = new BasicAuthenticator({ username: "admin", password: "secret" });
  const service = new CloudantV1({ authenticator });
  service.setServiceUrl(server);
  const { result } = await service.postAllDocs({ db: database, includeDocs: true });
  for (const row of result.rows) tally.add(row.doc);
}
