import { CouchDB, cookie, type Database, UnauthorizedError } from "couchfetch";

const { VITE_COUCHDB_URL = "http://localhost:5984", VITE_DATABASE = "chores" } = import.meta.env;

export interface Chore {
  title: string;
  done: boolean;
}

/** The place of the page's content. */
export const main = document.querySelector("main") as HTMLElement;

/** Continue the session whose cookie the browser holds, or ask for a login. */
export async function openDatabase(): Promise<Database<Chore>> {
  let auth = cookie();
  for (;;) {
    const couch = new CouchDB(VITE_COUCHDB_URL, { auth });
    try {
      await couch.checkCredentials();
      return couch.database<Chore>(VITE_DATABASE);
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
    }
    const { user, password } = await askForLogin();
    auth = cookie(user, password);
  }
}

function askForLogin(): Promise<{ user: string; password: string }> {
  main.innerHTML = `<form>
    <label>User <input name="user" required autocomplete="username"></label>
    <label>Password <input name="password" type="password" required autocomplete="current-password"></label>
    <button>Sign in</button>
  </form>`;
  const form = main.querySelector("form") as HTMLFormElement;
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const [user, password] = ["user", "password"].map((name) =>
        String(new FormData(form).get(name)),
      );
      main.replaceChildren();
      resolve({ user: user ?? "", password: password ?? "" });
    });
  });
}

/** An id that sorts by time. */
export const newId = () => `${new Date().toISOString()} ${crypto.randomUUID()}`;

export async function add(db: Database<Chore>, title: string): Promise<void> {
  await db.document(newId(), { title, done: false }).save();
}

/** Other changes of the chore stay. */
export async function toggle(db: Database<Chore>, id: string): Promise<void> {
  const chore = await db.get(id);
  await chore.update((data) => ({ ...data, done: !data.done }));
}

export async function remove(db: Database<Chore>, id: string): Promise<void> {
  await (await db.get(id)).delete();
}
