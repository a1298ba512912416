import { createStore, useStore } from "../store.ts";

interface Toast {
  id: number;
  title: string;
  body: string;
}

const SHOWN_MS = 8_000;
const shown = createStore<readonly Toast[]>([]);
let nextId = 1;

/** Shows a message for eight seconds, or until it is clicked away. */
export function toast(title: string, body: string): void {
  const id = nextId++;
  shown.set([...shown.get(), { id, title, body }].slice(-4));
  setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id: number): void {
  shown.set(shown.get().filter((each) => each.id !== id));
}

export function Toasts() {
  return (
    <div className="toasts" role="status" aria-live="polite">
      {useStore(shown).map(({ id, title, body }) => (
        <button key={id} className="toast" onClick={() => dismiss(id)}>
          <b>{title}</b>
          <span>{body}</span>
        </button>
      ))}
    </div>
  );
}
