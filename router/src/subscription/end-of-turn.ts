/** Writers that have something to flush at the end of this turn. */
let due: { flush(): void }[] = [];

function flushDue(): void {
  const writers = due;
  due = [];
  for (const writer of writers) writer.flush();
}

/** Flushes a writer when this turn of the event loop is over, so that all that is due for its socket leaves in one write. */
export function flushAtEndOfTurn(writer: { flush(): void }): void {
  if (due.length === 0) setImmediate(flushDue);
  due.push(writer);
}
