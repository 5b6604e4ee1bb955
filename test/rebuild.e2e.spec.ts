/** `npm run rebuild` as a process, on the data folder of `npm start`: beside it, killed in the middle, and without it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import type { TalliesAnswer } from '#contracts';
import type { Command } from '#domain';
import { startPostgres } from '#embedded';
import {
  answerOf,
  attacks,
  factsOf,
  LedgerClient,
  reparent,
  RunningCommand,
  temporaryPostgresFolder,
  type PostgresFolder,
} from '#testing';
import { until } from './cluster.js';
import { plant } from './planted.js';

const MAIN = fileURLToPath(new URL('../apps/standalone/src/main.js', import.meta.url));
const REBUILD = fileURLToPath(new URL('../apps/projector/src/rebuild-process.js', import.meta.url));
/** So that the environment of whoever runs the tests does not decide; empty is as unset. */
const UNSET = {
  HOST: '',
  KEYS_FILE: '',
  MASTER_KEY: '',
  OPEN_READS: '',
  ALLOWED_ORIGINS: '',
  KAFKA_BROKERS: '',
  DATABASE_URL: '',
};

// Each starts processes, several of them, on a machine that may be busy.
jest.setTimeout(150_000);

let kept: PostgresFolder;
const commands: RunningCommand[] = [];

beforeEach(async () => {
  kept = await temporaryPostgresFolder('postgres');
});
afterEach(async () => {
  await Promise.all(commands.splice(0).map((command) => command.end('SIGKILL')));
  await kept.remove();
});

function run(program: string, ...options: string[]): RunningCommand {
  const command = new RunningCommand([program, ...options], { ...UNSET, DATA_DIR: kept.folder, PORT: '0' });
  commands.push(command);
  return command;
}

async function start(): Promise<LedgerClient> {
  const command = run(MAIN);
  const [, url = ''] = await command.printed(/^ +Address +(http:\S+)$/m);
  const [, keyFile = ''] = await command.printed(/^ +Key +(\S+)/m);
  return new LedgerClient(url, 'syria', readFileSync(keyFile, 'utf8').trim());
}

async function tallies({ url }: LedgerClient, wait: number): Promise<TalliesAnswer> {
  const asked = `${url}/v1/ledgers/syria/tallies?side=target&of.party=us&wait=${wait}`;
  return (await answerOf<TalliesAnswer>(await fetch(asked))).body;
}

test('the tallies are the same before and after, whatever became of it; beside the running ledger and without it', async () => {
  const ledger = await start();
  const before = await tallies(ledger, 43);

  const killed = run(REBUILD, '--grace', '0');
  await killed.printed(/Making read_models_2 from the log/);
  await killed.end('SIGKILL');
  expect(await tallies(ledger, 43)).toEqual(before);

  const beside = run(REBUILD, '--grace', '1');
  expect((await beside.ended).code).toBe(0);
  expect(beside.output).toMatch(
    /^The ledger runs, and goes on meanwhile\.\nMaking read_models_2 from the log, beside read_models, which is live\.\n/,
  );
  expect(beside.output).toMatch(/^100 % {2}43 of 43 records, \d+\/s\nCompared: syria up to 43\.$/m);
  expect(beside.output).toMatch(
    /tables: +([0-9a-f]{64})\n.*rebuilt tables: +\1\nThey are the same\.\nread_models_2 is live\.$/m,
  );
  expect(await tallies(ledger, 43)).toEqual(before);

  // The projector has moved over.
  const { position } = await ledger.record('register-actor', { kind: 'media', names: [{ text: 'A paper' }] });
  expect(await tallies(ledger, position)).toEqual({ ...before, sequence: position });

  expect((await commands[0]?.end('SIGTERM'))?.code).toBe(0);
  const alone = run(REBUILD);
  expect((await alone.ended).code).toBe(0);
  expect(alone.output).toMatch(/^Making read_models_3 from the log, beside read_models_2, which is live\.$/m);
  expect(await tallies(await start(), position)).toEqual({ ...before, sequence: position });
});

test('killed amid what one record moves, it goes on at the next start, and ends with what is made without a pause', async () => {
  const running = await start();
  const COUNT = 2_500;
  const end = await plant(kept.folder, 'many', factsOf([...attacks(COUNT)]));
  const many = new LedgerClient(running.url, 'many', running.key);
  const killedAsOf = async ({ url }: LedgerClient, at: number) => {
    const asked = `${url}/v1/ledgers/many/tallies?of=killed&policy=latest-official&asOf=${at}`;
    const { rows, final } = (await answerOf<TalliesAnswer>(await fetch(asked))).body;
    return { best: rows.find(({ side }) => side === 'all')?.best, final };
  };
  await until('copied', async () => (await many.ask(`/incidents?limit=1&wait=${end}`)).status === 200, 60_000);
  const { connectionString } = await startPostgres({ folder: join(kept.folder, 'postgres') });
  const database = new Client({ connectionString });
  await database.connect();
  const open = async (): Promise<{ done: number; left: number }> => {
    const { rows } = await database.query<{ done: number; left: number }>(
      `select count(*) filter (where done)::int as done, count(*) filter (where not done)::int as left
         from read_models.recomputed`,
    );
    return rows[0] ?? { done: 0, left: 0 };
  };

  const { act: _, id: force, ...moving } = reparent(1, 'us') as Command & { id: string };
  const { position } = await many.record('reparent-actor', moving, { id: force });
  await until('amid it', async () => (await open()).done > 0, 60_000);
  await commands[0]?.end('SIGKILL');
  expect((await open()).left).toBeGreaterThan(0);
  await database.end();

  const again = await start();
  const finished = await until(
    'final',
    async () => {
      const answer = await killedAsOf(again, position);
      return answer.final && answer;
    },
    60_000,
  );
  expect(finished).toEqual({ best: COUNT * 2, final: true });
  expect(await killedAsOf(again, position - 1)).toEqual({ best: COUNT * 5, final: true });
  const check = run(REBUILD, '--check');
  expect((await check.ended).code).toBe(0);
  expect(check.output).toMatch(/many up to 2,556, syria up to 43\.\n(.*\n){2}They are the same\.$/m);
});

test('what cannot be done ends with 2 and says why', async () => {
  const nowhere = new RunningCommand([REBUILD], { ...UNSET, DATA_DIR: `${kept.folder}/nowhere` });
  expect((await nowhere.ended).code).toBe(2);
  expect(nowhere.output).toMatch(/^There is no data in .*nowhere: name its folder in DATA_DIR, or KAFKA_BROKERS\.$/m);
  const misspelt = run(REBUILD, '--chek');
  expect((await misspelt.ended).code).toBe(2);
  expect(misspelt.output).toContain('--chek');
});
