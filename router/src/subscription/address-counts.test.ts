import { expect, test } from "vitest";
import { AddressCounts } from "./address-counts.ts";

test("addresses of one IPv6 network are counted together, those of IPv4 each by itself", () => {
  const counts = new AddressCounts();
  for (const address of ["2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"]) counts.add(address);
  expect(["2001:db8::3", "192.0.2.1", "192.0.2.3"].map((address) => counts.of(address))).toEqual([2, 1, 0]);
  counts.delete("2001:db8::2");
  counts.delete("192.0.2.1");
  expect(["2001:db8::1", "192.0.2.1"].map((address) => counts.of(address))).toEqual([1, 0]);
});
