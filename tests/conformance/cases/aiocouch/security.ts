import { assert } from "chai";
import {
  type Database,
  ForbiddenError,
  NotFoundError,
  type SecurityDocument,
  security,
} from "couchfetch";
import { type Case, fill, rejects, watch, withUser } from "../../case.js";

/** Changes who may do what, and tells what the server has then. */
async function changed(
  db: Database,
  change: (security: SecurityDocument) => void,
): Promise<SecurityDocument> {
  const rules = await security(db);
  change(rules);
  await rules.save();
  return security(db);
}

const kinds = [
  ["members", "addMember", "removeMember"],
  ["admins", "addAdmin", "removeAdmin"],
  ["memberRoles", "addMemberRole", "removeMemberRole"],
  ["adminRoles", "addAdminRole", "removeAdminRole"],
] as const;

export const securityCases: Case[] = [
  {
    name: "Database.security: is who may do what in the database: at first, server admins",
    async run({ db }) {
      const { members, admins, memberRoles, adminRoles } = await security(db);
      assert.deepEqual({ members, admins }, { members: [], admins: [] });
      for (const roles of [memberRoles, adminRoles]) assert.deepEqual(roles, ["_admin"]);
    },
  },
  ...kinds.flatMap(([list, add, remove]): Case[] => [
    {
      name: `SecurityDocument.${add}: adds to ${list}, beside those there are`,
      async run({ db }) {
        const before = (await security(db))[list];
        const rules = await changed(db, (document) => {
          document[add]("bond");
          document[add]("fleming");
        });
        assert.deepEqual(rules[list], [...before, "bond", "fleming"]);
      },
    },
    {
      name: `SecurityDocument.${add}: adds nobody twice`,
      async run({ db }) {
        const before = (await security(db))[list];
        const rules = await changed(db, (document) => {
          document[add]("bond");
          document[add]("bond");
        });
        assert.deepEqual(rules[list], [...before, "bond"]);
      },
    },
    {
      name: `SecurityDocument.${remove}: takes from ${list}`,
      async run({ db }) {
        const before = (await security(db))[list];
        await changed(db, (document) => document[add]("bond"));
        const rules = await changed(db, (document) => document[remove]("bond"));
        assert.deepEqual(rules[list], before);
      },
    },
    {
      name: `SecurityDocument.${remove}: is an error for who is not among ${list}`,
      async run({ db }) {
        const rules = await security(db);
        await rejects(() => rules[remove]("bond"), NotFoundError);
      },
    },
  ]),
  {
    name: "SecurityDocument.save: saves what was changed, and nothing before it is called",
    async run({ db }) {
      const rules = await security(db);
      rules.addMember("bond");
      rules.addAdmin("fleming");
      assert.deepEqual((await security(db)).members, []);
      await rules.save();
      const saved = await security(db);
      assert.deepEqual([saved.members, saved.admins], [["bond"], ["fleming"]]);
      assert.deepEqual(saved.data, rules.data);
    },
  },
  {
    name: "SecurityDocument.save: sends nothing if nothing has changed",
    async run(context) {
      const { db, sent } = watch(context);
      const rules = await security(db);
      await rules.save();
      assert.deepEqual(sent, ["GET /_security"]);
      assert.deepEqual((await security(db)).data, rules.data);
    },
  },
  {
    name: "SecurityDocument.save: puts the document in its place, which CouchDB confirms",
    async run(context) {
      const { db, sent } = watch(context);
      const rules = await security(db);
      rules.addMember("bond");
      await rules.save();
      assert.deepEqual(sent, ["GET /_security", "PUT /_security"]);
      assert.isFalse(rules.dirty);
    },
  },
  {
    name: "SecurityDocument.save: is Forbidden for a member who is no admin",
    async run(context) {
      await withUser(context, {}, async ({ name, session }) => {
        const ours = await security(context.db);
        ours.addMember(name);
        await ours.save();
        const theirs = await security(await session.get(context.db.id));
        theirs.addMember("bond");
        await rejects(theirs.save(), ForbiddenError);
        ours.addAdmin(name);
        await ours.save();
        await theirs.save();
        assert.deepEqual((await security(context.db)).members, [name, "bond"]);
      });
    },
  },
  {
    name: "SecurityDocument: without members but others, a user may not get the database",
    async run(context) {
      await withUser(context, {}, async ({ session }) => {
        await changed(context.db, (document) => document.addMember("bond"));
        await rejects(session.get(context.db.id), ForbiddenError);
      });
    },
  },
  {
    name: "SecurityDocument: a member may read and write, by name or by role, and nobody else",
    async run(context) {
      const { db } = context;
      await fill(db, { cat: {} });
      await withUser(context, { roles: ["keeper"] }, async ({ name, session }) => {
        await changed(db, (document) => document.addMember(name));
        const cat = await (await session.get(db.id)).get("cat");
        cat.data.bear = "brown";
        await changed(db, (document) => {
          document.removeMember(name);
          document.addMember("bond");
        });
        await rejects(cat.save(), ForbiddenError);
        await rejects(session.get(db.id), ForbiddenError);
        await changed(db, (document) => document.addMemberRole("keeper"));
        await (await session.get(db.id)).get("cat");
        await cat.save();
        assert.deepEqual((await db.get("cat")).json, { bear: "brown" });
      });
    },
  },
];
