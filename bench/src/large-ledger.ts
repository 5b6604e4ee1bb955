/** MAKES A LARGE LEDGER: commands decided by the rules and put into the log in large portions, then copied by the projector. */
import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'pg';
import { Projector } from '#app/projector';
import { decide, evolve, initialState, type Command, type State } from '#domain';
import { EmbeddedStorage } from '#embedded';
import { LogReader, recordCodec, Writers, type MasterKey } from '#ledger';
import { Generations } from '#read-models';

/** Records an append: as many as a writer under load takes together, and more. */
const APPENDED = 1_000;
const LOOK_MS = 100;

/** The last record of a ledger that may be there from an earlier run; 0 where it is not. */
export async function ledgerEnd(database: string, ledger: string): Promise<number> {
  const storage = await EmbeddedStorage.open(database);
  try {
    return (await storage.ledgers()).includes(ledger) ? await storage.end(ledger) : 0;
  } finally {
    await storage.close();
  }
}

/** Writes what the commands make of an empty ledger, and says how many records that is. */
export async function writeLog(
  database: string,
  master: MasterKey,
  ledger: string,
  commands: Iterable<Command>,
): Promise<number> {
  const storage = await EmbeddedStorage.open(database);
  try {
    const codec = recordCodec();
    await new Writers(storage, master, codec, { mayClaim: async () => true }).create(ledger);
    const term = await storage.takeTerm(ledger);
    const state = initialState();
    let end = 0;
    let records: Uint8Array[] = [];
    const append = async (): Promise<void> => {
      if (records.length > 0) await term.append(end - records.length + 1, records, []);
      records = [];
    };
    for (const command of commands) {
      const fact = decide(state, expecting(command, state));
      if (fact === null) continue;
      evolve(state, fact);
      end += 1;
      const envelope = {
        ledger,
        sequence: end,
        recordedtime: new Date(Date.UTC(2026, 0, 1) + end * 1_000).toISOString(),
        commandid: `generated:${end}`,
        commanddigest: 'A'.repeat(43),
        recorder: 'generated',
      };
      records.push(codec.encode(fact, envelope));
      if (records.length === APPENDED) await append();
    }
    await append();
    return end;
  } finally {
    await storage.close();
  }
}

/** The command as one sends it who has seen what it changes. */
function expecting(command: Command, { entities }: State): Command {
  const changed = 'id' in command ? [command.id, ...('into' in command ? [command.into] : [])] : [];
  const expect = changed.flatMap((entity) => {
    const version = entities.get(entity)?.version;
    return version === undefined ? [] : [{ entity, version }];
  });
  return expect.length === 0 ? command : { ...command, expect };
}

/** Copies the log into the read models, recomputations included, and says how many seconds that took. */
export async function project(database: string, master: MasterKey, ledger: string, end: number): Promise<number> {
  const storage = await EmbeddedStorage.open(database);
  const pool = new Pool({ connectionString: database, max: 2 });
  try {
    const generations = new Generations(pool);
    await generations.prepare();
    const reader = new LogReader(storage, recordCodec(), master);
    const projector = new Projector(reader, () => generations.models(), {
      log: (line) => process.stderr.write(`${line}\n`),
    });
    const started = performance.now();
    projector.start();
    for (;;) {
      const copy = (await projector.health()).find((one) => one.ledger === ledger);
      if (copy?.stopped !== undefined) throw new Error(copy.stopped);
      if (copy?.sequence === end && !copy.recomputing) break;
      await pause(LOOK_MS);
    }
    const seconds = (performance.now() - started) / 1_000;
    await projector.stop();
    return seconds;
  } finally {
    await pool.end();
    await storage.close();
  }
}
