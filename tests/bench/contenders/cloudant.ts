import { BasicAuthenticator, ChangesFollower, CloudantV1 } from "@ibm-cloud/cloudant";
import { type Getter, oneByOne, sixtyFourAtATime, type Task } from "./contender.js";
import { locate } from "./locate.js";

function open(server: string): CloudantV1 {
  const { url, username, password } = locate(server);
  // It takes no service without an authenticator; this one asks the server nothing.
  const authenticator = new BasicAuthenticator({
    username: username || "admin",
    password: password || "secret",
  });
  const service = new CloudantV1({ authenticator });
  service.setServiceUrl(url);
  return service;
}

export async function docs({ server, database, tally }: Task): Promise<void> {
  const { result } = await open(server).postAllDocs({ db: database, includeDocs: true });
  for (const row of result.rows) tally.add(row.doc);
}

export async function feed({ server, database, tally }: Task): Promise<void> {
  const follower = new ChangesFollower(open(server), { db: database, includeDocs: true });
  for await (const change of follower.startOneOff()) tally.add(change.doc);
}

const getter: Getter = ({ server, database }) => {
  const service = open(server);
  return async (docId) => (await service.getDocument({ db: database, docId })).result;
};

export const getEach = oneByOne(getter);
export const getMany = sixtyFourAtATime(getter);
