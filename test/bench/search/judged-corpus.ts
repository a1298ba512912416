import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BESIDE, COMPANIES, HAPPENINGS } from "./judged-happenings.ts";

export interface JudgedText {
  id: string;
  title: string;
  text: string;
}

export interface JudgedQuery {
  id: string;
  text: string;
  /** Ids of the texts that answer it, with how well: 1 or more. */
  judged: ReadonlyMap<string, number>;
}

export interface JudgedCorpus {
  texts: JudgedText[];
  queries: JudgedQuery[];
}

/**
 * Made texts about what happened to companies, and questions in other words: some name a company, some only what it makes.
 * A text answers a question when the same happened to the company, or to one of its kind, that is asked for. Always the same.
 */
export function madeCorpus(): JudgedCorpus {
  const texts: JudgedText[] = [];
  const about = new Map<string, string[]>();
  const companies = Object.entries(COMPANIES).flatMap(([product, names]) => names.map((name) => ({ product, name })));
  for (const [c, { product, name }] of companies.entries()) {
    for (const [h, { told }] of HAPPENINGS.entries()) {
      const fill = (sentence: string) => sentence.replaceAll("{c}", name).replaceAll("{p}", product);
      for (const [way, sentence] of told.entries()) {
        // Its second sentence tells the same in another way, or something beside it.
        const second =
          (c + h + way) % 2 === 0 ? fill(told[(way + 1) % told.length]!) : BESIDE[(c * 3 + h + way) % BESIDE.length]!;
        const id = `t${texts.length}`;
        texts.push({ id, title: fill(sentence), text: `${second} ${BESIDE[(c + h * 5 + way) % BESIDE.length]!}` });
        for (const key of [`${h} ${name}`, `${h} ${product}`]) about.set(key, [...(about.get(key) ?? []), id]);
      }
    }
  }
  const queries: JudgedQuery[] = [];
  const ask = (text: string, answers: readonly string[]) =>
    queries.push({ id: `q${queries.length}`, text, judged: new Map(answers.map((id) => [id, 1])) });
  for (const [h, { asked }] of HAPPENINGS.entries()) {
    for (let each = 0; each < 3; each++) {
      const { name } = companies[(h * 7 + each * 17) % companies.length]!;
      ask(`${name}: ${asked[each % 2]}`, about.get(`${h} ${name}`)!);
      const product = Object.keys(COMPANIES)[(h * 3 + each * 4) % Object.keys(COMPANIES).length]!;
      ask(`${asked[(each + 1) % 2]}, makers of ${product}`, about.get(`${h} ${product}`)!);
    }
  }
  return { texts, queries };
}

/**
 * A corpus in the form of BEIR (github.com/beir-cellar/beir): `corpus.jsonl`, `queries.jsonl` and `qrels/test.tsv` in a folder.
 * Queries without a judgement are left out.
 */
export function readCorpus(folder: string): JudgedCorpus {
  const lines = (file: string) => readFileSync(join(folder, file), "utf8").split("\n").filter(Boolean);
  const judged = new Map<string, Map<string, number>>();
  for (const line of lines("qrels/test.tsv").slice(1)) {
    const [query = "", text = "", grade = "0"] = line.split("\t");
    if (Number(grade) > 0) judged.set(query, (judged.get(query) ?? new Map<string, number>()).set(text, Number(grade)));
  }
  const rows = (file: string) =>
    lines(file).map((line) => JSON.parse(line) as { _id: string; title?: string; text: string });
  return {
    texts: rows("corpus.jsonl").map(({ _id, title = "", text }) => ({ id: _id, title, text })),
    queries: rows("queries.jsonl").flatMap(({ _id, text }) => {
      const judgements = judged.get(_id);
      return judgements ? [{ id: _id, text, judged: judgements }] : [];
    }),
  };
}
