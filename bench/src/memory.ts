/**
 * WHAT A WRITER REMEMBERS, weighed: in a process of its own with --expose-gc, `node memory.js <records>` prints bytes an
 * entity, a command id and a claim as JSON. Each is the difference between two histories of as many records.
 */
import type { Fact, LedgerRecord } from '#domain';
import { Committed } from '#ledger';
import { CommandIds } from '../../libs/ledger/src/command-ids.js';

const LEDGER = 'weighed';

function weigh(count: number, factOf: (index: number) => Fact): number {
  const committed = new Committed(LEDGER);
  const before = used();
  for (let index = 0; index < count; index += 1) {
    const record: LedgerRecord = {
      ...factOf(index),
      ledger: LEDGER,
      sequence: index + 1,
      recordedtime: '2026-01-01T00:00:00.000Z',
      commandid: commandId(index),
      commanddigest: 'A'.repeat(43),
      recorder: 'k1',
    };
    committed.fold(record, EMPTY);
  }
  const bytes = used() - before;
  // Looked at after it was weighed, so that it is still there.
  if (committed.end !== count) throw new Error('Not all was folded.');
  return bytes / count;
}

const EMPTY = Buffer.alloc(0);

function used(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Command ids alone: every other history has as many of them. */
function weighCommands(count: number): number {
  const ids = new CommandIds();
  const before = used();
  for (let index = 0; index < count; index += 1) {
    ids.add(commandId(index), { entity: index, version: 1, digest: '12345678' });
  }
  const bytes = used() - before;
  if (ids.size !== count) throw new Error('Not all was added.');
  return bytes / count;
}

const commandId = (index: number): string => `k1:018f2b7e-7a30-701b-be19-${String(index).padStart(12, '0')}`;

const change = (entity: string, version = 1) => ({ changes: [{ entity, version }] });
const incident = (index: number): Fact => ({
  name: 'IncidentRecorded',
  data: { ...change(`ged:${100_000 + index}`), incident: { kind: 'single', method: 'rocket', parties: [] } },
});
const document = (index: number): Fact => ({
  name: 'DocumentRegistered',
  data: {
    ...change(`report-of-${100_000 + index}`),
    document: {
      publisher: 'a-paper',
      kind: 'full',
      title: `A headline of some length, as papers print them, about attack ${index}`,
      sha256: String(index).padStart(64, '0'),
    },
  },
});
const statement =
  (claims: number) =>
  (index: number): Fact => ({
    name: 'StatementRecorded',
    data: {
      ...change(`ged:23.1:${100_000 + index}`),
      statement: {
        document: 'ucdp-ged-23.1',
        speaker: 'ucdp',
        utterance: `ucdp:23.1:${100_000 + index}`,
        form: 'own-voice',
        claims: (['killed', 'injured', 'munitions', 'outcome'] as const).slice(0, claims).map((predicate) => ({
          predicate,
          about: { incident: `ged:${100_000 + index}` },
          stance: 'asserts' as const,
        })),
      },
    },
  });

const count = Number(process.argv[2]);
// Node makes what is hot once, which must not be weighed.
for (const warm of [incident, document, statement(4)]) weigh(2_000, warm);
weighCommands(2_000);
const command = weighCommands(count);
const [one, four] = [weigh(count, statement(1)), weigh(count, statement(4))];
const claim = (four - one) / 3;
process.stdout.write(
  JSON.stringify({
    command,
    claim,
    incident: weigh(count, incident) - command,
    statement: one - claim - command,
    document: weigh(count, document) - command,
  }),
);
