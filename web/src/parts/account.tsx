import { useState } from "react";
import { ApiError } from "../transport.ts";
import { logIn, logOut, session, signUp } from "../session.ts";
import { useStore } from "../store.ts";
import { Modal } from "./modal.tsx";

export function Account({ onClose }: { onClose(): void }) {
  const user = useStore(session)?.user;
  return (
    <Modal title={user ? "Account" : "Log in"} onClose={onClose}>
      {user ? (
        <>
          <p>
            Logged in as <b>{user.email}</b>.
          </p>
          <button className="wide" onClick={() => void logOut().then(onClose)}>
            Log out
          </button>
        </>
      ) : (
        <LogInForm onDone={onClose} />
      )}
    </Modal>
  );
}

function LogInForm({ onDone }: { onDone(): void }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  const enter = async (how: typeof logIn) => {
    setBusy(true);
    try {
      await how(email, password);
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : "That did not work.");
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="log-in" onSubmit={(event) => (event.preventDefault(), void enter(logIn))}>
      <label>
        Email
        <input
          type="email"
          name="email"
          autoComplete="username"
          required
          autoFocus
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </label>
      <label>
        Password
        <input
          type="password"
          name="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      </label>
      {problem && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
      <div className="buttons">
        <button type="submit" disabled={busy}>
          Log in
        </button>
        <button type="button" disabled={busy || email === "" || password === ""} onClick={() => void enter(signUp)}>
          Sign up
        </button>
      </div>
    </form>
  );
}
