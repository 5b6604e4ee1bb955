/**
 * THE JOURNAL: what imports have recorded in one ledger, row by row, so that the next one sends only what is new to it. It is
 * a file of lines that are only added, after the recorder has answered; a line that is lost, or cut off by a kill, only makes
 * the next run send a row once more, which adds nothing. In memory it takes some 80 bytes a row.
 *
 * A line is `{"release", "published"}`, whose number is its place among these; `[row, release, values, card, version, country,
 * year]`, which replaces an earlier line about the row; or `"id"`, a register that exists.
 */
import { appendFileSync, closeSync, createReadStream, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

/** A release of the data set, or a file that stands for itself. */
export interface Release {
  name: string;
  /** The last date on which it may have been published; empty where nobody says. */
  published: string;
}

/** What stands of a row. */
export interface Standing {
  /** The release whose statement stands. */
  release: Release;
  /** Hash of what the release says in that row; RETRACTED: nothing any more. */
  values: number;
  /** Hash of what the card has of it. */
  card: number;
  /** Version of the card, as far as imports changed it. */
  version: number;
  /** Gleditsch-Ward number of the country, and year of the first day; 0: the format has none. */
  country: number;
  year: number;
}

/** In the place of a hash: a later release has the row no more, and its compiler took back what was said. */
export const RETRACTED = 0;

/** Where among the numbers kept of a row each is. MET_AT: where in this run's file it stands, 0 if it was not met. */
const RELEASE = 0;
const VALUES = 1;
const CARD = 2;
const VERSION = 3;
const COUNTRY = 4;
const YEAR = 5;
const MET_AT = 6;
const KEPT = 7;

export class Journal {
  readonly #releases: Release[] = [];
  readonly #registers = new Set<string>();
  readonly #places = new Map<string | number, number>();
  #numbers = new Uint32Array(4096 * KEPT);

  private constructor(
    readonly path: string,
    private readonly file: number,
  ) {}

  static async open(path: string): Promise<Journal> {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'a', 0o600);
    const journal = new Journal(path, file);
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      journal.#take(line);
    }
    // What a kill cut off is ended, so that the next line stands for itself.
    if (fstatSync(file).size > 0) appendFileSync(file, '\n');
    return journal;
  }

  get rowCount(): number {
    return this.#places.size;
  }

  /** What stands of a row, if any import recorded it. */
  of(row: string): Standing | undefined {
    const place = this.#places.get(keyOf(row));
    return place === undefined ? undefined : this.#at(place);
  }

  /** Notes where in this run's file a row stands. Where it was met before, that place; else 0. */
  meet(row: string, at: number): number {
    const index = this.#placeOf(row) + MET_AT;
    const before = this.#numbers[index] ?? 0;
    if (before === 0) this.#numbers[index] = at;
    return before;
  }

  /** Rows of which something stands, and that were not met in this run's file. */
  *unmet(): Generator<[row: string, Standing]> {
    for (const [row, place] of this.#places) {
      const standing = this.#numbers[place + MET_AT] === 0 ? this.#at(place) : undefined;
      if (standing !== undefined && standing.values !== RETRACTED) yield [String(row), standing];
    }
  }

  /** Some rows from all over, to look whether they are there. */
  *sample(count: number): Generator<[row: string, Standing]> {
    const step = Math.max(1, Math.floor(this.#places.size / count));
    let index = 0;
    for (const [row, place] of this.#places) {
      const standing = index % step === 0 ? this.#at(place) : undefined;
      if (standing !== undefined) yield [String(row), standing];
      index += 1;
    }
  }

  /** The release of this name: as it is known, or now new. */
  release({ name, published }: Release): Release {
    const known = this.#releases.find((one) => one.name === name);
    if (known !== undefined) return known;
    const release = { name, published };
    this.#releases.push(release);
    appendFileSync(this.file, `${JSON.stringify({ release: name, published })}\n`);
    return release;
  }

  /** Whether the first was published after the second; of equally late ones, whether it was imported after it. */
  isLater(one: Release, other: Release): boolean {
    if (one.published !== other.published) return one.published > other.published;
    return this.#releases.indexOf(one) > this.#releases.indexOf(other);
  }

  knowsRegister(id: string): boolean {
    return this.#registers.has(id);
  }

  addRegisters(ids: readonly string[]): void {
    for (const id of ids) this.#registers.add(id);
    appendFileSync(this.file, ids.map((id) => `${JSON.stringify(id)}\n`).join(''));
  }

  /** What stands from now on. */
  set(rows: readonly (readonly [row: string, Standing])[]): void {
    const lines = rows.map(([row, standing]) => {
      this.#put(row, standing);
      const { release, values, card, version, country, year } = standing;
      return `${JSON.stringify([row, this.#releases.indexOf(release), values, card, version, country, year])}\n`;
    });
    appendFileSync(this.file, lines.join(''));
  }

  close(): void {
    closeSync(this.file);
  }

  #take(line: string): void {
    let entry: unknown;
    try {
      entry = JSON.parse(line);
    } catch {
      return;
    }
    if (typeof entry === 'string') this.#registers.add(entry);
    else if (Array.isArray(entry)) {
      const [row, index, values, card, version, country, year] = entry as [string, ...number[]];
      const release = this.#releases[index ?? -1];
      if (release === undefined || values === undefined || card === undefined || version === undefined) return;
      this.#put(row, { release, values, card, version, country: country ?? 0, year: year ?? 0 });
    } else if (typeof entry === 'object' && entry !== null && 'release' in entry && 'published' in entry) {
      this.#releases.push({ name: String(entry.release), published: String(entry.published) });
    }
  }

  #put(row: string, { release, values, card, version, country, year }: Standing): void {
    const place = this.#placeOf(row);
    this.#numbers.set([this.#releases.indexOf(release) + 1, values, card, version, country, year], place);
  }

  /** Met rows of which nothing stands yet have a place too. */
  #at(place: number): Standing | undefined {
    const kept = (index: number): number => this.#numbers[place + index] ?? 0;
    const release = this.#releases[kept(RELEASE) - 1];
    if (release === undefined) return undefined;
    return {
      release,
      values: kept(VALUES),
      card: kept(CARD),
      version: kept(VERSION),
      country: kept(COUNTRY),
      year: kept(YEAR),
    };
  }

  #placeOf(row: string): number {
    const key = keyOf(row);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#places.size * KEPT;
    if (place === this.#numbers.length) {
      const larger = new Uint32Array(this.#numbers.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#places.set(key, place);
    return place;
  }
}

/** A number takes less memory than its text. */
function keyOf(row: string): string | number {
  return /^[1-9]\d{0,8}$/.test(row) ? Number(row) : row;
}
