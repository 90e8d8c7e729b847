import { basic, CouchDB, type Database } from "couchfetch";
import { Suspense, useState } from "react";
import { type Chore, ChoreList } from "./chore-list.js";
import { ErrorBoundary } from "./error-boundary.js";
import { Status } from "./status.js";

const { VITE_COUCHDB_URL = "http://localhost:5984", VITE_DATABASE = "chores" } = import.meta.env;

export function App() {
  const [db, setDb] = useState<Database<Chore>>();
  if (!db) return <SignIn onSignIn={setDb} />;
  return (
    <>
      <header className="row">
        <h1>Chores</h1>
        <button type="button" onClick={() => setDb(undefined)}>
          Sign out
        </button>
      </header>
      <ErrorBoundary>
        <Suspense fallback={<p role="status">Reading …</p>}>
          <Status db={db} />
          <ChoreList db={db} />
        </Suspense>
      </ErrorBoundary>
    </>
  );
}

/** The password stays in this tab's memory: what is served to everybody can hold none. */
function SignIn({ onSignIn }: { onSignIn: (db: Database<Chore>) => void }) {
  const signIn = (form: FormData) => {
    const auth = basic(String(form.get("user")), String(form.get("password")));
    onSignIn(new CouchDB(VITE_COUCHDB_URL, { auth }).database<Chore>(VITE_DATABASE));
  };
  return (
    <>
      <h1>Chores</h1>
      <form action={signIn}>
        <label>
          User
          <input name="user" required autoComplete="username" />
        </label>
        <label>
          Password
          <input name="password" type="password" required autoComplete="current-password" />
        </label>
        <button type="submit">Sign in</button>
      </form>
    </>
  );
}
