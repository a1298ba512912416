import { useEffect, useRef, useState } from "react";
import { request } from "../api.ts";
import { dayAndTime } from "../format.ts";
import { subscribe } from "../live-client.ts";
import { useQuery } from "../query.ts";
import { session } from "../session.ts";
import { useStore } from "../store.ts";
import type { Notification } from "../types.ts";
import { toast } from "./toasts.tsx";

const FIELDS = "id title body value at readAt instrument { symbol }";
const SAVED = `{ me { notifications(first: 50) { nodes { ${FIELDS} } } } }`;
const LIVE = `subscription { notifications { ${FIELDS} } }`;
const READ = "mutation ($ids: [ID!]!) { markNotificationsRead(ids: $ids) }";

export interface Notifications {
  all: Notification[];
  unread: number;
  error: string | null;
  markRead(): void;
}

const CATCH_UP_MS = 10_000;

/**
 * The caller's notifications: those kept by the platform and, on top, those that come in now. The inbox is read again
 * every so often, so that what came while no socket was open is shown too, and each is announced once.
 */
export function useNotifications(): Notifications {
  const user = useStore(session)?.user.id;
  const saved = useQuery<{ me: { notifications: { nodes: Notification[] } } | null }>(
    user ? SAVED : null,
    { user },
    CATCH_UP_MS,
  );
  const [arrived, setArrived] = useState<Notification[]>([]);
  const announced = useRef({ ids: new Set<string>(), inboxWasRead: false, sinceMs: 0 });
  useEffect(() => {
    setArrived([]);
    announced.current = { ids: new Set(), inboxWasRead: false, sinceMs: Date.now() };
    if (!user) return;
    return subscribe<{ notifications: Notification }>(LIVE, {}, ({ notifications: notification }) => {
      setArrived((before) => [notification, ...before]);
      announce(announced.current.ids, notification);
    });
  }, [user]);
  const inbox = saved.data?.me?.notifications.nodes;
  useEffect(() => {
    if (!inbox) return;
    const { ids, inboxWasRead, sinceMs } = announced.current;
    for (const notification of inbox) {
      // What was there before the page was opened is no news; what came while it was first read is.
      if (inboxWasRead || Date.parse(notification.at) >= sinceMs) announce(ids, notification);
      else ids.add(notification.id);
    }
    announced.current.inboxWasRead = true;
  }, [inbox]);
  const all = [
    ...new Map([...arrived, ...(inbox ?? [])].map((notification) => [notification.id, notification])).values(),
  ];
  const unread = all.filter((notification) => notification.readAt === null);
  return {
    all,
    unread: unread.length,
    error: saved.error,
    markRead: () =>
      void request(READ, { ids: unread.map((notification) => notification.id) }).then(() => {
        setArrived([]);
        saved.reload();
      }, saved.reload),
  };
}

function announce(announced: Set<string>, { id, title, body }: Notification): void {
  if (announced.has(id)) return;
  announced.add(id);
  toast(title, body);
}

export function Inbox({ notifications, onLogIn }: { notifications: Notifications; onLogIn(): void }) {
  const user = useStore(session)?.user;
  if (!user)
    return (
      <p className="hint">
        <button className="link" onClick={onLogIn}>
          Log in
        </button>{" "}
        to see your notifications.
      </p>
    );
  return (
    <>
      {notifications.unread > 0 && (
        <button className="wide" onClick={notifications.markRead}>
          Mark {notifications.unread} as read
        </button>
      )}
      {notifications.error && <p className="hint">{notifications.error}</p>}
      <ol className="inbox">
        {notifications.all.map((notification) => (
          <li key={notification.id} className={notification.readAt === null ? "unread" : ""}>
            <h3>{notification.title}</h3>
            <p>{notification.body}</p>
            <footer>
              <time dateTime={notification.at}>{dayAndTime(notification.at)}</time>
            </footer>
          </li>
        ))}
      </ol>
      {notifications.all.length === 0 && <p className="hint">Nothing has fired yet.</p>}
    </>
  );
}
