/**
 * VERIFY: the whole log held against itself, and the read models against the log. Reads only. The figures are worked out
 * once more in memory, from the records alone, by another way than the projector's; the tables are asked last.
 */
import type { Pool } from 'pg';
import type { LedgerRecord } from '#domain';
import {
  loadDigestKey,
  MissingRecords,
  recordCodec,
  Unreadable,
  type LedgerStorage,
  type MasterKey,
  type StoredRecord,
} from '#ledger';
import {
  auditedAbouts,
  auditedEvents,
  auditedRows,
  auditedStanding,
  type AuditedEvent,
  type AuditedStanding,
} from '#read-models';
import { count, type Progress } from '#runtime';
import { differencesOf, nameOf, rowsAbout, type Row } from './figures.js';
import type { Found } from './findings.js';
import { LogCheck } from './log-check.js';
import { PrivateTextCheck, type PrivateTexts } from './private-texts.js';
import { Told } from './told.js';

export interface VerifyOptions {
  ledger: string;
  storage: LedgerStorage;
  /** Without it private texts are looked at from outside only. */
  master?: MasterKey | undefined;
  /** The database of the read models; without it only the log is checked. */
  pool?: Pool | undefined;
  found: Found;
  progress: Progress;
  signal: AbortSignal;
}

/** `broken`: the log itself is wrong, whatever the read models say. `differs`: they do not say what the log says. */
export type Outcome = 'clean' | 'differs' | 'broken';

export interface Verified {
  outcome: Outcome;
  /** Of the log. */
  records: number;
  faults: number;
  privateTexts: PrivateTexts;
  readModels: ReadModelsVerified | null;
}

export interface ReadModelsVerified {
  schema: string;
  /** As of which record they were compared: the last that they have worked out. */
  asOf: number;
  events: number;
  /** Null where the log is broken, and so nothing can be worked out from it. */
  rows: number | null;
  abouts: number | null;
  differences: number;
}

const READ = 1_000;
const ABOUTS = 500;

/** @throws Error if it cannot be done */
export async function verify(options: VerifyOptions): Promise<Verified> {
  const { ledger, pool } = options;
  let differences = 0;
  const found: Found = (finding) => {
    if (finding.kind !== 'log') differences += 1;
    options.found(finding);
  };
  // Asked before the log is: what that does not have afterwards, it never had.
  const standing = pool && (await standingOf(pool, ledger));
  const { end, ...log } = await readLog({ ...options, found }, standing);
  let readModels: ReadModelsVerified | null = null;
  if (pool !== undefined && standing !== undefined) {
    const { schema, copied, settled } = standing;
    const asOf = Math.min(settled, end);
    // Nothing can be told of a log that is broken.
    const compared =
      log.faults > 0 ? { rows: null, abouts: null } : await compareRows({ ...options, found, pool }, schema, asOf);
    readModels = { schema, asOf, events: Math.min(copied, end), ...compared, differences };
  }
  const outcome = log.faults > 0 ? 'broken' : differences > 0 ? 'differs' : 'clean';
  return { outcome, ...log, readModels };
}

interface Read extends Pick<Verified, 'records' | 'faults' | 'privateTexts'> {
  /** The last record of the log. */
  end: number;
}

/**
 * Goes through the log, checks every record and compares its copy. What figures hang on is gathered afterwards, when what
 * this remembers is forgotten: both at once would take twice the memory.
 */
async function readLog(options: VerifyOptions, standing: AuditedStanding | undefined): Promise<Read> {
  const { ledger, storage, master, pool, found, progress, signal } = options;
  // Where it cannot be read to its end it is read as far as that goes.
  const end = await storage.end(ledger).catch((error: unknown) => {
    if (error instanceof Unreadable) return Infinity;
    throw error;
  });
  // The one key that every ledger has: says at once whether this is the right master key.
  if (master !== undefined) await loadDigestKey(storage, master, ledger);
  const { schema = '', copied = 0 } = standing ?? {};
  const check = new LogCheck(ledger, recordCodec(), found);
  const privateTexts = new PrivateTextCheck(ledger, storage, master, (record, what) => {
    check.fault(record, 'private-text', what);
  });
  let compared = 0;
  try {
    for await (const batch of batches(storage, ledger, end, signal)) {
      const entries = batch.map((stored): Entry => ({ stored, record: check.take(stored) }));
      const records = entries.flatMap(({ record }) => record ?? []);
      await privateTexts.check(records);
      const last = batch.at(-1)?.sequence ?? 0;
      if (pool !== undefined && compared < copied) {
        // From where the portion before ended: of what is missing in the log there may be copies.
        const copies = await auditedEvents(pool, schema, ledger, compared, Math.min(last, copied));
        compareEvents(entries, copied, copies, found);
        compared = last;
      }
      progress.copied(last, Math.max(last, Math.min(end, Number.MAX_SAFE_INTEGER)));
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    check.cannotGoOn(error.message);
  }
  if (end === 0) check.cannotGoOn('the log is empty');
  if (copied > end) {
    const what = `the read models go on to ${copied}, and the log ends at ${end}: they were made from another one, or it was cut`;
    found({ kind: 'event', record: end + 1, field: 'row', what });
  }
  const { records, faults } = check;
  return { records, faults, privateTexts: privateTexts.counts, end };
}

async function standingOf(pool: Pool, ledger: string): Promise<AuditedStanding> {
  const nothing = `The read models hold nothing of ${ledger} yet: let a projector copy it first, or give --log-only.`;
  const standing = await auditedStanding(pool, ledger).catch((error: Error & { code?: unknown }) => {
    // No such schema or table.
    throw error.code === '3F000' || error.code === '42P01' ? new Error(nothing, { cause: error }) : error;
  });
  if (standing.settled === 0) throw new Error(nothing);
  return standing;
}

/** The log up to a record, in portions; where records are missing it goes on behind them. */
export async function* batches(
  storage: LedgerStorage,
  ledger: string,
  end: number,
  signal: AbortSignal,
): AsyncGenerator<StoredRecord[]> {
  const read = (after: number): Promise<StoredRecord[]> =>
    storage.read(ledger, after, Math.min(READ, end - after)).catch((error: unknown) => {
      if (error instanceof MissingRecords) return read(error.found - 1);
      throw error;
    });
  // A portion is read while the one before it is looked at.
  let coming = read(0);
  for (;;) {
    signal.throwIfAborted();
    const records = await coming;
    const after = records.at(-1)?.sequence;
    if (after === undefined) return;
    coming = after < end ? read(after) : Promise.resolve([]);
    // Whoever waits for it hears of it.
    coming.catch(() => undefined);
    yield records;
  }
}

interface Entry {
  stored: StoredRecord;
  record: LedgerRecord | undefined;
}

/** Records against their copies, as far as there must be any. */
function compareEvents(entries: readonly Entry[], copied: number, copies: readonly AuditedEvent[], found: Found): void {
  const copyOf = new Map(copies.map((copy) => [copy.sequence, copy]));
  const differs = (record: number, field: string, what: string): void => found({ kind: 'event', record, field, what });
  for (const { stored, record } of entries) {
    const { sequence, bytes } = stored;
    if (sequence > copied) break;
    const copy = copyOf.get(sequence);
    copyOf.delete(sequence);
    if (copy === undefined) {
      differs(sequence, 'row', 'the read models have no copy of it');
      continue;
    }
    if (!copy.bytes.equals(bytes)) differs(sequence, 'bytes', 'the copy has other bytes than the log');
    if (record === undefined) continue;
    const { name, data, recordedtime, commandid, recorder } = record;
    const wanted = { type: name, subject: data.changes[0]?.entity ?? '', recordedtime, commandid, recorder };
    for (const [field, value] of Object.entries(wanted) as [keyof typeof wanted, string][]) {
      if (copy[field] !== value) differs(sequence, field, `the log says ${value}, and the copy ${copy[field]}`);
    }
  }
  for (const sequence of copyOf.keys()) {
    differs(sequence, 'row', 'the read models have a copy of it, and the log does not have it');
  }
}

/** What the records say as of one of them. */
export async function toldBy(
  { storage, ledger, progress, signal }: Pick<VerifyOptions, 'storage' | 'ledger' | 'progress' | 'signal'>,
  asOf: number,
  told: Told,
): Promise<Told> {
  const codec = recordCodec();
  for await (const batch of batches(storage, ledger, asOf, signal)) {
    for (const { bytes } of batch) told.hear(codec.decode(bytes));
    progress.doing(`Hearing what they say: ${count(batch.at(-1)?.sequence ?? 0)} of ${count(asOf)} records.`);
  }
  return told;
}

/** Everything that there is a claim about, and everything that there are rows about. */
async function compareRows(
  options: VerifyOptions & { pool: Pool },
  schema: string,
  asOf: number,
): Promise<{ rows: number; abouts: number }> {
  const { ledger, pool, found, progress, signal } = options;
  const told = await toldBy(options, asOf, new Told());
  const moment = { ledger, sequence: asOf };
  const statements = told.statementsByAbout();
  let rows = 0;
  let done = 0;
  const compareSome = async (abouts: readonly string[]): Promise<void> => {
    signal.throwIfAborted();
    const theirs = new Map<string, Map<string, Row>>(abouts.map((about) => [about, new Map()]));
    for (const { policy, ...row } of await auditedRows(pool, schema, moment, abouts)) {
      const one: Row = { ...row, table: policy === undefined ? 'positions' : 'figures', ...(policy && { policy }) };
      theirs.get(row.about)?.set(nameOf(one), one);
    }
    for (const [about, held] of theirs) {
      const mine = rowsAbout(told, about, statements.get(about) ?? []);
      rows += mine.size;
      for (const finding of differencesOf(mine, held)) found(finding);
    }
    done += abouts.length;
    progress.doing(`Working out figures: ${count(done)} of ${count(statements.size)} incidents and scopes.`);
  };

  const all = [...statements.keys()];
  for (let from = 0; from < all.length; from += ABOUTS) await compareSome(all.slice(from, from + ABOUTS));
  for (let last = ''; ;) {
    const some = await auditedAbouts(pool, schema, moment, last, ABOUTS);
    last = some.at(-1) ?? '';
    if (some.length === 0) break;
    const unheardOf = some.filter((about) => !statements.has(about));
    if (unheardOf.length > 0) await compareSome(unheardOf);
  }
  return { rows, abouts: statements.size };
}
