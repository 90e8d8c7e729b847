import { useActionState } from "react";
import { explain } from "./explain.js";
import { openSession, type Session } from "./session.js";

/** The password is sent once: the browser keeps CouchDB's cookie, which no script can read. */
export function SignIn({
  problem,
  onSignIn,
}: {
  problem: string;
  onSignIn: (session: Session) => void;
}) {
  const [tried, signIn, isPending] = useActionState(
    async (_: unknown, form: FormData) => {
      const user = String(form.get("user"));
      try {
        onSignIn(await openSession({ user, password: String(form.get("password")) }));
        return { user, problem: "" };
      } catch (error) {
        return { user, problem: explain(error) };
      }
    },
    { user: "", problem },
  );
  return (
    <>
      <h1>Chores</h1>
      <form action={signIn}>
        <label>
          User
          <input name="user" defaultValue={tried.user} required autoComplete="username" />
        </label>
        <label>
          Password
          <input name="password" type="password" required autoComplete="current-password" />
        </label>
        <button type="submit" disabled={isPending}>
          Sign in
        </button>
      </form>
      <p role="alert">{tried.problem}</p>
    </>
  );
}
