import { z } from "zod";

export const count = (least = 0) => z.number().int().min(least);

export const url = () => z.string().refine((value) => URL.canParse(value), "must be a URL");

/** A list, or its items in one text with commas: the way a variable carries it. */
export const list = () => z.preprocess(itemsOf, z.array(z.string()));

function itemsOf(value: unknown): unknown {
  if (value === null) return [];
  if (typeof value !== "string") return value;
  return value
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
}
