// Imported by a measured process (with --expose-gc): collects its garbage when it is asked to, as V8 does when memory runs out.
// Only so does it give back the room of the young generation, which depends on what happened and not on what is there.
process.on("SIGUSR2", () => {
  const gc = (globalThis as unknown as { gc(options: object): void }).gc;
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
});
