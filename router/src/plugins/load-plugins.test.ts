import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadPlugins } from "./load-plugins.ts";

function module(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "load-plugins-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "plugin.mjs");
  writeFileSync(file, text);
  return file;
}

test("the plugins of several modules come in the order of the modules", async () => {
  const files = ["a", "b"].map((name) => module(`export default { name: "${name}", onRequest() {} }`));
  expect((await loadPlugins(files)).map(({ name }) => name)).toEqual(["a", "b"]);
});

test.each([
  ["nothing by default", "export const plugin = { name: 'a' }", /exports no plugin by default/],
  ["no name", "export default { onRequest() {} }", /exports no plugin by default: name/],
  ["a hook that is no function", "export default { name: 'a', onRequest: 1 }", /onRequest must be a function/],
])("a module that exports %s is refused", async (_, text, message) => {
  await expect(loadPlugins([module(text)])).rejects.toThrow(message);
});
