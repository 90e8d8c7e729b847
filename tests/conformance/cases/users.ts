import { assert } from "chai";
import { basic, ConflictError, CouchDB, NotFoundError, UnauthorizedError, users } from "couchfetch";
import { type Case, eventually, rejects } from "../case.js";

const newName = () => `user-${crypto.randomUUID()}`;

export const userCases: Case[] = [
  {
    name: "a user is created, read, changed and deleted",
    async run({ couch, url }) {
      await couch.create("_users", { existsOk: true });
      const name = `ünï ${newName()}`;
      const session = (password: string) => new CouchDB(url, { auth: basic(name, password) });
      const user = await users(couch).create(name, "old pass", { roles: ["zoo"] });
      assert.equal(user.data.name, name);
      assert.deepEqual(user.data.roles, ["zoo"]);
      assert.notInclude(JSON.stringify(user), "old pass");
      const context = await session("old pass").checkCredentials();
      assert.deepEqual(context, { name, roles: ["zoo"] });

      // CouchDB keeps users in a cache, which is told of changes a moment later.
      const isRefused = (password: string) =>
        session(password)
          .checkCredentials()
          .then(
            () => false,
            (error) => error instanceof UnauthorizedError,
          );
      await users(couch).setPassword(name, "new pass 🔐");
      await eventually(() => isRefused("old pass"));
      await users(couch).setRoles(name, ["keeper", "zoo"]);
      await eventually(async () => {
        const { roles } = await session("new pass 🔐").checkCredentials();
        return roles.join() === "keeper,zoo";
      });
      assert.deepEqual((await users(couch).get(name)).data.roles, ["keeper", "zoo"]);

      await users(couch).delete(name);
      await rejects(users(couch).get(name), NotFoundError);
      await eventually(() => isRefused("new pass 🔐"));
    },
  },
  {
    name: "a user who is there is a conflict, and one who is not is not found",
    async run({ couch }) {
      await couch.create("_users", { existsOk: true });
      const name = newName();
      await users(couch).create(name, "a");
      await rejects(users(couch).create(name, "b"), ConflictError);
      await users(couch).delete(name);
      await rejects(users(couch).setPassword(name, "c"), NotFoundError);
      await rejects(users(couch).setRoles(name, []), NotFoundError);
      await rejects(users(couch).delete(name), NotFoundError);
    },
  },
  {
    name: "what is no name, no password and no role is a TypeError",
    async run({ couch }) {
      for (const name of ["", "a:b", "_a", 4]) {
        await rejects(() => users(couch).create(name as string, "a"), TypeError);
        await rejects(() => users(couch).get(name as string), TypeError);
      }
      await rejects(users(couch).create("a", undefined as unknown as string), TypeError);
      await rejects(users(couch).setPassword("a", 4 as unknown as string), TypeError);
      await rejects(users(couch).create("a", "a", { roles: "b" as never }), TypeError);
      await rejects(users(couch).setRoles("a", [4] as never), TypeError);
    },
  },
];
