import { UnauthorizedError } from "couchfetch";
import { use, useState } from "react";
import { ChoreList } from "./chore-list.js";
import { ErrorBoundary } from "./error-boundary.js";
import { explain } from "./explain.js";
import { openSession } from "./session.js";
import { SignIn } from "./sign-in.js";
import { Status } from "./status.js";

// Once, and outside of components: React forgets the state of those that suspend before they were shown.
const resumed = openSession().catch((error) => {
  if (!(error instanceof UnauthorizedError)) throw error;
});

export function App() {
  const [session, setSession] = useState(use(resumed));
  const [problem, setProblem] = useState("");
  if (!session) return <SignIn key={problem} problem={problem} onSignIn={setSession} />;
  const { user, db, chores } = session;

  const showLogin = (why: string) => {
    setProblem(why);
    setSession(undefined);
  };
  const signOut = () => {
    showLogin("");
    session.signOut().catch((error) => setProblem(`Not signed out: ${explain(error)}`));
  };
  const onError = (error: unknown) => {
    if (error instanceof UnauthorizedError) showLogin("Your session has ended.");
  };

  return (
    <>
      <header className="row">
        <h1>Chores</h1>
        <span>{user}</span>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </header>
      <ErrorBoundary onError={onError}>
        <Status chores={chores} />
        <ChoreList db={db} chores={chores} />
      </ErrorBoundary>
    </>
  );
}
