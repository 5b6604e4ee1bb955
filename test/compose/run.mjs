/**
 * `npm run test:compose`: docker-compose.yml as its users run it. Brings everything up from nothing, makes a key, records
 * the example while a recorder is killed, reads its figures, kills the recorder that owns the ledger, goes on with the
 * other, stops everything in order, finds it again after the next start, and takes it down for good. Exits with 0 only
 * when all of it went as it must.
 *
 * Needs compose 2 and either a Docker engine or, as root, `dockerd` to start one (`install-engine.sh` gets both on
 * Debian). Images come from the variables of docker-compose.yml, from the engine, from a registry or, where none can be
 * pulled, from `stand-ins/`.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Nobody else's containers, volumes and images are touched. */
const PROJECT = 'incident-ledger-test';
const LEDGER = 'syria';
const EXAMPLE = readFileSync(join(ROOT, 'apps/standalone/example/conoco.ndjson'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const ROUTES = {
  'register-actor': 'actors',
  'register-place': 'places',
  'register-document': 'documents',
  'record-incident': 'incidents',
  'record-statement': 'statements',
};
const RECORDERS = ['recorder-1', 'recorder-2'];
const PROCESSES = [...RECORDERS, 'projector', 'reader'];

/** Building an image, over a slow line. */
const COMMAND_MS_MAX = 900_000;
const UP_SECONDS_MAX = 180;
/** A killed owner is noticed when its session times out; then the next one reads the log. */
const TAKEOVER_MS_MAX = 60_000;
const ENGINE = 'dockerd';
const ENGINE_MS_MAX = 30_000;

/** What the commands below are run with. */
const env = {
  ...process.env,
  MASTER_KEY: randomBytes(32).toString('base64url'),
  LEDGER_IMAGE: PROJECT,
  RECORDER_1_PORT: String(await freePort()),
  RECORDER_2_PORT: String(await freePort()),
  READER_PORT: String(await freePort()),
  PROJECTOR_PORT: String(await freePort()),
  // It writes as fast as it can.
  WRITES_PER_SECOND: '0',
};
const recorderUrl = {
  'recorder-1': `http://127.0.0.1:${env.RECORDER_1_PORT}`,
  'recorder-2': `http://127.0.0.1:${env.RECORDER_2_PORT}`,
};
const readerUrl = `http://127.0.0.1:${env.READER_PORT}`;

const began = Date.now();
/** What must be undone, whatever happens; the last first. */
const undo = [];
const interruption = new AbortController();
/** Ends the walk, and not the undoing after it. */
let signal = interruption.signal;
/** The command, once it is found. */
let compose = [];
let key = '';

async function walk() {
  await step('an engine', findEngine);
  await step('compose', findCompose);
  await step('nothing left of an earlier run', takeDown);
  await step('the images of Node, Kafka and PostgreSQL', findImages);
  await step('the image of the ledger', async () => {
    await command(...compose, 'build');
    const bytes = Number(await command('docker', 'image', 'inspect', '--format', '{{.Size}}', env.LEDGER_IMAGE));
    return `${Math.round(bytes / 1_000_000)} MB`;
  });

  undo.push(() => step('down, with the volumes', takeDown));
  await step('up, and every service healthy', () => up());
  await step('a key', async () => {
    const said = await command(...compose, 'run', '--rm', 'keys', 'add', '--role', 'admin');
    key = /\bil_k1_[\w-]{43}\b/.exec(said)?.[0] ?? fail(`No key in: ${said}`);
    return 'k1, admin';
  });
  await step('without a key nothing is written and nothing is read', async () => {
    for (const address of [`${recorderUrl['recorder-1']}/v1/ledgers/${LEDGER}/actors`, `${readerUrl}/v1/ledgers`]) {
      const { status } = await fetch(address, { method: address.endsWith('actors') ? 'POST' : 'GET' });
      equal(status, 401, address);
    }
  });

  const positions = new Map();
  const last = () => Math.max(...positions.values());
  const again = async (recorder) => {
    for (const line of EXAMPLE) equal(await record(recorder, line), positions.get(line.id), line.id);
  };
  const half = Math.floor(EXAMPLE.length / 2);
  const [early, late] = [EXAMPLE.slice(0, half), EXAMPLE.slice(half)];
  await step(`the ledger ${LEDGER}, and ${early.length} acts through both recorders in turn`, async () => {
    const origin = { title: 'Compose', keeper: 'test:compose' };
    await post('recorder-1', 'open', `open-${LEDGER}`, { origin });
    for (const [index, line] of early.entries()) positions.set(line.id, await record(RECORDERS[index % 2], line));
  });
  let owner = '';
  let other = '';
  await step('one of them owns the ledger', async () => {
    const isFirst = await owns(RECORDERS[0]);
    equal(await owns(RECORDERS[1]), !isFirst, 'whether recorder-2 owns it as well');
    [owner, other] = isFirst ? RECORDERS : RECORDERS.toReversed();
    return owner;
  });
  await step(`${other} is killed amid ${late.length} acts through ${owner}`, async () => {
    let isDead = false;
    let before = 0;
    let longest = 0;
    const killed = kill(other).then(() => {
      isDead = true;
    });
    for (const line of late) {
      const since = Date.now();
      positions.set(line.id, await record(owner, line));
      longest = Math.max(longest, Date.now() - since);
      if (!isDead) before += 1;
    }
    await killed;
    return `${before} before it was dead, the others after; the longest took ${longest} ms`;
  });
  await step('every act has its place, and repeated has the same', async () => {
    const places = [...positions.values()];
    equal(
      places,
      places.map((_, index) => places[0] + index),
      'the positions',
    );
    await again(owner);
  });
  await step('the reader has the tallies', () => tallies(last()));

  await step(`${other} comes back`, () => up(other));
  await step(`${owner} is killed, and still owns the ledger; an act through ${other}`, async () => {
    equal([await owns(owner), await owns(other)], [true, false], 'who owns the ledger');
    await kill(owner);
    const since = Date.now();
    const body = { id: 'compose-test', names: [{ text: 'Written by the survivor' }], kind: 'media' };
    const expected = last() + 1;
    positions.set('survivor', await record(other, { id: 'survivor', act: 'register-actor', body }));
    equal(last(), expected, 'its position');
    return `accepted after ${Date.now() - since} ms`;
  });
  await step('the survivor owns it, and knows what the dead one acknowledged', async () => {
    equal(await owns(other), true, `whether ${other} owns the ledger`);
    await again(other);
  });
  await step('the reader has the act', () => read(`actors/compose-test?wait=${last()}`).then(() => undefined));

  await step(`${owner} comes back`, () => up(owner));
  await step('told to stop, every process ends in order', async () => {
    await command(...compose, 'stop', ...PROCESSES);
    for (const service of PROCESSES) {
      const state = await command('docker', 'inspect', '--format', '{{.State.ExitCode}}', await container(service));
      equal(Number(state), 0, `the exit code of ${service}`);
    }
  });
  await step('down without the volumes, and up again', async () => {
    await command(...compose, 'down');
    await up();
  });
  await step('all is as it was', async () => {
    await again(owner);
    return tallies(last());
  });
}

// THE LEDGER

/** Records an act, again and again under its one id until it is answered. Gives its position. */
function record(recorder, { id, act, body }) {
  return post(recorder, ROUTES[act], id, body);
}

async function post(recorder, route, id, body) {
  const patience = Date.now() + TAKEOVER_MS_MAX;
  for (;;) {
    const { status, text } = await fetch(`${recorderUrl[recorder]}/v1/ledgers/${LEDGER}/${route}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': id },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TAKEOVER_MS_MAX)]),
    })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      // Without an answer it may have been recorded or not: under the same id it can be sent again.
      .catch((error) => ({ status: 503, text: String(error.cause ?? error) }));
    if (status < 300) return JSON.parse(text).position;
    signal.throwIfAborted();
    if (status !== 503) fail(`${id} was answered ${status}: ${text}`);
    if (Date.now() > patience) fail(`${id} was not accepted in time. The last answer: ${text}`);
    await pause(250);
  }
}

async function read(path) {
  const response = await fetch(`${readerUrl}/v1/ledgers/${LEDGER}/${path}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const text = await response.text();
  return response.ok ? JSON.parse(text) : fail(`${path} was answered ${response.status}: ${text}`);
}

/** Of what the example says, what everybody would look up first. */
async function tallies(position) {
  const { rows } = await read(`tallies?of=attacks,killed,injured&side=target&of.party=us&wait=${position}`);
  equal(
    rows.map(({ measure, best, unreported }) => ({ measure, best, unreported })),
    [
      { measure: 'attacks', best: 2, unreported: 0 },
      { measure: 'killed', best: 1, unreported: 0 },
      { measure: 'injured', best: 0, unreported: 1 },
    ],
    'the rows',
  );
  return rows.map(({ measure, best }) => `${measure} ${best}`).join(', ');
}

async function owns(recorder) {
  const health = await (await fetch(`${recorderUrl[recorder]}/health/ready`)).json();
  return health.owns.includes(LEDGER);
}

// THE CONTAINERS

/** Ends when all, or the named ones, are healthy. */
async function up(...services) {
  const wait = ['--wait', '--wait-timeout', String(UP_SECONDS_MAX)];
  await command(...compose, 'up', '--no-build', '--detach', ...wait, ...services);
}

async function kill(service) {
  await command('docker', 'kill', await container(service));
}

async function container(service) {
  return (await command(...compose, 'ps', '--all', '--quiet', service)).trim();
}

async function takeDown() {
  await command(...compose, '--profile', 'tools', 'down', '--volumes', '--remove-orphans');
}

/** The one that answers; else one of our own, on a socket of its own, so that nobody else takes it for the machine's. */
async function findEngine() {
  if (await answers('docker', 'info')) return 'is there';
  const folder = mkdtempSync(join(tmpdir(), 'incident-ledger-engine-'));
  const socket = `unix://${join(folder, 'docker.sock')}`;
  const log = openSync(join(folder, 'log'), 'w');
  const engine = spawn(ENGINE, ['--host', socket, '--pidfile', join(folder, 'pid')], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended = false;
  const end = new Promise((resolve) => {
    engine.on('exit', resolve).on('error', resolve);
  }).then(() => {
    ended = true;
  });
  undo.push(() =>
    step('the engine stops', async () => {
      engine.kill('SIGTERM');
      await end;
      rmSync(folder, { recursive: true, force: true });
    }),
  );
  env.DOCKER_HOST = socket;
  const patience = Date.now() + ENGINE_MS_MAX;
  while (!(await answers('docker', 'info'))) {
    if (ended || Date.now() > patience) {
      const said = readFileSync(join(folder, 'log'), 'utf8').split('\n').slice(-10).join('\n');
      fail(
        `No Docker engine answers, and none could be started (test/compose/install-engine.sh installs one).\n${said}`,
      );
    }
    await pause(500);
  }
  return 'started';
}

async function findCompose() {
  const name = ['--project-name', PROJECT];
  if (await answers('docker', 'compose', 'version')) compose = ['docker', 'compose', ...name];
  else if (await answers('docker-compose', 'version')) compose = ['docker-compose', ...name];
  else fail('There is no compose. test/compose/install-engine.sh installs it.');
  return (await command(...compose, 'version', '--short')).trim();
}

/** Those that docker-compose.yml names: found, pulled or built. */
async function findImages() {
  const { services } = JSON.parse(await command(...compose, 'config', '--format', 'json'));
  const wanted = {
    NODE_IMAGE: services['recorder-1'].build.args.NODE_IMAGE,
    KAFKA_IMAGE: services.kafka.image,
    POSTGRES_IMAGE: services.postgres.image,
  };
  const used = [];
  for (const [variable, image] of Object.entries(wanted)) {
    env[variable] = image;
    if (!(await answers('docker', 'image', 'inspect', image)) && !(await answers('docker', 'pull', image))) {
      const kind = variable.replace('_IMAGE', '').toLowerCase();
      env[variable] = `incident-ledger-stand-in/${kind}`;
      await command(join(ROOT, 'test/compose/stand-ins/build.sh'), kind, env[variable]);
    }
    used.push(env[variable]);
  }
  return used.join(', ');
}

// THE REST

/** Runs a command and gives what it wrote. @throws Error with all of it, unless it ends well */
function command(program, ...args) {
  return new Promise((resolve, reject) => {
    // A group of its own: Ctrl-C is for us, who pass it on, and who still need what takes things down.
    const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGTERM');
      } catch {
        // It has ended by itself.
      }
    };
    const patience = setTimeout(end, COMMAND_MS_MAX);
    const stopped = signal;
    stopped?.addEventListener('abort', end);
    let output = '';
    let all = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      all += chunk;
    });
    child.stderr.on('data', (chunk) => {
      all += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(patience);
      stopped?.removeEventListener('abort', end);
      if (code === 0) resolve(output);
      else reject(new Error(`${[program, ...args].join(' ')} ended with ${code}:\n${all.slice(-5_000)}`));
    });
  });
}

function answers(...line) {
  return command(...line).then(
    () => true,
    () => false,
  );
}

async function step(what, act) {
  const since = Date.now();
  try {
    signal?.throwIfAborted();
    const result = await act();
    say(`${what}${result === undefined ? '' : `: ${result}`} (${Date.now() - since} ms)`);
  } catch (error) {
    say(`FAILED: ${what} (${Date.now() - since} ms)`);
    throw error;
  }
}

function say(text) {
  process.stdout.write(`${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${text}\n`);
}

function equal(is, shouldBe, what) {
  if (JSON.stringify(is) === JSON.stringify(shouldBe)) return;
  fail(`${what}: is ${JSON.stringify(is)}, should be ${JSON.stringify(shouldBe)}`);
}

function fail(why) {
  throw new Error(why);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

for (const name of ['SIGINT', 'SIGTERM'])
  process.on(name, () => interruption.abort(new Error(`Told to end by ${name}.`)));
const troubles = [];
await walk().catch((error) => troubles.push(error));
signal = undefined;
if (troubles.length > 0 && compose.length > 0) {
  process.stdout.write(await command(...compose, 'logs', '--tail', '40', ...PROCESSES).catch(String));
}
for (const act of undo.toReversed()) await act().catch((error) => troubles.push(error));
for (const { message } of troubles) process.stdout.write(`${message}\n`);
process.stdout.write(troubles.length === 0 ? 'PASSED\n' : 'FAILED\n');
process.exitCode = troubles.length === 0 ? 0 : 1;
