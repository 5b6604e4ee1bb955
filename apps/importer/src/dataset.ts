/**
 * DATA SET: what a format makes of its rows, in the acts of the ledger (docs/codebook.md, section 14). The import itself knows
 * no format, and a format knows neither the recorder nor what was imported before.
 */
import { createHash } from 'node:crypto';
import type { SeedAct } from '#contracts/seeds';
import type { Document, Id, Incident, Statement } from '#domain';
import type { Release } from './journal.js';
import type { Row } from './rows.js';

/** What rows name, and must exist before them. */
export type Register = SeedAct | { act: 'register-document'; body: Document & { id: Id } };

/** One row, read: what it says, and the acts that say it. The acts are made only where somebody asks for them. */
export interface Entry {
  /** What identifies the row, in every release. */
  readonly row: string;
  /** Hash of what the row says, however it is written: another one is a revision. */
  readonly values: number;
  /** Hash of that part of it which stands on the card. */
  readonly card: number;
  /** Gleditsch-Ward number of the country, and year of the first day; 0: the format has none. */
  readonly country: number;
  readonly year: number;
  readonly registers: () => Register[];
  readonly incident: () => Incident;
  readonly statement: () => Statement;
}

export interface DataSet {
  readonly release: Release;
  /** What all rows name: who speaks, and where it is published. */
  readonly registers: readonly Register[];
  /** Given the first row. @throws UnreadableFile where columns are missing, or it is another data set's file */
  checkColumns(first: Row): void;
  /** @throws Unreadable */
  read(row: Row): Entry;
  incidentId(row: string): Id;
  statementId(release: Release, row: string): Id;
  /** What the compiler says by leaving out a row that an earlier release had. Left out: its files have no releases. */
  retraction?(row: string, earlier: Release): Statement;
}

/** 32 bits, never 0: enough to tell what a row says now from what it said before. */
export function hashOf(values: readonly unknown[]): number {
  return createHash('sha256').update(JSON.stringify(values)).digest().readUInt32BE(0) || 1;
}

/** At most 300 characters, as labels are. */
export const label = (text: string): string => (text.length <= 300 ? text : `${text.slice(0, 299)}…`);

/**
 * A part of an id, made of a name: its letters without marks, in lower case. Where letters are lost by that (another script),
 * a hash of the name stands in for them.
 */
export function slug(name: string): string {
  const folded = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  const kept = folded
    .replaceAll(/['’‘`ʼ]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  if (!/[^\p{ASCII}]/u.test(folded.replaceAll(/[^\p{L}\p{N}]/gu, ''))) return kept;
  return kept === '' ? shortHash(name) : `${kept}-${shortHash(name)}`;
}

const ID_LENGTH_MAX = 100;

/** An id of at most 100 characters: a longer one is cut and told apart by its hash. */
export function idOf(text: string): Id {
  return text.length <= ID_LENGTH_MAX ? text : `${text.slice(0, ID_LENGTH_MAX - 9)}-${shortHash(text)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
