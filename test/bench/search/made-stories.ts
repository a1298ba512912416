import { createHash } from "node:crypto";
import { COMPANIES, HAPPENINGS } from "./judged-happenings.ts";

/** An article, and which story it tells. */
export interface StoryArticle {
  id: string;
  story: string;
  company: string;
  title: string;
  summary: string;
  publishedAt: string;
}

// Written before there was anything that puts articles together, and not changed since.
const PLACES = [
  "Leipzig",
  "Monterrey",
  "Gdansk",
  "Osaka",
  "Tulsa",
  "Lyon",
  "Pune",
  "Perth",
  "Porto",
  "Halifax",
  "Malmö",
];
const PEOPLE = [
  "Ines Calder",
  "Tom Abara",
  "Yuki Sandoval",
  "Karl Ostrow",
  "Mina Feld",
  "Ravi Lindqvist",
  "Eva Moreau",
];
export const DETAILS = [
  "{person}, who speaks for the company, put the sum at {amount} million dollars.",
  "It concerns {amount} million dollars and above all the people in {place}.",
  "{place} is affected most, said {person}.",
  "In {place} the matter has been known for days.",
  "The company declined to comment.",
  "Analysts had not expected it so soon.",
] as const;

const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAYS = 365;
/** A story is told within two days, by one to six articles. */
const TOLD_HOURS = 48;
const HOUR_MS = 3_600_000;

/**
 * Articles about what happened to companies that do not exist, over a year, with the story that each tells: what happened to
 * one company once. Those of one story tell it in different words and may share a place, a person or a sum. In order of time.
 */
export function madeStories(): StoryArticle[] {
  const articles: StoryArticle[] = [];
  const companies = Object.entries(COMPANIES).flatMap(([product, names]) => names.map((name) => ({ product, name })));
  for (const { product, name } of companies) {
    for (const [h, { told }] of HAPPENINGS.entries()) {
      const story = `${name}/${h}`;
      const [start, count, place, person, amount] = numbers(story);
      for (let number = 0; number < 1 + (count! % 6); number += 1) {
        const id = `${story}/${number}`;
        const [later, first, second] = numbers(id);
        const fill = filled({ product, name, place: place!, person: person!, amount: amount! });
        const hours = (start! / 2 ** 16) * DAYS * 24 + (later! / 2 ** 16) * TOLD_HOURS;
        articles.push({
          id,
          story,
          company: name,
          title: fill(told[(count! + number) % told.length]!),
          summary: fill(`${DETAILS[first! % DETAILS.length]} ${DETAILS[second! % DETAILS.length]}`),
          publishedAt: new Date(FIRST_DAY + Math.round(hours * HOUR_MS)).toISOString(),
        });
      }
    }
  }
  return articles.toSorted((left, right) => (left.publishedAt < right.publishedAt ? -1 : 1));
}

interface Told {
  product: string;
  name: string;
  place: number;
  person: number;
  amount: number;
}

/** Puts into a sentence what it leaves open: numbers choose a place, a person and a sum. */
export function filled({ product, name, place, person, amount }: Told): (sentence: string) => string {
  return (sentence) =>
    sentence
      .replaceAll("{c}", name)
      .replaceAll("{p}", product)
      .replaceAll("{place}", PLACES[place % PLACES.length]!)
      .replaceAll("{person}", PEOPLE[person % PEOPLE.length]!)
      .replaceAll("{amount}", String(20 + (amount % 900)));
}

/** Six numbers below 65 536 that a text always gives. */
export function numbers(text: string): number[] {
  const hash = createHash("sha256").update(text).digest();
  return [0, 1, 2, 3, 4, 5].map((place) => hash.readUInt16BE(place * 2));
}
