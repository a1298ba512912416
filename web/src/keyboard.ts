import { useEffect } from "react";

export type Shortcuts = Record<string, () => void>;

/** Calls the function of the key that is pressed, unless the person is typing or a modifier is held. */
export function useShortcuts(shortcuts: Shortcuts): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      const typing = target.closest("input, select, textarea, dialog") !== null;
      const act = shortcuts[event.key];
      if (typing || !act) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  });
}
